"""The scorecard of a rollout, and of a fleet's last days, over rollouts that really ran."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from sandbox.memory_store import MemoryStore
from shared.api.handlers import Api
from shared.gate_rules import Named
from shared.model import Judgement
from shared.ports import AuditEntry
from shared.signals import resources_of
from shared.store.evidence import EvidenceRows
from tests.api.conftest import Client, content
from tests.fleets import FLEET

NAMED = msgspec.structs.replace(FLEET, scorecard=Named(errors="failed-share"))
ONE = {"fleet": "contoso", "rollout": "contoso-0001"}


class Watched(MemoryStore):
    """A store that remembers of which rollouts the trail and the verdicts were read."""

    read: tuple[str, ...] = ()

    async def audit(self, fleet: str, rollout: str | None = None) -> tuple[AuditEntry, ...]:
        """The trail, remembered."""
        self.read = (*self.read, f"audit of {rollout}")
        return await super().audit(fleet, rollout)

    async def judgements(self, fleet: str, rollout: str) -> tuple[Judgement, ...]:
        """The verdicts, remembered."""
        self.read = (*self.read, f"verdicts of {rollout}")
        return await super().judgements(fleet, rollout)


async def scored(client: Client, days: str | None = None, **path: str) -> Any:
    """The body of the scorecard."""
    query = {} if days is None else {"days": days}
    answer = await client.call(
        client.api.get_scorecard, method="GET", query=query, path={"fleet": "contoso", **path}
    )
    assert answer.status == 200, answer.body
    return content(answer)


def measures(body: Any) -> dict[str, Any]:
    """The measures by their id."""
    return {each["id"]: each for each in body["measures"]}


@pytest.fixture
async def over() -> Client:
    """An API that knows a fleet whose first rollout is completed."""
    client = Client()
    await client.rig.store.apply(NAMED, if_match=None, now=client.rig.clock.now())
    await client.rig.publish_version()
    await client.rig.ended()
    return client


async def test_a_completed_rollout_is_told_by_all_ten_measures(over: Client) -> None:
    body = await scored(over, **ONE)
    found = measures(body)

    assert list(found) == [f"M{number}" for number in range(1, 11)]
    assert (body["fleet"], body["days"], body["rollouts"]) == ("contoso", None, ["contoso-0001"])
    assert (found["M1"]["met"], found["M1"]["value"]) == ("met", 1.0)
    assert found["M2"]["met"] == "met"
    assert found["M3"]["met"] == "not_due"
    assert found["M6"]["met"] == found["M7"]["met"] == "met"
    assert found["M10"]["because"] == "nobody measured it; no target is set"


async def test_only_a_gate_that_the_fleet_names_measures_what_only_it_can(over: Client) -> None:
    found = measures(await scored(over, **ONE))

    assert found["M4"]["measured"] == 1
    assert {found[each]["met"] for each in ("M5", "M8", "M9", "M10")} == {"not_measured"}

    await over.rig.store.apply(FLEET, if_match=None, now=over.rig.clock.now())
    assert measures(await scored(over, **ONE))["M4"]["met"] == "not_measured"


async def test_a_rollout_that_went_back_misses_and_says_how_long_it_took(client: Client) -> None:
    await client.rig.publish_version()
    await client.rig.until("observe")
    await client.rig.fire()
    await client.rig.ended()

    found = measures(await scored(client))

    assert found["M1"]["met"] == "missed"
    assert found["M3"]["value"] is not None
    assert found["M3"]["because"].startswith("it took")


async def test_a_rollout_in_flight_has_no_scorecard_yet(client: Client) -> None:
    await client.rig.publish_version()

    refused = await client.call(client.api.get_scorecard, method="GET", path=ONE)

    assert refused.status == 409
    assert content(refused)["detail"] == "contoso-0001 is not over: its scorecard is told when it is"
    body = await scored(client)
    assert (body["days"], body["rollouts"]) == (30, [])
    assert {each["met"] for each in body["measures"]} == {"not_due"}


async def test_days_decide_what_counts_and_what_is_read_at_all(over: Client) -> None:
    rig = over.rig
    store = Watched(resources_of, rig.tables)
    over.api = Api(store, EvidenceRows(rig.tables), over.intake, rig.clock, rig.observed)
    rig.clock.at += timedelta(days=2)

    assert (await scored(over, "1"))["rollouts"] == []
    assert not store.read
    assert (await scored(over, "3"))["rollouts"] == ["contoso-0001"]
    assert store.read == ("audit of contoso-0001", "verdicts of contoso-0001")


@pytest.mark.parametrize("days", ["0", "-1", "367", "1.5", "a month", "", "٣", "9" * 400])
async def test_days_that_are_none_are_refused_with_what_was_expected(client: Client, days: str) -> None:
    refused = await client.call(client.api.get_scorecard, method="GET", query={"days": days}, fleet="contoso")

    assert refused.status == 400
    assert "expected a whole number from 1 to 366" in content(refused)["detail"]
