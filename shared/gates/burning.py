"""Decides how fast an error budget burns, by every alert of an objective.

An alert whose windows are longer than its gate's is judged by counts that were kept of them (`events.kept`).
Refuses to know whose requests they were. Source: the SRE workbook, "Alerting on SLOs"
(sre.google/workbook/alerting-on-slos).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from shared.gate_rules import Burn, Objective
from shared.gates.budget import COVERED_MIN, allowed_share
from shared.gates.burn_windows import Window, window_of
from shared.gates.events import Counting, Events, KeptEvents
from shared.gates.figures import exactly, last, many, percent, shown, span, telling, times
from shared.measured import Kept
from shared.model import Sample, Verdict


class Burnt(Struct, frozen=True):
    """The verdict on all alerts of an objective with its sentence.

    `rate` and `limit` are those of the worst alert: the lower burn rate of its two windows, and the rate that
    both must be above. None where it cannot be said, and for an objective of 1, which has no budget.
    """

    verdict: Verdict
    because: str
    rate: float | None = None
    limit: float | None = None


class _Alert:
    """An alert with both of its windows. Mostly the short one is calm, and the long one decides nothing."""

    __slots__ = ("_long", "_look", "burn", "short")

    def __init__(self, burn: Burn, look: Callable[[Burn, int], Window]) -> None:
        self.burn = burn
        self._look = look
        self.short = look(burn, burn.short_seconds)
        self._long: Window | None = None

    @property
    def long(self) -> Window:
        if self._long is None:
            self._long = self._look(self.burn, self.burn.long_seconds)
        return self._long

    @property
    def fires(self) -> bool:
        return self.short.breached and self.long.breached

    @property
    def partial(self) -> bool:
        return self.short.partial or self.long.partial

    @property
    def clear(self) -> bool:
        return self.short.within or self.long.within

    @property
    def known(self) -> bool:
        return self.long.share is not None and self.short.share is not None

    def left_out(self, watch: Watch) -> bool:
        """Whether it looks further back than its gate, and neither of its windows can be covered in time.

        One that fires all the same is not.
        """
        slow = self.burn.long_seconds > watch.window_seconds
        return slow and self.burn.short_seconds * COVERED_MIN > watch.watched_seconds and not self.fires

    @property
    def share(self) -> float:
        """The lower share of bad events of the two: both have to burn."""
        return min(self.long.share or 0.0, self.short.share or 0.0)

    @property
    def calm(self) -> tuple[float, tuple[int, ...]]:
        """The lower share of bad events of the windows that are known not to burn, and which those are."""
        windows = ((self.long, self.burn.long_seconds), (self.short, self.burn.short_seconds))
        within = [(window.share or 0.0, seconds) for window, seconds in windows if window.within]
        return min((share for share, _ in within), default=0.0), tuple(seconds for _, seconds in within)

    @property
    def both(self) -> tuple[int, ...]:
        """Its windows, in seconds."""
        return self.burn.long_seconds, self.burn.short_seconds


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
    - only some samples know their number of events: those alone must be well too, and all of them as equals.
    - an alert that not even 100 % bad events would fire is never clear.
    - shares below 0 or above 1, NaN and negative numbers of requests are no samples.

    Where a window burns, or looks as if, beside one that is unknown, that is `inconclusive`; where nothing
    does and something is unknown, `no_data`, which waiting cures. Where it cannot, because an alert looks
    further back than its gate and users are not watched for long enough to cover even its short window, the
    alert is left to fire or to say nothing: the others decide, as long as there are any.

    Raises:
        ValueError: the objective is not between 0 and 1.
    """
    return burn_of(rule, Events(samples, until), KeptEvents(watch.kept), watch).told()


def burn_of(rule: Objective, near: Counting, longer: Counting, watch: Watch) -> Burning:
    """`burn`, of events that are summed up already: those of its gate's window, and of longer ones."""
    allowed = allowed_share(rule)

    def look(alert: Burn, seconds: int) -> Window:
        return window_of(alert, allowed, seconds, near if seconds <= watch.window_seconds else longer)

    return Burning([_Alert(alert, look) for alert in rule.burns], allowed, watch, (near, longer))


