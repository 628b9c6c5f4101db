"""Gates that count across ticks, and gates that are judged beside the live slot, inside a rollout."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from shared.decision import Seen
from shared.fleet import Fleet, Gate
from shared.gate_rules import Schedule, Tolerance
from shared.gates import judge
from shared.levers import SlotName
from shared.model import FleetState, Rollout, Sample, Stage, Verdict
from shared.probes import Answer, GateReading, Probe, Reading
from stages import decide, needs
from tests.fleets import BLUE, FLEET, GREEN
from tests.stages.test_table import NOW
from tests.stages.test_verdicts import after, answer, rollout

MINUTE = timedelta(minutes=1)
GATE = msgspec.structs.replace(
    FLEET.gates.switch[0], name="counted", max_value=5.0, max_over_baseline=None, ingestion_seconds=0
)
COUNTED = msgspec.structs.replace(
    GATE, schedule=Schedule(interval_seconds=60, count=3), tolerance=Tolerance(failures_max=1)
)
BESIDE = msgspec.structs.replace(GATE, name="beside", max_value=None, max_over_live=1.5)


def fleet_with(**gates: tuple[Gate, ...]) -> Fleet:
    return msgspec.structs.replace(FLEET, gates=msgspec.structs.replace(FLEET.gates, **gates))


def tick(fleet: Fleet, before: Rollout, now: datetime, values: dict[SlotName, tuple[float, ...]]) -> Rollout:
    """One decision; each slot's gates read these values, a minute apart, the last of them just now."""
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=before)
    answers = {probe: reading(probe, now, values) for probe in needs(fleet, fleet, state, (), now)}
    return after(decide(fleet, fleet, state, Seen(now=now, answers=answers)))


def reading(probe: Probe, now: datetime, values: dict[SlotName, tuple[float, ...]]) -> Answer:
    if not isinstance(probe, GateReading):
        return answer(probe, Verdict.PASS)
    known = values[probe.slot]
    samples = tuple(Sample(at=now - MINUTE * n, value=v) for n, v in enumerate(reversed(known)))
    return Reading(samples[::-1], "query", NOW, now)


def test_measurements_are_counted_across_ticks_and_forgotten_with_the_step() -> None:
    fleet = fleet_with(functional=(COUNTED,))
    first = tick(fleet, rollout("functional_tests", Stage.SYNC), NOW + MINUTE, {GREEN: (9.0,)})
    assert (first.step, first.held) == ("functional_tests", None)
    second = tick(fleet, first, NOW + MINUTE * 2, {GREEN: (9.0, 1.0)})
    assert second.step == "functional_tests"
    third = tick(fleet, second, NOW + MINUTE * 3, {GREEN: (1.0, 1.0)})
    assert third.step != "functional_tests"
    assert third.tallies == {}


def test_a_failure_of_an_earlier_tick_counts_in_a_later_one() -> None:
    fleet = fleet_with(functional=(COUNTED,))
    first = tick(fleet, rollout("functional_tests", Stage.SYNC), NOW + MINUTE, {GREEN: (9.0,)})
    second = tick(fleet, first, NOW + MINUTE * 2, {GREEN: (9.0,)})
    assert second.stage is Stage.ROLLBACK
    assert "2 measurements failed, 1 is tolerated; the newest that did was 9" in second.because
    assert second.because.endswith("beyond the limit of 5")


def test_the_value_beside_the_limit_is_one_that_failed() -> None:
    values = (Sample(at=NOW, value=9.0), Sample(at=NOW + MINUTE, value=1.0))
    found = judge(COUNTED, GREEN, Reading(values, "query", NOW, NOW + MINUTE), NOW + MINUTE)
    assert (found.verdict, found.value) == (Verdict.NO_DATA, 1.0)
    strict = msgspec.structs.replace(COUNTED, tolerance=Tolerance())
    found = judge(strict, GREEN, Reading(values, "query", NOW, NOW + MINUTE), NOW + MINUTE)
    assert (found.verdict, found.value, found.limit) == (Verdict.FAIL, 9.0, 5.0)


def test_a_gate_beside_live_reads_both_slots() -> None:
    fleet = fleet_with(functional=(BESIDE,))
    begun = rollout("functional_tests", Stage.SYNC)
    equal = tick(fleet, begun, NOW + MINUTE * 5, {GREEN: (3.0, 3.0, 3.0), BLUE: (2.0, 2.0, 2.0)})
    worse = tick(fleet, begun, NOW + MINUTE * 5, {GREEN: (4.0, 4.0, 4.0), BLUE: (2.0, 2.0, 2.0)})
    blind = tick(fleet, begun, NOW + MINUTE * 5, {GREEN: (0.0, 0.0, 0.0), BLUE: ()})
    assert equal.step != "functional_tests"
    assert worse.stage is Stage.ROLLBACK
    assert blind.step == "functional_tests"


@pytest.mark.parametrize(
    ("seconds", "clean_seconds", "because"),
    [
        (30, 20, "1 gate passes for 20 of 30 seconds"),
        (90, 60, "1 gate passes for 60 of 90 seconds"),
        (90, 90, "1 gate passed for 90 seconds with users on it"),
        (60, 60, "1 gate passed for 1 minute with users on it"),
        (120, 60, "1 gate passes for 1 of 2 minutes"),
        (600, 600, "1 gate passed for 10 minutes with users on it"),
    ],
)
def test_how_long_gates_pass_is_told_as_it_is(seconds: int, clean_seconds: int, because: str) -> None:
    fleet = fleet_with(switch=(msgspec.structs.replace(GATE, min_samples=1),))
    policy = msgspec.structs.replace(fleet.policy, observe_seconds=seconds)
    fleet = msgspec.structs.replace(fleet, policy=policy)
    before = rollout("observe", Stage.SWITCH)
    now = NOW + MINUTE * 30
    clean = msgspec.structs.replace(before, clean_since=now - timedelta(seconds=clean_seconds))
    assert tick(fleet, clean, now, {GREEN: (1.0,)}).because == because


def test_with_all_users_moved_nothing_is_judged_beside_live() -> None:
    fleet = fleet_with(switch=(GATE, BESIDE))
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=rollout("observe", Stage.SWITCH))
    asked = [p.gate.name for p in needs(fleet, fleet, state, (), NOW) if isinstance(p, GateReading)]
    assert "counted" in asked
    assert "beside" not in asked
