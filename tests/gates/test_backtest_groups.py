"""What the gates of a group would have said together of past rollouts."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from shared.fleet import Gate, Gates
from shared.gates.backtest import Said, Trial, backtest
from shared.gates.ends import Ended
from shared.model import Judgement
from tests.cli.samples import FLEET
from tests.gates.past_rollouts import (
    GATE,
    bad,
    case,
    good,
    look,
    minute,
)

ERRORS = replace(GATE, name="errors", max_value=0.01)


def errors(n: int, *values: float | None, **facts: Any) -> Judgement:
    return replace(look(n, *values, **facts), gate="errors")


def group(first: Gate, second: Gate, *rollouts: Ended, question: str = "switch") -> Trial:
    first, second = replace(first, group="users"), replace(second, group="users")
    gates = replace(Gates(), **{question: (first, second)})
    (found,) = backtest(replace(FLEET, gates=gates), rollouts).groups
    assert (found.gate, found.gates, found.question) == ("users", (first.name, second.name), question)
    return found


def test_a_group_would_have_stopped_by_its_score_and_not_by_each_gate() -> None:
    slow = good(look(10, 300, 400), errors(10, 0.0, 0.0))
    light, heavy = replace(GATE, weight=1.0), replace(GATE, weight=4.0)
    assert case(GATE, slow).said is Said.STOP
    held = group(light, replace(ERRORS, weight=4.0), slow)
    assert (held.judged, held.false_alarms, held.held) == (1, 0, 1)
    stopped = group(heavy, ERRORS, slow, bad(look(10, 300, 400), errors(10, 0.0, 0.0), back=30))
    assert (stopped.judged, stopped.false_alarms, stopped.caught) == (2, 1, 1)
    assert stopped.because == "would have stopped 1 of 1 good rollouts, and passed 0 of 1 bad ones"
    assert stopped.cases[0].because == "users: the group has 20 of 100 points; below 75 it fails"
    assert stopped.cases[1].earlier_seconds == 1200


def test_the_gates_of_a_group_speak_together_at_each_look_and_not_over_all_of_them() -> None:
    # Half of the points at the first look, and all of them at the second: three quarters would only warn.
    once = good(look(10, 300, 400), errors(10, 0.0, 0.0), look(20, 100, 100), errors(20, 0.0, 0.0))
    found = group(GATE, ERRORS, once).cases[0]
    assert (found.said, found.at) == (Said.STOP, minute(10))
    lenient = replace(FLEET.gates.scores, marginal=50.0)
    gates = Gates(switch=(replace(GATE, group="users"), replace(ERRORS, group="users")), scores=lenient)
    assert backtest(replace(FLEET, gates=gates), [once]).groups[0].cases[0].said is Said.HOLD


def test_a_group_passes_a_bad_one_with_all_of_its_gates() -> None:
    found = group(GATE, ERRORS, bad(look(10, 100, 100), errors(10, 0.0, 0.0)))
    assert (found.misses, found.cases[0].said) == (1, Said.PASS)


def test_a_group_is_not_judged_where_one_of_its_gates_is_not() -> None:
    found = group(GATE, ERRORS, good(look(10, 100, 100)))
    assert found.judged == 0
    assert found.unjudged[0].because == "errors: it was not asked, or under another name"


def test_what_is_judged_beside_live_has_no_part_in_the_group_once_all_users_have_moved() -> None:
    beside = replace(ERRORS, max_value=None, max_over_live=1.5, group="users")
    gates = Gates(switch=(replace(GATE, group="users"), beside))
    (found,) = backtest(replace(FLEET, gates=gates), [good(look(10, 100, 100))]).groups
    assert (found.gates, found.judged) == (("latency",), 1)


def test_what_only_advises_has_no_part_in_the_group() -> None:
    gates = Gates(switch=(replace(GATE, group="users"), replace(ERRORS, group="users", dry_run=True)))
    (found,) = backtest(replace(FLEET, gates=gates), [good(look(10, 100, 100))]).groups
    assert found.gates == ("latency",)