class Burning:
    """All alerts of an objective at a look: the verdict on them, and the words for it once somebody asks."""

    __slots__ = ("_alerts", "_allowed", "_events", "_every", "_firing", "_unclear", "_watch", "verdict")

    def __init__(
        self,
        every: Sequence[_Alert],
        allowed: float,
        watch: Watch,
        events: Iterable[Counting],
    ) -> None:
        self._every = every
        self._alerts = alerts = [each for each in every if not each.left_out(watch)] or every
        self._allowed = allowed
        self._watch = watch
        self._events = events
        self._firing = [alert for alert in alerts if alert.fires]
        self._unclear = [alert for alert in alerts if not alert.fires and not alert.clear]
        self.verdict = self._verdict()

    def _verdict(self) -> Verdict:
        if self._firing:
            return Verdict.FAIL
        if not self._unclear:
            return Verdict.PASS if self._alerts else Verdict.NO_DATA
        windows = (window for alert in self._unclear for window in (alert.long, alert.short))
        burning = any(window.breached or window.doubtful for window in windows)
        return Verdict.INCONCLUSIVE if burning else Verdict.NO_DATA

    def told(self) -> Burnt:
        """The verdict with its sentence."""
        calm = self.verdict is Verdict.PASS

        def share(alert: _Alert) -> float:
            return alert.calm[0] if calm else alert.share

        # What is known of the whole of its windows is told before what is known of a part.
        firing = [alert for alert in self._firing if not alert.partial] or self._firing
        worst = max(firing or self._alerts, key=lambda alert: share(alert) / alert.burn.rate, default=None)
        if worst is None:
            return Burnt(self.verdict, "the objective declares no alert")
        allowed = self._allowed
        rate = share(worst) / allowed if allowed and (calm or worst.known) else None
        limit = worst.burn.rate if rate is not None else None
        return Burnt(self.verdict, self._sentence(worst) + self._untold(), rate, limit)

    def _sentence(self, worst: _Alert) -> str:
        if self.verdict is Verdict.FAIL:
            return _burning(worst, self._allowed)
        if self.verdict is Verdict.PASS:
            return _calm(worst, self._allowed)
        # The same sample may be in the gate's window and in a longer one.
        because = _reasons(self._unclear, max(each.strange for each in self._events))
        burning = self.verdict is Verdict.INCONCLUSIVE
        return f"the error budget may be burning: {because}" if burning else because

    def _untold(self) -> str:
        """Of which alerts nothing is known, where others decide without them and do not fail."""
        left_out = [each for each in self._every if each not in self._alerts]
        if not left_out or self.verdict is Verdict.FAIL:
            return ""
        names = " and ".join(span(each.burn.long_seconds) for each in left_out)
        return (
            f"; of {names} nothing is known while users are watched for {span(self._watch.watched_seconds)}"
        )


def _burning(alert: _Alert, allowed: float) -> str:
    seen = " by what is known of them, which no rest could make up for" if alert.partial else ""
    if not allowed:
        return f"{percent(alert.share)} were bad {_over(alert.both)}, and the objective tolerates none{seen}"
    return _speed(alert.burn, alert.share, allowed, alert.both, "beyond") + seen


def _calm(alert: _Alert, allowed: float) -> str:
    share, windows = alert.calm
    if not allowed:
        return f"none were bad {_over(windows)}"
    return _speed(alert.burn, share, allowed, windows, "within")


def _speed(burn: Burn, share: float, allowed: float, windows: Iterable[int], word: str) -> str:
    rate, limit = share / allowed, burn.rate
    digits = telling(lambda read: (read > limit) is (word == "beyond"), rate)
    fast = f"{times(shown(rate, digits=digits))} as fast as it may"
    return f"the error budget burns {fast} {_over(windows)}, {word} the limit of {times(exactly(limit))}"


def _over(windows: Iterable[int]) -> str:
    """Said of each: 6 hours and 30 minutes would be one window."""
    return " and ".join(f"over {last(seconds)}" for seconds in windows)


def _reasons(alerts: Sequence[_Alert], strange: int) -> str:
    windows = (window for alert in alerts for window in (alert.long, alert.short))
    reasons = dict.fromkeys(window.because() for window in windows if window.because is not None)
    odd = many(strange, "sample is no share", "samples are no shares")
    return "; ".join([*([f"{odd} between 0 and 1"] if strange else []), *reasons])
