"""Decides how fast an error budget burns, what is left of it and what a switch may put at risk.

Refuses to know whose requests they were: a sample is a share of bad events and, where known, how many there
were. Source: the SRE workbook, "Alerting on SLOs" (sre.google/workbook/alerting-on-slos), and for the risk of
a canary "Canarying Releases" (sre.google/workbook/canarying-releases).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from shared.gate_rules import Burn, Objective
from shared.gates.events import Counting, Events
from shared.gates.figures import percent, shown, span
from shared.model import Sample, Verdict

COVERED_MIN = 0.75
"""The part of a window that samples must cover to speak for it: a late minute must not blind it."""

# A share that equals the limit has not breached it, whatever the last bits of a product and a mean say.
_MARGIN = 1 + 1e-9


class Burnt(Struct, frozen=True):
    """The verdict on all alerts of an objective with its sentence.

    `rate` and `limit` are those of the worst alert: the lower burn rate of its two windows, and the rate that
    both must be above. None where it cannot be said, and for an objective of 1, which has no budget.
    """

    verdict: Verdict
    because: str
    rate: float | None = None
    limit: float | None = None


class Budget(Struct, frozen=True):
    """How much of the period's error budget is gone: shares of it, of which `spent` may exceed 1.

    `left` is at least 0. `covered` is the share of the period (0 to 1) that the samples cover.
    """

    spent: float
    left: float
    covered: float
    because: str


class Exposure(Struct, frozen=True):
    """What may be put at risk: the largest share of users (0 to 1), and for how long all of them may be.

    A smaller share may be at risk for `full_seconds` divided by it.
    """

    share_max: float
    full_seconds: float
    because: str


class _Window(Struct, frozen=True, kw_only=True):
    """What is known of a window: `breached`, `within`, or neither, and then why not.

    `doubtful` ones look burnt, by samples that stand for too little of them.
    """

    share: float | None = None
    breached: bool = False
    doubtful: bool = False
    within: bool = False
    because: str = ""


class _Alert(Struct, frozen=True, kw_only=True):
    """An alert with both of its windows."""

    burn: Burn
    long: _Window
    short: _Window

    @property
    def fires(self) -> bool:
        return self.long.breached and self.short.breached

    @property
    def clear(self) -> bool:
        return self.long.within or self.short.within

    @property
    def known(self) -> bool:
        return self.long.share is not None and self.short.share is not None

    @property
    def share(self) -> float:
        """The lower share of bad events of the two: both have to burn."""
        return min(self.long.share or 0.0, self.short.share or 0.0)

    @property
    def over(self) -> str:
        return f"over the last {span(self.burn.long_seconds)} and {span(self.burn.short_seconds)}"


def burn(rule: Objective, samples: Sequence[Sample], until: datetime) -> Burnt:
    """Judge every alert of `rule` on shares of bad events (0 to 1) until then; newer samples are left out.

    An alert fires where its long and its short window both burn at more than its rate: that is `fail`. It is
    clear where one of them is known not to. All clear is `pass`. Everything else is no evidence, and said:

    - samples cover less than `COVERED_MIN` of a window: it is never clear. It burns all the same where even
      a flawless rest, as busy as what was seen, could not save it: a candidate that fails everything is
      found in a minute and not when the hour is over.
    - a window has so few requests that a single bad one would breach: it is never clear, and one bad request
      alone does not burn it (the workbook's "Low-Traffic Services"). An objective of 1 tolerates none.
    - an alert that not even 100 % bad events would fire is never clear.
    - shares below 0 or above 1, NaN and negative numbers of requests are no samples.

    Where a window burns, or looks as if, beside one that is unknown, that is `inconclusive`; where nothing
    does and something is unknown, `no_data`, which waiting cures.

    Raises:
        ValueError: the objective is not between 0 and 1.
    """
    return burn_of(rule, Events(samples, until))


def burn_of(rule: Objective, events: Counting) -> Burnt:
    """`burn`, of events that are summed up already."""
    allowed = _allowed(rule)
    alerts = [
        _Alert(
            burn=alert,
            long=_window(alert, allowed, alert.long_seconds, events),
            short=_window(alert, allowed, alert.short_seconds, events),
        )
        for alert in rule.burns
    ]
    firing = [alert for alert in alerts if alert.fires]
    unclear = [alert for alert in alerts if not alert.fires and not alert.clear]
    worst = max(firing or alerts, key=lambda alert: alert.share / alert.burn.rate, default=None)
    if worst is None:
        return Burnt(Verdict.NO_DATA, "the objective declares no alert")
    rate = worst.share / allowed if allowed and worst.known else None
    limit = worst.burn.rate if rate is not None else None
    if firing:
        return Burnt(Verdict.FAIL, _burning(worst, allowed), rate, limit)
    if not unclear:
        return Burnt(Verdict.PASS, _calm(worst, allowed), rate, limit)
    because = _unclear(unclear, events)
    windows = [window for alert in unclear for window in (alert.long, alert.short)]
    if any(window.breached or window.doubtful for window in windows):
        return Burnt(Verdict.INCONCLUSIVE, f"the error budget may be burning: {because}", rate, limit)
    return Burnt(Verdict.NO_DATA, because, rate, limit)


def _allowed(rule: Objective) -> float:
    if not 0 <= rule.objective <= 1:
        raise ValueError(f"an objective must be a share between 0 and 1, not {rule.objective}")
    return 1 - rule.objective


def _window(alert: Burn, allowed: float, seconds: int, events: Counting) -> _Window:
    bad, total, covered = events.of(seconds)
    if total == 0:
        return _Window(
            because=f"there are no {'requests' if covered else 'samples'} in the last {span(seconds)}"
        )
    share, limit = bad / total, alert.rate * allowed
    few = events.counted and allowed > 0 and total * limit < 1
    if share > limit * _MARGIN and not (few and bad < 2):
        spread = events.spread(seconds)
        if spread >= COVERED_MIN or share * spread > limit * _MARGIN:
            return _Window(share=share, breached=True)
        because = f"samples cover {percent(spread)} of the last {span(seconds)}"
        return _Window(share=share, doubtful=True, because=because)
    if covered < COVERED_MIN:
        return _Window(share=share, because=f"samples cover {percent(covered)} of the last {span(seconds)}")
    if few:
        because = (
            f"{total:.4g} requests in the last {span(seconds)} are too few: one bad one would be too many"
        )
        return _Window(share=share, because=because)
    if limit >= 1:
        because = f"{shown(alert.rate)} times the budget is more than all requests, so nothing can burn it"
        return _Window(share=share, because=because)
    return _Window(share=share, within=True)


def _burning(alert: _Alert, allowed: float) -> str:
    if not allowed:
        return f"{percent(alert.share)} were bad {alert.over}, and the objective tolerates none"
    rate = f"{shown(alert.share / allowed)} times as fast as it may"
    return f"the error budget burns {rate} {alert.over}, beyond the limit of {shown(alert.burn.rate)} times"


def _calm(alert: _Alert, allowed: float) -> str:
    if not allowed:
        return f"none were bad {alert.over}"
    rate = f"{shown(alert.share / allowed)} times as fast as it may"
    return f"the error budget burns {rate} {alert.over}, within the limit of {shown(alert.burn.rate)} times"


def _unclear(alerts: Sequence[_Alert], events: Counting) -> str:
    reasons = dict.fromkeys(
        window.because for alert in alerts for window in (alert.long, alert.short) if window.because
    )
    if events.strange:
        reasons[f"{events.strange} samples are no shares between 0 and 1"] = None
    return "; ".join(reasons)


def budget(rule: Objective, samples: Sequence[Sample], until: datetime) -> Budget | None:
    """What is left of the error budget of the period that ends then. None: no evidence.

    The share of bad events over what was observed, divided by the share that the objective allows. What was
    not observed is taken to be like what was: taking it to be flawless would find a budget nearly full after
    a first bad day. `covered` says how much of the period that is.

    Raises:
        ValueError: the objective is not between 0 and 1.
    """
    allowed, events = _allowed(rule), Events(samples, until)
    bad, total, covered = events.of(rule.period_seconds)
    if total == 0:
        return None
    period = span(rule.period_seconds)
    if not allowed:
        because = f"an objective of 100 % has no error budget: {percent(bad / total)} were bad in {period}"
        return Budget(math.inf if bad else 1.0, 0.0, covered, because)
    spent = bad / total / allowed
    because = f"{percent(spent)} of the error budget of {period} is spent"
    if covered < COVERED_MIN:
        because += f", as far as {percent(covered)} of that time can tell"
    return Budget(spent, max(0.0, 1 - spent), covered, because)


def exposure_max(rule: Objective, budget: Budget | None, detection_seconds: float) -> Exposure:
    """How many users a switch may put at risk, if the candidate fails everything until users are back.

    `detection_seconds` is from the first bad request until nobody is on the candidate any more: the delay of
    the data, the windows that must see it, and the way back.

    A share `w` of the users that fails everything for `t` seconds of a period of `P` seconds is `w * t / P`
    of the period's events, and spends `w * t / (P * (1 - objective))` of its budget. With `left` of it::

        w_max = left * P * (1 - objective) / t        t_max for all users = left * P * (1 - objective)

    Source: the workbook's "Canarying Releases" (the canary's errors count by its share of the population) and
    the burn rate of "Alerting on SLOs" (budget spent = burn rate * time / period). 99.9 % over 30 days are
    43.2 minutes for all users. Traffic is taken as even over the period: at a peak, allow less.
    Without evidence of what is left nobody may be put at risk.

    Raises:
        ValueError: the time is not positive and finite, or the objective is not between 0 and 1.
    """
    if not 0 < detection_seconds < math.inf:
        raise ValueError(f"detection must take a positive number of seconds, not {detection_seconds}")
    allowed = _allowed(rule)
    if budget is None:
        return Exposure(0.0, 0.0, "nothing is known of the error budget, so nobody may be put at risk")
    seconds = budget.left * rule.period_seconds * allowed
    if seconds <= 0:
        return Exposure(0.0, 0.0, "nothing of the error budget is left, so nobody may be put at risk")
    share = min(1.0, seconds / detection_seconds)
    because = (
        f"{percent(budget.left)} of the error budget is left, {span(seconds)} with all users failing: "
        f"{percent(share)} of them may be at risk for the {span(detection_seconds)} until they are back"
    )
    return Exposure(share, seconds, because)
