"""Decides how often a fleet's gates would have spoken against its own live slot while all was well.

Between rollouts the cluster served its users and nothing was turned back: a gate that fails then is a false
alarm in waiting. What a gate says at each look is in `looking_back`. Refuses to know where samples come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from shared.fleet import Fleet, Gate
from shared.gate_rules import Objective
from shared.gates.alarms import Alarms, Episode, episodes_of, hours_of, looks_of, starts_of, told_of
from shared.gates.looking_back import LookingBack, Stretch, Told
from shared.gates.measuring import advises, beside_live
from shared.gates.quiet import LeftOut, Quiet
from shared.gates.scoring import score
from shared.gates.sliding import Said
from shared.gates.spending import Refusals, Whole, refusals
from shared.gates.steps import objectives, watched_seconds
from shared.model import Verdict


class Past(Struct, frozen=True, kw_only=True):
    """What was read of a gate; `untried` says why nothing was, empty where it was.

    `wholes` are what the budget of an objective is reckoned from, one for each slot. `lookback_seconds` is
    how far before its own time a value of its query may speak.
    """

    stretches: tuple[Stretch, ...] = ()
    wholes: tuple[Whole, ...] = ()
    lookback_seconds: int = 0
    untried: str = ""


_UNREAD = Past(untried="it was not read")


class History(Struct, frozen=True, kw_only=True):
    """The times between rollouts, those left out, and what each gate and each group would have said.

    A start is followed for `start_seconds`.
    """

    since: datetime
    until: datetime
    quiet: tuple[Quiet, ...]
    left_out: tuple[LeftOut, ...]
    start_seconds: int
    gates: tuple[Alarms, ...]
    groups: tuple[Alarms, ...]


def gates_of(fleet: Fleet) -> dict[Gate, tuple[str, ...]]:
    """The gates that are asked of a slot with its users, or of its platform, each with its questions."""
    found: dict[Gate, tuple[str, ...]] = {}
    for question, gates in _asked(fleet):
        for gate in gates:
            found[gate] = tuple(dict.fromkeys((*found.get(gate, ()), question)))
    return found


def untriable(gate: Gate) -> str:
    """Why the past of a gate would say nothing, empty where it says something."""
    return (
        "it is judged beside the live slot, and live beside itself says nothing" if beside_live(gate) else ""
    )


def history(
    fleet: Fleet,
    span: tuple[datetime, datetime],
    quiet: tuple[Quiet, ...],
    left_out: tuple[LeftOut, ...],
    pasts: Mapping[Gate, Past],
) -> History:
    """Try the fleet's gates on what was read of them between rollouts, each by itself and by their groups.

    `span` is from when until when. A gate that is not in `pasts` was not read.
    """
    gates = gates_of(fleet)
    seconds = _start_seconds(fleet, gates)
    length = -(-seconds // fleet.policy.poll_seconds)
    tried = {
        gate: _looking_back(
            gate, pasts[gate], fleet.policy.poll_seconds, length, watched_seconds(fleet, gates[gate])
        )
        for gate in gates
        if gate in pasts and not pasts[gate].untried
    }
    budgets = dict(objectives(fleet))
    return History(
        since=span[0],
        until=span[1],
        quiet=quiet,
        left_out=left_out,
        start_seconds=seconds,
        gates=tuple(
            _of_gate(gate, questions, pasts.get(gate, _UNREAD), tried.get(gate, ()), budgets.get(gate))
            for gate, questions in gates.items()
        ),
        groups=tuple(_groups(fleet, tried)),
    )


def _asked(fleet: Fleet) -> Iterator[tuple[str, tuple[Gate, ...]]]:
    yield "platform", fleet.gates.platform
    portions = (*((fleet.shift.match,) if fleet.shift.match else ()), *fleet.shift.steps)
    yield from (("ramp", portion.gates) for portion in portions)
    yield "switch", fleet.gates.switch
    yield "bake", fleet.gates.bake


def _start_seconds(fleet: Fleet, gates: Iterable[Gate]) -> int:
    """The clean run of a rollout, and how late its newest data is at the most."""
    late = max((gate.ingestion_seconds for gate in gates), default=0)
    return fleet.policy.observe_seconds + fleet.policy.bake_seconds + late


def _looking_back(
    gate: Gate, past: Past, poll_seconds: int, length: int, watched_seconds: int
) -> tuple[LookingBack, ...]:
    every = sorted((s for each in past.stretches for s in each.samples), key=lambda sample: sample.at)
    return tuple(
        LookingBack(gate, each, poll_seconds, length, past.lookback_seconds, every, watched_seconds)
        for each in past.stretches
    )


def _of_gate(
    gate: Gate,
    questions: tuple[str, ...],
    past: Past,
    tried: Sequence[LookingBack],
    budgeted: Objective | None,
) -> Alarms:
    looks = [each.looks for each in tried]
    starts = starts_of([each.walk(start) for start in each.starts] for each in tried)
    return Alarms(
        questions=questions,
        gate=gate.name,
        advises=advises(gate),
        untried=past.untried,
        because=f"it cannot be tried on the past: {past.untried}" if past.untried else told_of(starts),
        hours=hours_of(past.stretches),
        looks=looks_of(looks),
        starts=starts,
        episodes=tuple(
            episode
            for each, said in zip(tried, looks, strict=True)
            for episode in episodes_of(said, each, each.told)
        ),
        budget=_budget(gate, budgeted, past, tried) if budgeted is not None and not past.untried else None,
        unread=tuple(part for each in past.stretches for part in each.unread),
    )


def _budget(gate: Gate, rule: Objective, past: Past, tried: Iterable[LookingBack]) -> Refusals:
    starts = ((each.slot, each.at(start)) for each in tried for start in each.starts)
    return refusals(gate, rule, past.wholes, starts)


def _groups(fleet: Fleet, tried: Mapping[Gate, tuple[LookingBack, ...]]) -> Iterator[Alarms]:
    """Each group once, whatever questions it answers: its gates as one, by their score."""
    questions: dict[tuple[Gate, ...], tuple[str, ...]] = {}
    for question, gates in _asked(fleet):
        deciding = [gate for gate in gates if gate.group and not advises(gate)]
        # Once all users have moved, nothing is judged beside live.
        deciding = [gate for gate in deciding if question != "switch" or not beside_live(gate)]
        for name in dict.fromkeys(gate.group for gate in deciding):
            members = tuple(gate for gate in deciding if gate.group == name)
            questions[members] = tuple(dict.fromkeys((*questions.get(members, ()), question)))
    for members, asked in questions.items():
        yield _of_group(_Group(fleet, members), asked, tried)


def _of_group(
    group: _Group, questions: tuple[str, ...], tried: Mapping[Gate, tuple[LookingBack, ...]]
) -> Alarms:
    members = group.members
    blind = ", ".join(gate.name for gate in members if gate not in tried)
    untried = f"without evidence of {blind}, which cannot be tried on the past" if blind else ""
    stretches = list(zip(*(tried[gate] for gate in members if gate in tried), strict=True))
    places = [place for place, gate in enumerate(members) if gate in tried]
    looks = [group.together(places, [each.looks for each in stretch]) for stretch in stretches]
    starts = starts_of(
        [group.together(places, [each.walk(start) for each in stretch]) for start in stretch[0].starts]
        for stretch in stretches
    )
    episodes: list[Episode] = []
    for stretch, said in zip(stretches, looks, strict=True):
        told = group.telling(places, [each.looks for each in stretch])
        episodes += episodes_of(said, stretch[0], told)
    return Alarms(
        questions=questions,
        gate=members[0].group,
        gates=tuple(gate.name for gate in members),
        untried=untried,
        because="; ".join(filter(None, (told_of(starts) if places else "nothing is known of it", untried))),
        looks=looks_of(looks),
        starts=starts,
        episodes=tuple(episodes),
    )


class _Group:
    """The gates of a group, and what their verdicts come to, each combination worked out once."""

    def __init__(self, fleet: Fleet, members: tuple[Gate, ...]) -> None:
        self.members = members
        self._scores = fleet.gates.scores
        self._known: dict[tuple[Said, ...], tuple[Verdict, str]] = {}

    def together(self, places: Sequence[int], looks: Sequence[Sequence[Said]]) -> list[Said]:
        """The group's verdict at each look of those of its members that were tried, by their places."""
        return [self._scored(places, said)[0] for said in zip(*looks, strict=True)]

    def telling(self, places: Sequence[int], looks: Sequence[Sequence[Said]]) -> Callable[[int], Told]:
        """What says a look's sentence."""
        return lambda look: Told(self._scored(places, tuple(each[look - 1] for each in looks))[1])

    def _scored(self, places: Sequence[int], said: tuple[Said, ...]) -> tuple[Verdict, str]:
        found = self._known.get(said)
        if found is None:
            known = dict(zip(places, said, strict=True))
            weighed = [
                (known.get(place) or Verdict.NO_DATA, gate.weight) for place, gate in enumerate(self.members)
            ]
            critical = [place for place, gate in enumerate(self.members) if gate.critical]
            scored = score(self._scores, weighed, critical)
            found = self._known[said] = scored.verdict, f"{self.members[0].group}: {scored.because}"
        return found
