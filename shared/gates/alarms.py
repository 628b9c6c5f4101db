"""Decides what many looks of a time in which all was well come to: hours, looks, starts and episodes.

Refuses to know whose looks they are: a gate's, or those of a group of gates.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise

from msgspec import Struct

from shared.gates.figures import median
from shared.gates.looking_back import LookingBack, Stretch, Told
from shared.gates.quiet import LeftOut
from shared.gates.scoring import verdict_of
from shared.gates.sliding import Said
from shared.gates.spending import Refusals
from shared.levers import SlotName
from shared.model import Sample, Verdict

_TOLD_MAX = 24
"""Of an episode, the worst of at most so many sentences is told."""

_EVIDENCE = frozenset({Verdict.PASS, Verdict.INCONCLUSIVE})
_UNSEEN = frozenset({Verdict.PROVIDER_ERROR, None})
_ONE_MINUTE = 60.0


class Hours(Struct, frozen=True, kw_only=True):
    """Hours between rollouts: those that samples cover, those without any, those of which nobody answered."""

    covered: float = 0.0
    silent: float = 0.0
    unread: float = 0.0


class Looks(Struct, frozen=True, kw_only=True):
    """How many looks came to which verdict. `unjudged`: what it is held against is not known of that time."""

    passed: int = 0
    failed: int = 0
    inconclusive: int = 0
    no_data: int = 0
    provider_error: int = 0
    unjudged: int = 0


class Starts(Struct, frozen=True, kw_only=True):
    """What would have become of rollouts that began then: `judged` are all of which something is known.

    `stopped`: it failed before the clean run was over. `held`: it did not, and was inconclusive at some look
    or had not passed at the last one. Of `blind` ones nobody can tell, and they count nowhere.
    """

    judged: int = 0
    stopped: int = 0
    held: int = 0
    blind: int = 0


class Episode(Struct, frozen=True, kw_only=True):
    """Looks on end that failed: the first, the last, how many, and the sentence of the worst."""

    slot: SlotName
    since: datetime
    until: datetime
    looks: int
    because: str


class Alarms(Struct, frozen=True, kw_only=True):
    """What a gate, or a group of the name `gate`, would have said while all was well.

    `untried` says why it cannot be tried on the past; of a group, which of its `gates` cannot. `budget` is
    what T0 would have made of the error budget of a gate that has one.
    """

    questions: tuple[str, ...]
    gate: str
    gates: tuple[str, ...] = ()
    advises: bool = False
    untried: str = ""
    because: str
    hours: Hours = Hours()
    looks: Looks = Looks()
    starts: Starts = Starts()
    episodes: tuple[Episode, ...] = ()
    budget: Refusals | None = None
    unread: tuple[LeftOut, ...] = ()


def starts_of(walks: Iterable[Iterable[Sequence[Said]]]) -> Starts:
    """What became of the starts of each stretch, by what was said at the looks after each."""
    found = Counter(_fate(walk) for each in walks for walk in each)
    return Starts(
        judged=found["stopped"] + found["held"] + found["passed"],
        stopped=found["stopped"],
        held=found["held"],
        blind=found["blind"],
    )


def _fate(walk: Sequence[Said]) -> str:
    said = {_verdict(each) for each in walk}
    if Verdict.FAIL in said:
        return "stopped"
    if said & _UNSEEN or not said & _EVIDENCE:
        return "blind"
    return "held" if Verdict.INCONCLUSIVE in said or walk[-1] is not Verdict.PASS else "passed"


def _verdict(said: Said) -> Verdict | None:
    return None if said is None else verdict_of(said)


def told_of(starts: Starts) -> str:
    """The figure that a team understands, in a sentence."""
    blind = f"; of {starts.blind} more nobody can tell" if starts.blind else ""
    if not starts.judged:
        because = (
            f"of {starts.blind} starts nobody can tell" if starts.blind else "no start has its whole run"
        )
        return f"nothing is known of it: {because}"
    held = f", and held {starts.held}" if starts.held else ""
    return f"would have stopped a good one at {starts.stopped} of {starts.judged} starts{held}{blind}"


def looks_of(looks: Iterable[Sequence[Said]]) -> Looks:
    """The looks of each stretch, counted by what was said."""
    found = Counter(_verdict(said) for each in looks for said in each)
    return Looks(
        passed=found[Verdict.PASS],
        failed=found[Verdict.FAIL],
        inconclusive=found[Verdict.INCONCLUSIVE],
        no_data=found[Verdict.NO_DATA],
        provider_error=found[Verdict.PROVIDER_ERROR],
        unjudged=found[None],
    )


def episodes_of(looks: Sequence[Said], when: LookingBack, told: Callable[[int], Told]) -> Iterator[Episode]:
    """The runs of looks that failed; `told` gives the sentence of a look."""
    for failed, run in groupby(range(1, len(looks) + 1), key=lambda look: looks[look - 1] is Verdict.FAIL):
        if failed:
            found = list(run)
            some = found[:: -(-len(found) // _TOLD_MAX)]
            worst = max(map(told, some), key=lambda each: each.beyond)
            yield Episode(
                slot=when.slot,
                since=when.at(found[0]),
                until=when.at(found[-1]),
                looks=len(found),
                because=worst.because,
            )


def hours_of(stretches: Iterable[Stretch]) -> Hours:
    """How much of the stretches is known."""
    covered = silent = unread = 0.0
    for each in stretches:
        missing = sum((part.until - part.since).total_seconds() for part in each.unread)
        whole = (each.quiet.until - each.quiet.since).total_seconds() - missing
        there = min(whole, _covered_seconds(each.samples))
        covered, silent, unread = covered + there, silent + whole - there, unread + missing
    return Hours(covered=covered / 3600, silent=silent / 3600, unread=unread / 3600)


def _covered_seconds(samples: Sequence[Sample]) -> float:
    """A sample with a value covers as much time as samples are usually apart."""
    moments = list(dict.fromkeys(sample.at for sample in samples))
    gaps = sorted((after - before).total_seconds() for before, after in pairwise(moments))
    sound = {sample.at for sample in samples if _is_sound(sample)}
    return len(sound) * (median(gaps) if gaps else _ONE_MINUTE)


def _is_sound(sample: Sample) -> bool:
    return sample.value is not None and math.isfinite(sample.value) and not sample.error
