"""What a rollout asks of the time before its gates' windows, when, of whom, and what the answer does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from shared.decision import Decision, Seen
from shared.fleet import Fleet, Gate, Source
from shared.gate_rules import Anomaly, Objective
from shared.model import FleetState, HoldKind, Outcome, Rollout, Sample, Stage, Verdict
from shared.probes import (
    Answer,
    ClusterSeen,
    ClusterState,
    GatePast,
    GateReading,
    Probe,
    Reading,
    RecordSeen,
    RecordState,
    Unavailable,
)
from stages import decide, needs
from tests.fleets import ADDRESSES, BLUE, ERRORS, FLEET, GREEN
from tests.stages.test_table import NOW
from tests.stages.test_verdicts import rollout

HOUR, WEEK, MINUTE = timedelta(hours=1), timedelta(weeks=1), timedelta(minutes=1)
LATER = NOW + HOUR + 30 * MINUTE
UNUSUAL = msgspec.structs.replace(ERRORS, name="unusual", max_value=None, anomaly=Anomaly(decides=True))
SLOW = msgspec.structs.replace(
    ERRORS, name="availability", max_value=None, slo=Objective(objective=0.999), window_seconds=3600
)
Past = Callable[[GatePast], Answer]


def declared(gate: Gate, **policy: int) -> Fleet:
    """The fleet with that gate wherever users are watched."""
    both = (ERRORS, gate)
    gates = msgspec.structs.replace(FLEET.gates, switch=both, bake=both)
    return msgspec.structs.replace(FLEET, gates=gates, policy=msgspec.structs.replace(FLEET.policy, **policy))


def at(step: str, stage: Stage, **facts: object) -> Rollout:
    return rollout(step, stage, **{"clean_since": NOW, **facts})


OBSERVE, BAKE = ("observe", Stage.SWITCH), ("bake", Stage.RETIRE)


def asked(fleet: Fleet, before: Rollout, now: datetime = LATER) -> list[GatePast]:
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=before)
    return [each for each in needs(fleet, fleet, state, (), now) if isinstance(each, GatePast)]


def decided(fleet: Fleet, before: Rollout, past: Past, value: float = 0.0, now: datetime = LATER) -> Decision:
    """The decision where the gate has `value` in each minute of its window, and the time before is `past`."""
    state = FleetState(live=BLUE, epoch=3, rollouts=1, rollout=before)
    answers = {}
    for probe in needs(fleet, fleet, state, (), now):
        answers[probe] = past(probe) if isinstance(probe, GatePast) else answer(probe, value, now)
    return decide(fleet, fleet, state, Seen(now=now, answers=answers))


def answer(probe: Probe, value: float, now: datetime) -> Answer:
    match probe:
        case ClusterState():
            return ClusterSeen(exists=True, provisioning="Succeeded", power="Running", version="1.32.6")
        case RecordState():
            return RecordSeen(exists=True, targets=(ADDRESSES[GREEN],), ttl_seconds=30, etag="e", epoch=1)
        case GateReading(gate):
            until = now - gate.ingestion_seconds * timedelta(seconds=1)
            of_gate = 0.0 if gate.name == ERRORS.name else value
            since = until - gate.window_seconds * timedelta(seconds=1)
            return every_minute(since, until, of_gate)
        case _:
            return Unavailable("not part of this test")


def every_minute(since: datetime, until: datetime, *values: float) -> Reading:
    """A value a minute, in turn, with as many requests behind each."""
    minutes = int((until - since) / MINUTE)
    samples = tuple(
        Sample(at=since + n * MINUTE, value=values[n % len(values)], requests=10_000) for n in range(minutes)
    )
    return Reading(samples, "query", since, until)


def weeks_of(*values: float) -> Past:
    """Every week before had these values."""

    def past(probe: GatePast) -> Answer:
        parts = [every_minute(since, until, *values) for since, until in probe.spans]
        samples = tuple(sample for part in parts for sample in part.samples)
        return Reading(samples, "query", probe.spans[0][0], probe.spans[-1][1])

    return past


def silence(_: GatePast) -> Answer:
    return Reading((), "query", NOW - WEEK, NOW)


def trouble(_: GatePast) -> Answer:
    return Unavailable("the workspace is down")


def after(decision: Decision) -> Rollout:
    assert decision.state.rollout is not None
    return decision.state.rollout


@pytest.mark.parametrize("place", [OBSERVE, BAKE])
def test_the_same_hour_of_four_weeks_is_asked_of_the_live_slot(place: tuple[str, Stage]) -> None:
    (probe,) = asked(declared(UNUSUAL), at(*place))
    assert (probe.gate, probe.slot, probe.since) == (UNUSUAL, BLUE, None)
    hour = LATER.replace(minute=0)
    assert probe.spans == tuple((hour - n * WEEK, hour - n * WEEK + HOUR) for n in (4, 3, 2, 1))


def test_a_window_across_two_hours_asks_for_both() -> None:
    (probe,) = asked(declared(UNUSUAL), at(*OBSERVE), LATER.replace(minute=4))
    assert probe.spans[-1] == (LATER.replace(minute=0) - HOUR - WEEK, LATER.replace(minute=0) + HOUR - WEEK)


def test_what_is_known_of_an_hour_is_not_asked_for_again_and_the_next_hour_is() -> None:
    fleet = declared(UNUSUAL)
    rest = after(decided(fleet, at(*OBSERVE), weeks_of(0.001, 0.002)))
    assert (rest.usual["unusual"].weeks, rest.usual["unusual"].count) == (4, 240)
    again = msgspec.structs.replace(rest, step="observe", stage=Stage.SWITCH)
    assert asked(fleet, again, LATER + 20 * MINUTE) == []
    assert len(asked(fleet, again, LATER + HOUR)) == 1


@pytest.mark.parametrize("source", [Source.HTTP, Source.WEBHOOK])
def test_who_tells_the_present_alone_is_asked_for_no_past(source: Source) -> None:
    gate = msgspec.structs.replace(UNUSUAL, source=source)
    assert asked(declared(gate), at(*OBSERVE)) == []


VERDICTS = [
    (weeks_of(0.001, 0.002), 0.0015, Verdict.PASS),
    (weeks_of(0.001, 0.002, 0.003), 0.5, Verdict.FAIL),
    (silence, 0.0015, Verdict.INCONCLUSIVE),
    (trouble, 0.0015, Verdict.PROVIDER_ERROR),
]


@pytest.mark.parametrize("place", [OBSERVE, BAKE])
@pytest.mark.parametrize(("past", "value", "verdict"), VERDICTS)
def test_an_anomaly_that_decides_does_what_its_verdict_does(
    place: tuple[str, Stage], past: Past, value: float, verdict: Verdict
) -> None:
    decision = decided(declared(UNUSUAL), at(*place), past, value)
    (judgement,) = [each for each in decision.judgements if each.gate == "unusual"]
    rest = after(decision)
    assert judgement.verdict is verdict
    match verdict:
        case Verdict.PASS:
            assert rest.step != place[0]
        case Verdict.FAIL:
            assert rest.stage is Stage.ROLLBACK
        case _:
            assert rest.held is not None
            assert (rest.step, rest.held.kind) == (place[0], HoldKind.GATE)


@pytest.mark.parametrize(("past", "value", "verdict"), VERDICTS)
def test_an_anomaly_that_advises_is_recorded_and_does_nothing(
    past: Past, value: float, verdict: Verdict
) -> None:
    advises = msgspec.structs.replace(UNUSUAL, anomaly=Anomaly())
    decision = decided(declared(advises), at(*OBSERVE), past, value)
    assert (after(decision).stage, after(decision).held) != (Stage.ROLLBACK, None)
    assert after(decision).step != "observe"
    assert [each.verdict for each in decision.judgements if each.gate == "unusual"] == [verdict]


def test_the_longer_windows_of_an_objective_are_asked_since_users_came_and_kept_as_counts() -> None:
    fleet = declared(SLOW)
    (probe,) = asked(fleet, at(*BAKE))
    until = LATER - 2 * MINUTE
    assert (probe.slot, probe.spans) == (GREEN, ((until - timedelta(days=3), until),))
    assert probe.since is not None
    assert NOW < probe.since < NOW + 10 * MINUTE

    decision = decided(fleet, at(*BAKE), weeks_of(0.0))
    kept = after(decision).kept["availability on green"]
    assert [span.seconds for span in kept.spans] == [6 * 3600, 3 * 86_400]
    (evidence,) = [each for each in decision.judgements if each.gate == "availability"]
    assert len(evidence.beside) == 72 + 1


def test_they_are_asked_for_again_after_a_twelfth_of_the_shortest_and_when_users_came_anew() -> None:
    fleet = declared(SLOW, bake_seconds=9 * 86_400)
    rest = after(decided(fleet, at(*BAKE), weeks_of(0.0)))
    assert asked(fleet, rest, LATER + 29 * MINUTE) == []
    assert len(asked(fleet, rest, LATER + 30 * MINUTE)) == 1
    assert len(asked(fleet, msgspec.structs.replace(rest, moved_at=LATER), LATER + MINUTE)) == 1


@pytest.mark.parametrize(
    ("bake_seconds", "past", "passes"),
    [
        # Three days cannot be known of a bake of an hour: it waits for what can be.
        (3_600, silence, True),
        (3_600, trouble, True),
        (3_600, weeks_of(0.0), True),
        # A bake of a day can cover six hours, and silence about them is no pass.
        (86_400, silence, False),
        (86_400, trouble, False),
    ],
)
def test_a_short_bake_does_not_wait_for_three_days(bake_seconds: int, past: Past, passes: bool) -> None:
    before = at(*BAKE, clean_since=LATER - timedelta(seconds=bake_seconds))
    decision = decided(declared(SLOW, bake_seconds=bake_seconds), before, past)
    assert (after(decision).step != "bake") is passes, decision.because


def test_a_slow_burn_over_days_fails_a_bake_that_lasts_for_them() -> None:
    fleet = declared(SLOW, bake_seconds=4 * 86_400)
    decision = decided(fleet, at(*BAKE), weeks_of(0.0012), 0.0012)
    assert after(decision).stage is Stage.ROLLBACK
    assert "over the last 3 days and over the last 6 hours" in decision.because


def test_what_burnt_a_tenth_of_the_month_at_once_fails_a_short_bake_too() -> None:
    def outage(probe: GatePast) -> Answer:
        since, until = probe.spans[-1]
        begun = until - 80 * MINUTE
        bad, good = (
            every_minute(begun, begun + 10 * MINUTE, 1.0),
            every_minute(begun + 10 * MINUTE, until, 0.0),
        )
        return Reading((*bad.samples, *good.samples), "query", since, until)

    decision = decided(declared(SLOW, bake_seconds=3_600), at(*BAKE), outage)
    assert after(decision).stage is Stage.ROLLBACK
    assert after(decision).outcome is not Outcome.COMPLETED


def test_an_old_cluster_that_tells_no_past_any_more_is_destroyed_all_the_same() -> None:
    before = at("destroy", Stage.RETIRE, live_stopped=True, safe=GREEN)
    for past in (silence, trouble):
        assert after(decided(declared(UNUSUAL), before, past, 0.0015)).destroying
    failed = decided(declared(UNUSUAL), before, weeks_of(0.001, 0.002, 0.003), 0.5)
    assert not after(failed).destroying
