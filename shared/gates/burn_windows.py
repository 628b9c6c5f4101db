"""Decides what is known of one window of an alert on an error budget.

Source: the SRE workbook, "Alerting on SLOs" (sre.google/workbook/alerting-on-slos).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec import Struct

from shared.gate_rules import Burn, Objective
from shared.gates.budget import COVERED_MIN, allowed_share
from shared.gates.events import Counting
from shared.gates.figures import exactly, last, percent, times

# A share that equals the limit has not breached it, whatever the last bits of a product and a mean say.
_MARGIN = 1 + 1e-9


NOT_ALL = math.nextafter(1.0, 0.0)
"""Of shares of bad events the worst that still has a good one."""


class Window(Struct, frozen=True):
    """What is known of a window: `breached`, `within`, or neither, and then `because` says why not.

    `doubtful` ones look burnt, by samples that stand for too little of them. `partial`: those of a breached
    one do as well, and not even a flawless rest could save it.
    """

    share: float | None = None
    breached: bool = False
    doubtful: bool = False
    within: bool = False
    partial: bool = False
    # Of ten thousands of windows only a few are told in words.
    because: Callable[[], str] | None = None

    @property
    def badness(self) -> tuple[bool, bool, bool]:
        """The greater the worse."""
        return self.breached, self.doubtful, not self.within


def worst_alone(rule: Objective) -> float:
    """The largest share of bad events that burns nothing, however long it goes on, and has a good one."""
    fastest = max((alert.rate for alert in rule.burns), default=math.inf)
    return min(fastest * allowed_share(rule) * _MARGIN, NOT_ALL)


def window_of(alert: Burn, allowed: float, seconds: int, events: Counting) -> Window:
    """What is known of one window of an alert, of which `allowed` is the share of bad events per its rate."""
    found = _counted(alert, allowed, seconds, events)
    alone = events.alone
    if alone is None:
        return found
    return max(found, _counted(alert, allowed, seconds, alone), key=lambda each: each.badness)


def _counted(alert: Burn, allowed: float, seconds: int, events: Counting) -> Window:
    bad, total, covered = events.of(seconds)
    if total == 0:
        what = "requests" if covered else "samples"
        return Window(because=lambda: f"there are no {what} in {last(seconds)}")
    share, limit = bad / total, alert.rate * allowed
    few = events.counted and allowed > 0 and total * limit < 1
    if share > limit * _MARGIN and not (few and bad < 2):
        spread = events.spread(seconds)
        if spread >= COVERED_MIN or share * spread > limit * _MARGIN:
            return Window(share, breached=True, partial=spread < COVERED_MIN)
        return Window(share, doubtful=True, because=lambda: _cover("samples", spread, seconds))
    if limit >= 1:
        because = f"{times(exactly(alert.rate))} the budget is more than all requests, so nothing can burn it"
        return Window(share, because=lambda: because)
    well = events.well(seconds)
    if well < COVERED_MIN and covered < COVERED_MIN:
        return Window(share, because=lambda: _cover("samples", covered, seconds))
    if events.counted and allowed > 0 and (total - bad) * limit < 1:
        return Window(share, because=lambda: _few(f"{total:.4g}", seconds))
    if well < COVERED_MIN:
        return Window(share, because=lambda: _cover("good events", well, seconds))
    return Window(share, within=True)


def _few(requests: str, seconds: int) -> str:
    told, verb = ("1 request", "is") if requests == "1" else (f"{requests} requests", "are")
    return f"{told} in {last(seconds)} {verb} too few: one bad one would be too many"


def _cover(what: str, part: float, seconds: int) -> str:
    return f"{what} cover {percent(part)} of {last(seconds)}"
