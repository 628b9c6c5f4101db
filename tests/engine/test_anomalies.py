"""Whole rollouts of fleets with a limit that is learnt from the weeks before, where users were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import pytest

from sandbox.world import Faults
from shared.actions import Action
from shared.engine import Engine
from shared.fleet import Fleet, Gate
from shared.gate_rules import Anomaly
from shared.model import Judgement, Outcome, Rollout, Verdict
from shared.probes import Answer, GatePast, Probe, Reading, Unavailable
from tests.engine.rig import START, Rig
from tests.fleets import BLUE, ERRORS, FLEET, GREEN
from tests.sources import APP, SHARE

WEEK = timedelta(weeks=1)
BAD = Faults(slow_burn=True)
"""Users on the candidate fail more often, and more and more."""


def learning(gate: Gate = ERRORS, *, decides: bool) -> Fleet:
    """The fleet whose own limits see nothing, and a gate that knows the weeks before."""
    blind = msgspec.structs.replace(ERRORS, max_value=1.0)
    rule = Anomaly(decides=decides)
    unusual = msgspec.structs.replace(gate, name="unusual", max_value=None, anomaly=rule)
    gates = msgspec.structs.replace(FLEET.gates, switch=(blind, unusual), bake=(blind, unusual))
    return msgspec.structs.replace(FLEET, gates=gates)


async def ended(fleet: Fleet, faults: Faults | None = None) -> tuple[Rig, list[Judgement]]:
    """The rollout at its end, and what the gate said of the candidate."""
    rig = await Rig(fleet, faults).applied()
    await rig.publish_version()
    rollout = await rig.ended()
    judged = await rig.store.judgements(fleet.name, rollout.id)
    return rig, [each for each in judged if (each.gate, each.slot) == ("unusual", GREEN)]


@pytest.mark.parametrize("gate", [ERRORS, SHARE, APP], ids=lambda gate: gate.source.value)
async def test_an_anomaly_that_decides_brings_users_back(gate: Gate) -> None:
    rig, judged = await ended(learning(gate, decides=True), BAD)
    rollout = await rig.rollout()
    assert rollout.outcome is Outcome.ROLLED_BACK
    assert rollout.rollback_because is not None
    assert "is usual at this hour in 4 weeks" in rollout.rollback_because
    assert "beyond the limit" in rollout.rollback_because
    failed = judged[-1]
    assert failed.verdict is Verdict.FAIL
    assert failed.value is not None
    assert failed.limit is not None
    assert failed.value > failed.limit


async def test_an_anomaly_that_only_advises_is_recorded_and_stops_nobody() -> None:
    rig, judged = await ended(learning(decides=False), BAD)
    assert (await rig.rollout()).outcome is Outcome.COMPLETED
    assert Verdict.FAIL in {each.verdict for each in judged}
    assert all(each.dry_run for each in judged)


async def test_a_candidate_that_is_as_live_was_completes_and_shows_the_weeks_before() -> None:
    rig, judged = await ended(learning(decides=True))
    assert (await rig.rollout()).outcome is Outcome.COMPLETED
    # The first window with users has fewer samples than a verdict needs.
    assert {each.verdict for each in judged} == {Verdict.PASS, Verdict.NO_DATA}
    shown = next(each for each in judged if each.beside)
    assert {round((shown.at - sample.at) / WEEK) for sample in shown.beside} == {1, 2, 3, 4}


async def test_the_weeks_before_are_asked_for_once_in_an_hour_and_not_with_each_look() -> None:
    rig = Rig(learning(decides=True))
    asked = Past(rig)
    await through(rig)
    rollout = await rig.rollout()
    judged = await rig.store.judgements("contoso", rollout.id)
    assert len({each.at for each in judged if each.gate == "unusual"}) > 2 * len(asked.probes)
    assert len(asked.probes) == len(set(asked.probes)), "the same hours are asked for once"
    assert {probe.slot for probe in asked.probes} == {BLUE}
    assert set(rollout.usual) == {"unusual"}


async def test_a_slot_that_users_came_to_ten_days_ago_asks_a_person_before_anything_has_moved() -> None:
    rig = Rig(learning(decides=True))
    Past(rig, since=rig.clock.now() - timedelta(days=10))
    rollout = await through(rig, minutes=30)
    assert rollout.held is not None
    assert (rollout.step, rollout.shifted) == ("baseline", False)
    assert "1 of the 2 past weeks it needs has values for this hour" in rollout.because


async def test_a_past_that_its_source_cannot_tell_is_the_sources_trouble_and_no_pass() -> None:
    rig = Rig(learning(decides=True))
    Past(rig, silent="the workspace is down")
    rollout = await through(rig, minutes=30)
    assert rollout.held is None
    assert (rollout.step, rollout.shifted) == ("baseline", False)
    assert rollout.failures > 1
    assert "its source gave no answer on the time before: the workspace is down" in rollout.because


@pytest.mark.parametrize("decides", [True, False])
async def test_a_past_that_is_lost_with_the_old_cluster_holds_nothing_up(decides: bool) -> None:
    rig = Rig(learning(decides=decides))
    past = Past(rig)
    await rig.applied()
    await rig.publish_version()
    await rig.until("stop")
    past.silent = "the resource is gone"
    # Another hour: what is known of the last one does not count for it.
    rig.clock.at += timedelta(hours=1)
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_a_past_that_is_lost_is_no_matter_to_what_only_advises() -> None:
    rig = Rig(learning(decides=False))
    Past(rig, silent="the workspace is down")
    assert (await through(rig)).outcome is Outcome.COMPLETED


class Past:
    """A rig's world with another past: nothing before `since`, or silence. Remembers what it was asked."""

    def __init__(self, rig: Rig, *, since: datetime = START - 9 * WEEK, silent: str = "") -> None:
        self._world, self.since, self.silent = rig.observed, since, silent
        self.probes: list[GatePast] = []
        rig.engine = Engine(rig.store, self, rig.topic, rig.clock)

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """As the world, but for the past."""
        found = dict(await self._world.observe(fleet, probes, now))
        for probe, answer in found.items():
            if not isinstance(probe, GatePast):
                continue
            self.probes.append(probe)
            if self.silent:
                found[probe] = Unavailable(self.silent)
            elif isinstance(answer, Reading):
                known = tuple(sample for sample in answer.samples if sample.at >= self.since)
                found[probe] = msgspec.structs.replace(answer, samples=known)
        return found

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """As the world."""
        return await self._world.perform(fleet, action, epoch=epoch)


async def through(rig: Rig, minutes: int | None = None) -> Rollout:
    """The rollout at its end, or after so many minutes."""
    await rig.applied()
    await rig.publish_version()
    if minutes is None:
        return await rig.ended()
    for _ in range(minutes):
        await rig.minute()
    return await rig.rollout()
