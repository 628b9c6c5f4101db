"""Decides what gates would have said of rollouts that are over, by the samples that were kept of them.

What each look would have come to is in `again`; how a rollout ended in `ends`. Refuses to know where samples
are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from shared.fleet import Fleet, Gate
from shared.gate_rules import Scores
from shared.gates.again import Look, judged_again
from shared.gates.ends import End, Ended, end_of
from shared.gates.judge import grouped
from shared.gates.measuring import advises, beside_live
from shared.gates.steps import watched_seconds
from shared.model import Verdict


class Said(StrEnum):
    """What a gate would have done to a rollout.

    `stop`: it failed. `hold`: it did not, and was inconclusive or had not passed at the last look.
    """

    STOP = "stop"
    HOLD = "hold"
    PASS = "pass"  # noqa: S105 - a word for people


class Case(Struct, frozen=True, kw_only=True):
    """What a gate would have said of one rollout, and when.

    `earlier_seconds` is how long before the way back began it would have stopped a bad one, negative: after.
    """

    rollout: str
    good: bool
    said: Said
    at: datetime
    because: str
    earlier_seconds: float | None = None


class Unjudged(Struct, frozen=True, kw_only=True):
    """A rollout that a gate cannot be tried on, and why."""

    rollout: str
    because: str


class Trial(Struct, frozen=True, kw_only=True):
    """A gate, or a group of the name `gate` with its `gates`, tried on all rollouts. The numbers
    count rollouts; `judged` is all that it was tried on.

    `false_alarms` were good and stopped, `misses` bad and passed, `caught` bad and stopped, `held` neither
    stopped nor passed. `advises` says that it decides nothing as it is declared.
    """

    question: str
    gate: str
    advises: bool
    judged: int
    false_alarms: int
    misses: int
    caught: int
    held: int
    because: str
    cases: tuple[Case, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    gates: tuple[str, ...] = ()


class Backtest(Struct, frozen=True, kw_only=True):
    """How the rollouts ended, and what each gate and each group would have said of them."""

    rollouts: tuple[End, ...]
    gates: tuple[Trial, ...]
    groups: tuple[Trial, ...] = ()


def backtest(fleet: Fleet, rollouts: Sequence[Ended]) -> Backtest:
    """Try every gate of `fleet` that is asked of a candidate on `rollouts`. What is under way is left out."""
    ends = [(ended, end) for ended in rollouts if (end := end_of(ended)) is not None]
    gates = list(_gates(fleet))
    return Backtest(
        rollouts=tuple(end for _, end in ends),
        gates=tuple(_of_gate(fleet, question, gate, ends) for question, gate in gates),
        groups=tuple(
            _of_group(fleet, question, members, ends) for (question, _), members in _groups(gates).items()
        ),
    )


def _gates(fleet: Fleet) -> Iterator[tuple[str, Gate]]:
    for question in ("platform", "functional", "load", "switch", "bake"):
        for gate in getattr(fleet.gates, question):
            yield question, gate
    portions = (*((fleet.shift.match,) if fleet.shift.match else ()), *fleet.shift.steps)
    for gate in dict.fromkeys(gate for portion in portions for gate in portion.gates):
        yield "ramp", gate


def _groups(gates: Iterable[tuple[str, Gate]]) -> Mapping[tuple[str, str], list[Gate]]:
    """The gates that are scored together. Once all users have moved, nothing is judged beside live."""
    found: dict[tuple[str, str], list[Gate]] = {}
    for question, gate in gates:
        alone = question == "switch" and beside_live(gate)
        if gate.group and not advises(gate) and not alone:
            found.setdefault((question, gate.group), []).append(gate)
    return found


def _of_gate(fleet: Fleet, question: str, gate: Gate, ends: Iterable[tuple[Ended, End]]) -> Trial:
    watched = watched_seconds(fleet, (question,))
    found = [_tried(judged_again(question, gate, ended, watched), end) for ended, end in ends]
    return _trial(question, gate.name, found, advising=advises(gate))


def _of_group(
    fleet: Fleet, question: str, members: Sequence[Gate], ends: Iterable[tuple[Ended, End]]
) -> Trial:
    found = [_tried(_together(fleet, question, members, ended), end) for ended, end in ends]
    return _trial(question, members[0].group, found, gates=tuple(gate.name for gate in members))


def _together(fleet: Fleet, question: str, members: Sequence[Gate], ended: Ended) -> list[Look] | str:
    """The looks of a group: at each claim, what those of its gates came to that were asked in it."""
    claims: dict[int, list[Look]] = {}
    watched = watched_seconds(fleet, (question,))
    for gate in members:
        looks = judged_again(question, gate, ended, watched)
        if isinstance(looks, str):
            return f"{gate.name}: {looks}"
        for look in looks:
            claims.setdefault(look.epoch, []).append(look)
    return [_scored(claims[epoch], fleet.gates.scores) for epoch in sorted(claims)]


def _scored(looks: Sequence[Look], scores: Scores) -> Look:
    """The look of a group, in the place of those of its gates."""
    first = looks[0]
    ((name, scored),) = grouped([look.judgement for look in looks], scores).items()
    because = f"{name}: {scored.because}"
    judgement = replace(first.judgement, gate=name, verdict=scored.verdict, because=because, doubt=None)
    return replace(first, judgement=judgement)


def _trial(
    question: str,
    name: str,
    found: Sequence[Case | Unjudged],
    *,
    advising: bool = False,
    gates: tuple[str, ...] = (),
) -> Trial:
    cases = tuple(each for each in found if isinstance(each, Case))
    unjudged = tuple(each for each in found if isinstance(each, Unjudged))
    stopped = [case.good for case in cases if case.said is Said.STOP]
    return Trial(
        question=question,
        gate=name,
        advises=advising,
        judged=len(cases),
        false_alarms=sum(stopped),
        misses=sum(case.said is Said.PASS and not case.good for case in cases),
        caught=len(stopped) - sum(stopped),
        held=sum(case.said is Said.HOLD for case in cases),
        because=_told(cases, unjudged),
        cases=cases,
        unjudged=unjudged,
        gates=gates,
    )


def _told(cases: Sequence[Case], unjudged: Sequence[Unjudged]) -> str:
    if cases:
        good = [case for case in cases if case.good]
        bad = [case for case in cases if not case.good]
        return (
            f"would have stopped {sum(c.said is Said.STOP for c in good)} of {len(good)} good rollouts, "
            f"and passed {sum(c.said is Said.PASS for c in bad)} of {len(bad)} bad ones"
        )
    if not unjudged:
        return "no rollout has ended to try it on"
    reasons = dict.fromkeys(each.because for each in unjudged)
    return f"nothing is known of it: {'; '.join(reasons)}"


def _tried(looks: list[Look] | str, end: End) -> Case | Unjudged:
    if isinstance(looks, str):
        return Unjudged(rollout=end.rollout, because=looks)
    found = [look.judgement for look in looks]
    failed = next((each for each in found if each.verdict is Verdict.FAIL), None)
    unclear = next((each for each in found if each.verdict is Verdict.INCONCLUSIVE), None)
    last = found[-1]
    if failed is not None:
        said, shown = Said.STOP, failed
    elif unclear is not None:
        said, shown = Said.HOLD, unclear
    else:
        said, shown = (Said.PASS if last.verdict is Verdict.PASS else Said.HOLD), last
    before = (end.at - shown.at).total_seconds() if said is Said.STOP and not end.good else None
    return Case(
        rollout=end.rollout,
        good=end.good,
        said=said,
        at=shown.at,
        because=shown.because,
        earlier_seconds=before,
    )
