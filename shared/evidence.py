"""What a gate has said of a slot and by what: a verdict, and the samples that it rests on.

Frozen values, encoded as they are into Table Storage. This module decides nothing; it refuses to know how a
verdict is come to and what it leads to.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from shared.levers import SlotName
from shared.measured import Tally


class Verdict(StrEnum):
    """A gate's answer."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NO_DATA = "no_data"
    PROVIDER_ERROR = "provider_error"


class Doubt(StrEnum):
    """What is known of a verdict that is inconclusive, where it is more than that.

    `warning`: all of the window is within its limits, and some of it beyond what passes.
    `at_most_warning`: some of it is beyond a limit, and no more than is tolerated; or it warned, and says
    nothing of now.
    """

    WARNING = "warning"
    AT_MOST_WARNING = "at_most_warning"


class Sample(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured value; `value` is None where the source has a bucket without data.

    `requests` are how many events it speaks of, where the source says. `error` says why the source gave none
    that time, `because` what a value means where the number does not say it.
    """

    at: datetime
    value: float | None = None
    requests: float | None = None
    error: str = ""
    because: str = ""


class Judgement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A gate's verdict with its evidence. `limit` is the number that `value` was held against.

    `limits` are all that the gate declares, in the words of the fleet file (`gates.measuring.declared`).
    `source` is the query as it was sent, `since` and `until` the window that it was sent for. `beside` are
    the samples that it was held against: the live slot's of the same window, or the weeks before where this
    look has read them. `left_out` older ones were judged and not kept, because no claim could have held them.
    `score` is 0 to 100 where the gate's rule gives one. `tally` is what its measurements came to, for the
    next look. `doubt` says what is known of it where it is inconclusive. `group`, `weight`, `critical` and
    `dry_run` are the gate's own, for who combines several.
    """

    gate: str
    slot: SlotName
    verdict: Verdict
    because: str
    at: datetime
    value: float | None = None
    limit: float | None = None
    limits: dict[str, float] = {}
    unit: str = ""
    source: str = ""
    samples: tuple[Sample, ...] = ()
    left_out: int = 0
    beside: tuple[Sample, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    score: float | None = None
    tally: Tally | None = None
    group: str = ""
    weight: float = 1.0
    critical: bool = False
    dry_run: bool = False
    doubt: Doubt | None = None
