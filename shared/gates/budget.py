"""Decides what is left of an error budget and what a switch may put at risk.

Refuses to know whose requests they were: a sample is a share of bad events and, where known, how many there
were; and how fast it burns (`burning`). Source: the SRE workbook, "Alerting on SLOs"
(sre.google/workbook/alerting-on-slos), and for the risk of a canary "Canarying Releases"
(sre.google/workbook/canarying-releases).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from shared.gate_rules import Objective
from shared.gates.events import Counting, Events
from shared.gates.figures import percent, span
from shared.model import Sample

_ROUNDING = 1e-9
"""A budget that is spent to the last request leaves such a rest in binary fractions."""

COVERED_MIN = 0.75
"""The part of a window that samples must cover to speak for it: a late minute must not blind it."""


class Budget(Struct, frozen=True):
    """How much of the period's error budget is gone: shares of it, of which `spent` may exceed 1.

    `left` is at least 0. `covered` is the share of the period (0 to 1) that the samples cover.
    """

    spent: float
    left: float
    covered: float
    because: str

    @property
    def is_spent(self) -> bool:
        """Whether nothing of it is left."""
        return self.left <= _ROUNDING


class Exposure(Struct, frozen=True):
    """What may be put at risk: the largest share of users (0 to 1), and for how long all of them may be.

    A smaller share may be at risk for `full_seconds` divided by it.
    """

    share_max: float
    full_seconds: float
    because: str


def allowed_share(rule: Objective) -> float:
    """The share of bad events that the objective tolerates. Raises ValueError where it is no share."""
    if not 0 <= rule.objective <= 1:
        raise ValueError(f"an objective must be a share between 0 and 1, not {rule.objective}")
    return 1 - rule.objective


def budget(rule: Objective, samples: Sequence[Sample], until: datetime) -> Budget | None:
    """What is left of the error budget of the period that ends then. None: no evidence.

    The share of bad events over what was observed, divided by the share that the objective allows. What was
    not observed is taken to be like what was: taking it to be flawless would find a budget nearly full after
    a first bad day. `covered` says how much of the period that is.

    Raises:
        ValueError: the objective is not between 0 and 1.
    """
    return budget_of(rule, Events(samples, until))


def budget_of(rule: Objective, events: Counting) -> Budget | None:
    """`budget`, of events that are summed up already, of which none is older than the period."""
    allowed = allowed_share(rule)
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
    allowed = allowed_share(rule)
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
