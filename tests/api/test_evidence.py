"""The evidence of rollouts that really ran: page by page, whole, and proven by its own trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shared.model import Outcome
from shared.ports import AuditEntry
from shared.retention import Retention
from shared.store.audit import proven, unbroken
from shared.store.evidence import EvidenceRows
from tests.api.conftest import Client, content
from tests.fleets import FLEET, policy

Verdicts = list[dict[str, Any]]


async def evidence(client: Client, rollout: str) -> tuple[int, Verdicts]:
    """How many pages the evidence has, and all that is in them."""
    pages, verdicts, after = 0, list[dict[str, Any]](), ""
    while pages == 0 or after:
        answer = await client.call(
            client.api.get_evidence,
            method="GET",
            fleet=FLEET.name,
            rollout=rollout,
            query={"after": after} if after else {},
        )
        body = content(answer)
        pages, after = pages + 1, body["next"] or ""
        verdicts += body["verdicts"]
    return pages, verdicts


async def problems(client: Client, rollout: str, verdicts: Verdicts) -> tuple[str, ...]:
    """What is wrong with a rollout's evidence, as whoever exported it finds."""
    answer = await client.call(client.api.get_audit, method="GET", fleet=FLEET.name, rollout=rollout)
    trail = msgspec.convert(content(answer)["audit"], tuple[AuditEntry, ...])
    told = ((each["epoch"], each["judgement"]) for each in verdicts)
    return (*unbroken(trail), *proven(trail, told))


@pytest.fixture
async def over(client: Client) -> Client:
    """A fleet whose first rollout is completed, and whose verdicts are kept for a month."""
    fleet = msgspec.structs.replace(FLEET, policy=policy(evidence_seconds=30 * 86_400, bake_seconds=3600))
    await client.rig.store.apply(fleet, if_match=None, now=client.rig.clock.now())
    await client.rig.publish_version()
    assert (await client.rig.ended()).outcome is Outcome.COMPLETED
    return client


async def test_a_rollout_that_ran_has_evidence_that_its_trail_proves(over: Client) -> None:
    pages, verdicts = await evidence(over, "contoso-0001")
    assert pages > 1
    assert await problems(over, "contoso-0001", verdicts) == ()
    assert {each["judgement"]["gate"] for each in verdicts} == {"nodes-not-ready", "health", "failed-share"}
    for each in verdicts:
        told = each["judgement"]
        assert told["because"]
        assert told["source"]
        assert told["limits"]
        # A window that has not begun yet has no samples either.
        assert told["until"] <= told["at"]
        assert all(told["since"] <= sample["at"] <= told["until"] for sample in told.get("samples", ()))


async def test_a_number_that_was_made_better_is_found(over: Client) -> None:
    _, verdicts = await evidence(over, "contoso-0001")
    told = next(each for each in verdicts if each["judgement"]["gate"] == "failed-share")
    told["judgement"]["samples"][0]["value"] = 0.0
    assert await problems(over, "contoso-0001", verdicts) == (
        f"the verdicts of epoch {told['epoch']} were altered: the trail has another digest of them",
    )


async def test_a_page_that_is_missing_is_found(over: Client) -> None:
    _, verdicts = await evidence(over, "contoso-0001")
    (problem,) = await problems(over, "contoso-0001", verdicts[:20])
    assert "are not there: they are kept no longer, or were taken out" in problem


async def test_evidence_that_was_let_go_of_says_so_and_the_trail_stays(over: Client) -> None:
    over.rig.clock.at += timedelta(days=31)
    rows = EvidenceRows(over.rig.tables)
    await Retention(over.rig.store, rows, over.rig.clock).sweep()
    pages, verdicts = await evidence(over, "contoso-0001")
    assert (pages, verdicts) == (1, [])
    (problem,) = await problems(over, "contoso-0001", verdicts)
    assert "kept no longer" in problem


async def test_evidence_of_a_rollout_under_way_is_proven_as_far_as_it_goes(client: Client) -> None:
    await client.rig.publish_version()
    await client.rig.until("observe")
    _, verdicts = await evidence(client, "contoso-0001")
    assert await problems(client, "contoso-0001", verdicts) == ()
