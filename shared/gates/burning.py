"""Decides how fast an error budget burns, by every alert of an objective.

An alert whose windows are longer than its gate's is judged by counts that were kept of them (`events.kept`).
Refuses to know whose requests they were. Source: the SRE workbook, "Alerting on SLOs"
(sre.google/workbook/alerting-on-slos).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from shared.gate_rules import Burn, Objective
from shared.gates.budget import COVERED_MIN, allowed_share
from shared.gates.events import Counting, Events, KeptEvents
from shared.gates.figures import exactly, percent, shown, span, telling, times
from shared.measured import Kept
from shared.model import Sample, Verdict

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

    def slow(self, window_seconds: float) -> bool:
        """Whether it looks further back than its gate."""
        return self.burn.long_seconds > window_seconds

    def too_long(self, watched_seconds: float) -> bool:
        """Whether neither of its windows can be covered in that time."""
        return self.burn.short_seconds * COVERED_MIN > watched_seconds

    @property
    def share(self) -> float:
        """The lower share of bad events of the two: both have to burn."""
        return min(self.long.share or 0.0, self.short.share or 0.0)

    @property
    def over(self) -> str:
        return f"over the last {span(self.burn.long_seconds)} and {span(self.burn.short_seconds)}"


class Watch(Struct, frozen=True):
    """How an objective is looked at: its gate's window, and for how long users are watched (both in seconds).

    `kept` is what is known of longer windows, None where nothing is.
    """

    window_seconds: float = math.inf
    watched_seconds: float = math.inf
    kept: Kept | None = None


WHOLE = Watch()
"""All of the samples, for as long as it takes."""


def beyond(rule: Objective, window_seconds: float) -> tuple[int, ...]:
    """The windows of the objective's alerts that are longer than the gate's, in seconds, shortest first."""
    windows = {each for alert in rule.burns for each in (alert.long_seconds, alert.short_seconds)}
    return tuple(sorted(each for each in windows if each > window_seconds))


def noticed_seconds(rule: Objective, window_seconds: float) -> float:
    """How long a candidate must fail everything until an alert fires that its gate looks at each time.

    The workbook's detection time, `(1 - objective) / error ratio * window * burn rate`, with all events bad;
    the gate's window where none of its alerts fits in. The delay of the data comes on top.
    """
    allowed = allowed_share(rule)
    within = (each for each in rule.burns if each.long_seconds <= window_seconds and each.rate * allowed < 1)
    return min((each.rate * allowed * each.long_seconds for each in within), default=window_seconds)


def burn(rule: Objective, samples: Sequence[Sample], until: datetime, watch: Watch = WHOLE) -> Burnt:
    """Judge every alert of `rule` on shares of bad events (0 to 1) until then; newer samples are left out.

    An alert fires where its long and its short window both burn at more than its rate: that is `fail`. It is
    clear where one of them is known not to. All clear is `pass`. Everything else is no evidence, and said:

    - good events cover less than `COVERED_MIN` of a window: it is never clear. It burns all the same where
      even a flawless rest, as busy as what was seen, could not save it: a candidate that fails everything is
      found in a minute and not when the hour is over.
    - a window has so few requests that a single bad one would breach: it is never clear, and one bad request
      alone does not burn it (the workbook's "Low-Traffic Services"). An objective of 1 tolerates none.
    - an alert that not even 100 % bad events would fire is never clear.
    - shares below 0 or above 1, NaN and negative numbers of requests are no samples.

    Where a window burns, or looks as if, beside one that is unknown, that is `inconclusive`; where nothing
    does and something is unknown, `no_data`, which waiting cures. Where it cannot, because an alert looks
    further back than its gate and users are not watched for long enough to cover even its short window, the
    alert is left to fire or to say nothing: the others decide, as long as there are any.

    Raises:
        ValueError: the objective is not between 0 and 1.
    """
    return burn_of(rule, Events(samples, until), KeptEvents(watch.kept), watch)


def burn_of(rule: Objective, near: Counting, longer: Counting, watch: Watch) -> Burnt:
    """`burn`, of events that are summed up already: those of its gate's window, and of longer ones."""
    allowed = allowed_share(rule)
    every = [
        _Alert(
            burn=alert,
            long=_window(alert, allowed, alert.long_seconds, near, longer, watch),
            short=_window(alert, allowed, alert.short_seconds, near, longer, watch),
        )
        for alert in rule.burns
    ]
    left_out = [
        each
        for each in every
        if each.slow(watch.window_seconds) and each.too_long(watch.watched_seconds) and not each.fires
    ]
    alerts = [each for each in every if each not in left_out] or every
    found = _together(alerts, allowed, near.strange + longer.strange)
    if alerts is every or not left_out or found.verdict is Verdict.FAIL:
        return found
    names = " and ".join(span(each.burn.long_seconds) for each in left_out)
    because = f"{found.because}; of {names} nothing is known while users are watched for"
    return msgspec.structs.replace(found, because=f"{because} {span(watch.watched_seconds)}")


def _together(alerts: Sequence[_Alert], allowed: float, strange: int) -> Burnt:
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
    because = _unclear(unclear, strange)
    windows = [window for alert in unclear for window in (alert.long, alert.short)]
    if any(window.breached or window.doubtful for window in windows):
        return Burnt(Verdict.INCONCLUSIVE, f"the error budget may be burning: {because}", rate, limit)
    return Burnt(Verdict.NO_DATA, because, rate, limit)


def _window(
    alert: Burn, allowed: float, seconds: int, near: Counting, longer: Counting, watch: Watch
) -> _Window:
    events = near if seconds <= watch.window_seconds else longer
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
    if limit >= 1:
        because = f"{times(exactly(alert.rate))} the budget is more than all requests, so nothing can burn it"
        return _Window(share=share, because=because)
    if covered < COVERED_MIN:
        return _Window(share=share, because=f"samples cover {percent(covered)} of the last {span(seconds)}")
    if events.counted and allowed > 0 and (total - bad) * limit < 1:
        because = (
            f"{total:.4g} requests in the last {span(seconds)} are too few: one bad one would be too many"
        )
        return _Window(share=share, because=because)
    well = events.well(seconds)
    if well < COVERED_MIN:
        because = f"good events cover {percent(well)} of the last {span(seconds)}"
        return _Window(share=share, because=because)
    return _Window(share=share, within=True)


def _burning(alert: _Alert, allowed: float) -> str:
    if not allowed:
        return f"{percent(alert.share)} were bad {alert.over}, and the objective tolerates none"
    return _speed(alert, allowed, "beyond")


def _calm(alert: _Alert, allowed: float) -> str:
    if not allowed:
        return f"none were bad {alert.over}"
    return _speed(alert, allowed, "within")


def _speed(alert: _Alert, allowed: float, word: str) -> str:
    rate, limit = alert.share / allowed, alert.burn.rate
    digits = telling(lambda read: (read > limit) is (word == "beyond"), rate)
    fast = f"{times(shown(rate, digits=digits))} as fast as it may"
    return f"the error budget burns {fast} {alert.over}, {word} the limit of {times(exactly(limit))}"


def _unclear(alerts: Sequence[_Alert], strange: int) -> str:
    reasons = dict.fromkeys(
        window.because for alert in alerts for window in (alert.long, alert.short) if window.because
    )
    if strange:
        reasons[f"{strange} samples are no shares between 0 and 1"] = None
    return "; ".join(reasons)
