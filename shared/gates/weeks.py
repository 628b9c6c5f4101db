"""Decides what a rollout that is over knew of the weeks before, at each look: by its trail and its verdicts.

The trail says for which hours numbers were kept (`Usual`), and the verdict of the same claim has the samples
that they were reckoned from. Refuses to know what a look came to.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from shared.fleet import Gate
from shared.gate_rules import Anomaly
from shared.gates.anomaly import hours, usual
from shared.gates.asked import asked_alike
from shared.gates.ends import Ended
from shared.gates.judge import Beyond
from shared.measured import Usual
from shared.model import Judgement, Sample, Verdict
from shared.probes import Unavailable

_HOUR, _WEEK = timedelta(hours=1), timedelta(weeks=1)


class _Read(NamedTuple):
    """What the claim `epoch` read of the weeks before; `samples` is None where they were not kept."""

    epoch: int
    known: Usual
    samples: tuple[Sample, ...] | None


class Weeks:
    """The weeks before, as a rollout read them for a gate, on whatever slot it asked first.

    `read` says whether anything was kept of them. Of a gate that does not learn from the past nothing is.
    """

    def __init__(self, gate: Gate, ended: Ended) -> None:
        self._rule = gate.anomaly or Anomaly()
        self._window = timedelta(seconds=gate.window_seconds)
        self._reads = list(_reads(gate, ended)) if gate.anomaly is not None else []
        self._epochs = [each.epoch for each in self._reads]
        self.read = bool(self._reads)

    def beyond(self, epoch: int, look: Judgement) -> Beyond:
        """What that look of the claim `epoch` knew of the weeks before."""
        known = self._usual(epoch, look.until) if look.until is not None else None
        silent = known is None and look.verdict is Verdict.PROVIDER_ERROR and "deviations_max" in look.limits
        return Beyond(usual=known, answer=Unavailable("it gave none at that look") if silent else None)

    def untold(self, was: Judgement, now: Judgement, beyond: Beyond) -> str | None:
        """Why the weeks that were kept do not tell what it would have come to, None where they do."""
        if beyond.usual is None:
            # Only a window that has all that it needs is held against the weeks before.
            if now.verdict is not Verdict.INCONCLUSIVE:
                return None
            return (
                f"it is judged by the weeks before, and at {was.at:%Y-%m-%d %H:%M} nothing of them is known"
            )
        found, wanted = beyond.usual.weeks, self._rule.weeks_min
        if found < wanted and was.verdict in (Verdict.PASS, Verdict.FAIL):
            return f"it needs {wanted} of the weeks before, and {found} were kept"
        return None

    def _usual(self, epoch: int, until: datetime) -> Usual | None:
        """What was usual in the hours of a window that ends then, by what had been read up to that claim.

        Samples of an hour are those that were read last. Where not all hours have them, the numbers that were
        kept of the same hours take their place. None: nothing was kept that tells.
        """
        since, end = hours(until - self._window, until)
        reads = self._reads[: bisect_right(self._epochs, epoch)]
        found: list[Sample] = []
        hour = since
        while hour < end:
            samples = next((each.samples for each in reversed(reads) if _holds(each, hour)), None)
            if samples is None:
                return self._numbers(reads, since, end)
            found += (each for each in samples if (each.at - hour) % _WEEK < _HOUR)
            hour += _HOUR
        return usual(self._rule, since, end, found)

    def _numbers(self, reads: list[_Read], since: datetime, until: datetime) -> Usual | None:
        """Numbers of more weeks than the gate asks for do not tell of fewer."""
        same = (
            each.known for each in reversed(reads) if (each.known.since, each.known.until) == (since, until)
        )
        return next((each for each in same if each.weeks <= self._rule.weeks), None)


def _holds(read: _Read, hour: datetime) -> bool:
    return read.samples is not None and read.known.since <= hour < read.known.until


def _reads(gate: Gate, ended: Ended) -> Iterator[_Read]:
    """What was read, oldest first, where it is the answer to what the gate asks."""
    said: dict[int, Judgement] = {}
    for each in ended.verdicts:
        look = each.judgement
        # A look that got no answer of its own may have got one on the weeks before.
        if look.gate == gate.name and (look.until is None or asked_alike(gate, look)):
            said[each.epoch] = look
    kept: dict[str, Any] = {}
    for entry in ended.entries:
        change = _change(entry.change, "rollout", "usual", gate.name)
        kept = {name: value for name, value in {**kept, **change}.items() if value is not None}
        if change and kept and entry.epoch in said:
            look = said[entry.epoch]
            # Of a verdict that was too long to be kept, the oldest samples may be gone.
            whole = bool(look.beside) and not look.left_out
            yield _Read(entry.epoch, msgspec.convert(kept, Usual), look.beside if whole else None)


def _change(change: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """What a merge patch says beneath these names; nothing where they are not in it, or are gone."""
    for name in names:
        found = change.get(name)
        if not isinstance(found, dict):
            return {}
        change = found
    return dict(change)
