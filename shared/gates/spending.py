"""Decides at which starts of the past T0 would have refused to begin, because an error budget was spent.

How a budget is reckoned is in `budget`. Refuses to know where samples come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from shared.fleet import Gate
from shared.gate_rules import Objective
from shared.gates.budget import budget_of
from shared.gates.figures import minute_from, minute_until
from shared.gates.ledger import Ledger, Page
from shared.gates.quiet import LeftOut, Quiet
from shared.levers import SlotName
from shared.model import Sample


class Whole(Struct, frozen=True, kw_only=True):
    """What was measured on a slot from `since` until `until`, whoever served users: samples, oldest first.

    `unread` is when nobody answered.
    """

    slot: SlotName
    since: datetime
    until: datetime
    samples: tuple[Sample, ...] = ()
    unread: tuple[LeftOut, ...] = ()


class Refusals(Struct, frozen=True, kw_only=True):
    """At how many starts T0 would have refused to begin, of the `judged` ones.

    Of `blind` ones nobody can tell, and they count nowhere.
    """

    judged: int = 0
    refused: int = 0
    blind: int = 0
    because: str


def reached(gate: Gate, rule: Objective, quiet: Iterable[Quiet]) -> Iterator[Whole]:
    """The time of each slot that the budgets of starts in quiet times are reckoned from. Nothing is read."""
    before = timedelta(seconds=rule.period_seconds + gate.ingestion_seconds)
    spans: dict[SlotName, tuple[datetime, datetime]] = {}
    for each in quiet:
        since, until = spans.get(each.slot, (each.since, each.until))
        spans[each.slot] = min(since, each.since), max(until, each.until)
    for slot, (since, until) in spans.items():
        yield Whole(slot=slot, since=(since - before).replace(second=0, microsecond=0), until=until)


def refusals(
    gate: Gate, rule: Objective, wholes: Iterable[Whole], starts: Iterable[tuple[SlotName, datetime]]
) -> Refusals:
    """What the budget of `rule` comes to at each start, with the slot that was live then.

    Of a slot that is not among the `wholes` nobody can tell.
    """
    slots = {each.slot: (Ledger(each.samples), each.unread) for each in wholes}
    found = Counter(
        _is_spent(gate, rule, *slots[slot], at.timestamp()) if slot in slots else None for slot, at in starts
    )
    judged = found[True] + found[False]
    return Refusals(
        judged=judged,
        refused=found[True],
        blind=found[None],
        because=_told(judged, found[True], found[None]),
    )


def _is_spent(
    gate: Gate, rule: Objective, ledger: Ledger, unread: Iterable[LeftOut], at: float
) -> bool | None:
    """Whether nothing of the budget was left; None where nobody can tell."""
    until = minute_until(at - gate.ingestion_seconds)
    since = minute_from(until - rule.period_seconds)
    if any(each.since.timestamp() < until and since < each.until.timestamp() for each in unread):
        return None
    found = budget_of(rule, Page(ledger, since, until))
    return None if found is None else found.is_spent


def _told(judged: int, refused: int, blind: int) -> str:
    if not judged:
        why = f"of {blind} starts nobody can tell" if blind else "no start has its whole run"
        return f"nothing is known of the error budget: {why}"
    more = f"; of {blind} more nobody can tell" if blind else ""
    return f"T0 would have refused {refused} of {judged} starts, because the error budget was spent{more}"
