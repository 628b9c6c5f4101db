"""Reads what gates ask over times that are over, a day at a time. Decides what of it was not answered.

Refuses to know what a gate would have said of it (`shared.gates.history`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from math import lcm
from typing import Any, NamedTuple

import msgspec

from cli.client import Api, Problem
from shared.bins import bin_length, floor
from shared.fleet import Fleet, Gate, Source
from shared.gates.history import Past, gates_of, untriable
from shared.gates.looking_back import Stretch
from shared.gates.quiet import LeftOut, Quiet
from shared.gates.spending import Whole, reached
from shared.gates.steps import objectives
from shared.levers import SlotName
from shared.model import Sample
from shared.queries import lookback_seconds, present_only

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_FORBIDDEN = 403


class _Part(NamedTuple):
    samples: tuple[Sample, ...]
    unread: tuple[LeftOut, ...]


class Reader:
    """Asks the API for the pasts of a fleet's gates; gates that ask the same share an answer."""

    def __init__(self, api: Api, fleet: Fleet, telling: Callable[[str], None]) -> None:
        self._api = api
        self._fleet = fleet
        self._telling = telling
        self._budgets = dict(objectives(fleet))
        self._forbidden = ""
        self._known: dict[tuple[Any, ...], _Part] = {}

    def pasts(self, quiet: tuple[Quiet, ...]) -> dict[Gate, Past]:
        """The past of each gate over quiet times, which begin and end with a minute. Raises Unreachable."""
        gates = gates_of(self._fleet)
        found = {}
        for number, gate in enumerate(gates, 1):
            self._telling(f"reading {gate.name}, {number} of {len(gates)} gates")
            found[gate] = self._past(gate, quiet)
        return found

    def _past(self, gate: Gate, quiet: tuple[Quiet, ...]) -> Past:
        untried = untriable(gate) or present_only(gate) or self._forbidden
        if untried:
            return Past(untried=untried)
        lookback = lookback_seconds(gate.query) if gate.source is Source.PROMETHEUS else 0
        try:
            wholes = self._wholes(gate, quiet)
            stretches = tuple(self._stretch(gate, each, wholes) for each in quiet)
        except Problem as problem:
            if problem.status == _FORBIDDEN:
                self._forbidden = str(problem)
            return Past(untried=str(problem))
        return Past(stretches=stretches, wholes=tuple(wholes.values()), lookback_seconds=lookback)

    def _wholes(self, gate: Gate, quiet: tuple[Quiet, ...]) -> dict[SlotName, Whole]:
        """What an error budget is reckoned from, by slot; nothing of a gate that has none."""
        rule = self._budgets.get(gate)
        found = {}
        for each in reached(gate, rule, quiet) if rule is not None else ():
            part = self._read(gate, each.slot, each.since, each.until)
            found[each.slot] = msgspec.structs.replace(each, samples=part.samples, unread=part.unread)
        return found

    def _stretch(self, gate: Gate, quiet: Quiet, wholes: Mapping[SlotName, Whole]) -> Stretch:
        whole = wholes.get(quiet.slot)
        known = whole or self._read(gate, quiet.slot, quiet.since, quiet.until)
        return Stretch(
            quiet=quiet,
            samples=tuple(each for each in known.samples if quiet.since <= each.at < quiet.until),
            unread=tuple(_within(known.unread, quiet)),
        )

    def _read(self, gate: Gate, slot: SlotName, since: datetime, until: datetime) -> _Part:
        parts = [self._part(gate, slot, *day) for day in _days(gate, since, until)]
        samples = [sample for part in parts for sample in part.samples]
        return _Part(
            tuple(sorted(samples, key=lambda sample: sample.at)),
            tuple(_joined([each for part in parts for each in part.unread])),
        )

    def _part(self, gate: Gate, slot: SlotName, since: datetime, until: datetime) -> _Part:
        from shared.fleet_file.asked_past import asked_of  # pydantic is slow to load

        asked = asked_of(gate)
        question = {key: word for key, word in asked.items() if key not in ("name", "ingestion")}
        key = (tuple(question.items()), slot, since, until)
        if key not in self._known:
            body = {"gate": asked, "slot": slot, "since": _wire(since), "until": _wire(until)}
            answer = self._api.post("fleets", self._fleet.name, "readings", body=body).body
            because = answer["unavailable"]
            samples = msgspec.convert(answer["samples"], tuple[Sample, ...])
            unread = (LeftOut(since=since, until=until, because=because),) if because is not None else ()
            self._known[key] = _Part(samples, unread)
        return self._known[key]


def _days(gate: Gate, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Days at most, parted where a bin of the query begins: one that lay in two would be whole in neither."""
    length = bin_length(gate.query) or _MINUTE
    seam = timedelta(minutes=lcm(max(1, int(length / _SECOND)), 60) // 60)
    while since < until:
        last = floor(since + _DAY, seam)
        end = min(last if last > since else since + _DAY, until)
        yield since, end
        since = end


def _within(unread: Iterable[LeftOut], quiet: Quiet) -> Iterator[LeftOut]:
    for each in unread:
        since, until = max(each.since, quiet.since), min(each.until, quiet.until)
        if since < until:
            yield msgspec.structs.replace(each, since=since, until=until)


def _joined(unread: list[LeftOut]) -> Iterator[LeftOut]:
    """Days on end that nobody answered for, for the same reason, as one."""
    before: LeftOut | None = None
    for each in unread:
        if before is not None and (before.until, before.because) == (each.since, each.because):
            before = msgspec.structs.replace(before, until=each.until)
            continue
        if before is not None:
            yield before
        before = each
    if before is not None:
        yield before


def _wire(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
