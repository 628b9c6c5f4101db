"""At which starts of the past T0 would have refused to begin, because an error budget was spent."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from msgspec.structs import replace

from shared.decision import Seen
from shared.fleet import Gate, Source, Target
from shared.gate_rules import Objective
from shared.gates.history import Past, history
from shared.gates.looking_back import Stretch
from shared.gates.quiet import LeftOut, Quiet
from shared.gates.spending import Refusals, Whole, reached, refusals
from shared.model import Sample
from shared.probes import GateReading, Reading
from stages.budgeting import budget_needs, spent
from stages.step import Move, Verb
from tests.cli.samples import BLUE, GREEN, ROLLOUT
from tests.gates.test_history import BEGIN, DAY, MINUTE, fleet, minute

RULE = Objective(objective=0.99, period_seconds=7 * 86_400)
AVAILABILITY = Gate(
    name="availability",
    source=Source.LOGS,
    target=Target.CLUSTER,
    query="AppRequests",
    slo=RULE,
    window_seconds=3600,
)
DAYS = 20


def samples(bad: range, *, share: float = 0.5, until: int = DAYS * DAY) -> tuple[Sample, ...]:
    """A sample in each ten minutes of twenty days, bad in these minutes."""
    return tuple(
        Sample(at=minute(n), value=share if n in bad else 0.0, requests=100.0) for n in range(0, until, 10)
    )


def whole(*told: Sample, unread: tuple[LeftOut, ...] = ()) -> Whole:
    return Whole(slot=BLUE, since=minute(0), until=minute(DAYS * DAY), samples=told, unread=unread)


def tried(found: Whole, begin: int = 8 * DAY, end: int = DAYS * DAY) -> Refusals:
    """A start each hour of that time."""
    starts = [(BLUE, minute(n)) for n in range(begin, end, 60)]
    return refusals(AVAILABILITY, RULE, (found,), starts)


def test_a_bad_morning_is_a_reason_to_begin_nothing_until_the_period_is_over() -> None:
    # Four hours of every second request are 1.19 % of a week's, and 1 % may be bad.
    found = tried(whole(*samples(range(9 * DAY, 9 * DAY + 240))))
    assert (found.judged, found.blind) == (12 * 24, 0)
    # From the fourth hour of it, by when 1 % has failed, until its first hour is a week ago.
    assert found.refused == 7 * 24 - 3
    assert found.because == ("T0 would have refused 165 of 288 starts, because the error budget was spent")


def test_what_is_left_of_a_budget_refuses_nobody() -> None:
    assert tried(whole(*samples(range(9 * DAY, 9 * DAY + 180)))).refused == 0


def test_a_budget_that_is_spent_to_the_last_request_is_spent() -> None:
    exact = tuple(replace(each, value=0.01) for each in samples(range(0)))
    assert tried(whole(*exact)).refused == 12 * 24


def test_a_period_in_which_nobody_answered_or_nothing_was_measured_tells_nothing() -> None:
    gap = LeftOut(since=minute(9 * DAY), until=minute(10 * DAY), because="it was busy")
    told = tuple(each for each in samples(range(0)) if not gap.since <= each.at < gap.until)
    found = tried(whole(*told, unread=(gap,)))
    # A start sees it from its first minutes on until it has left the week.
    assert (found.judged, found.blind) == (12 * 24 - 8 * 24, 8 * 24)
    assert found.because.endswith("; of 192 more nobody can tell")
    silent = tried(whole())
    assert (silent.judged, silent.blind) == (0, 12 * 24)
    assert silent.because == "nothing is known of the error budget: of 288 starts nobody can tell"


def test_a_start_is_told_by_the_slot_that_was_live_then() -> None:
    quiet = Quiet(slot=BLUE, since=minute(0), until=minute(600))
    after = Quiet(slot=GREEN, since=minute(700), until=minute(2000))
    later = Quiet(slot=BLUE, since=minute(2100), until=minute(3000))
    found = {each.slot: each for each in reached(AVAILABILITY, RULE, (quiet, after, later))}
    late = timedelta(days=7, seconds=AVAILABILITY.ingestion_seconds)
    assert (found[BLUE].since, found[BLUE].until) == (minute(0) - late, minute(3000))
    assert (found[GREEN].since, found[GREEN].until) == (minute(700) - late, minute(2000))
    bad = replace(found[BLUE], samples=(Sample(at=minute(0), value=1.0),))
    well = replace(found[GREEN], samples=(Sample(at=minute(0), value=0.0),))
    starts = [(BLUE, minute(60)), (GREEN, minute(760)), (GREEN, minute(820))]
    both = refusals(AVAILABILITY, RULE, (bad, well), starts)
    assert (both.refused, both.judged) == (1, 3)
    unknown = refusals(AVAILABILITY, RULE, (bad,), starts)
    assert (unknown.refused, unknown.judged, unknown.blind) == (1, 1, 2)


def test_a_budget_is_told_beside_the_alarms_of_its_gate_and_of_no_other() -> None:
    advises, plain = replace(AVAILABILITY, name="advice", dry_run=True), replace(AVAILABILITY, slo=None)
    plain = replace(plain, name="plain", max_value=0.9)
    quiet = Quiet(slot=BLUE, since=minute(8 * DAY), until=minute(9 * DAY))
    past = Past(
        stretches=(Stretch(quiet=quiet, samples=samples(range(0))),),
        wholes=(whole(*samples(range(5 * DAY, 6 * DAY))),),
    )
    gates = (AVAILABILITY, advises, plain)
    found = history(fleet(*gates), (quiet.since, quiet.until), (quiet,), (), dict.fromkeys(gates, past))
    assert found.gates[0].budget == Refusals(
        judged=24,
        refused=24,
        blind=0,
        because="T0 would have refused 24 of 24 starts, because the error budget was spent",
    )
    assert found.gates[0].starts.stopped == 0
    assert [each.budget for each in found.gates[1:]] == [None, None]
    untried = history(fleet(AVAILABILITY), (quiet.since, quiet.until), (quiet,), (), {})
    assert untried.gates[0].budget is None


def test_without_a_start_that_has_its_whole_run_nothing_is_known() -> None:
    found = refusals(AVAILABILITY, RULE, (whole(*samples(range(0))),), [])
    assert found.because == "nothing is known of the error budget: no start has its whole run"


@pytest.mark.parametrize("seed", range(8))
def test_each_start_comes_to_what_admission_would_have_come_to(seed: int) -> None:
    chance = random.Random(seed)
    period = chance.choice([86_400, 90_061, 3 * 86_400])
    rule = Objective(objective=chance.choice([0.9, 0.99, 1.0]), period_seconds=period)
    gate = replace(AVAILABILITY, slo=rule, ingestion_seconds=chance.choice([0, 90, 600]))
    told = tuple(
        Sample(
            at=BEGIN + n * MINUTE + timedelta(seconds=chance.choice([0, 0, 20.5])),
            value=chance.choice([0.0, 0.0, 0.1, 0.2, 1.0, None, 1.5]),
            requests=chance.choice([None, 0.0, 5.0, 900.0]) if seed % 2 else 40.0,
        )
        for n in sorted(chance.sample(range(9 * DAY), 2000))
        if not 3 * DAY < n < 5 * DAY
    )
    declared = fleet(gate)
    (probe,) = budget_needs(declared, ROLLOUT)
    assert isinstance(probe, GateReading)
    for n in range(5, 9 * DAY, 197):
        now = minute(n) + timedelta(seconds=13)
        late = timedelta(seconds=gate.ingestion_seconds)
        until = (now - late).replace(second=0)
        since = until - timedelta(seconds=period)
        since = since if not since.second else since.replace(second=0) + MINUTE
        reading = Reading(tuple(each for each in told if since <= each.at < until), "", since, until)
        move = spent(declared, ROLLOUT, Seen(now=now, answers={probe: reading}))
        waits = isinstance(move, Move) and move.verb is Verb.WAIT
        expected = None if waits else isinstance(move, Move) and move.verb is Verb.FAIL
        found = refusals(gate, rule, (whole(*told),), [(BLUE, now)])
        got = {(1, 1, 0): True, (1, 0, 0): False, (0, 0, 1): None}[found.judged, found.refused, found.blind]
        assert got is expected, (n, move)
