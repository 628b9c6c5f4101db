"""What became of a gate's samples: measurements, and the few numbers of them that a rollout remembers.

Frozen values, stored as they are. They import nothing of ours and refuse to know when a measurement is which.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Phase(StrEnum):
    """What one sample is worth. `measured` is a sound number that only counts together with the others."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    NO_DATA = "no_data"
    MEASURED = "measured"


class Measurement(Struct, frozen=True):
    """One sample and its phase; `because` says what is odd about it, empty where nothing is."""

    at: datetime
    value: float | None
    phase: Phase
    because: str = ""


class Counts(Struct, frozen=True, omit_defaults=True):
    """Measurements by phase: all so far, and those in a row (`..._run`), which only a pass ends.

    `passes_run` are passes that nothing else has come between. `recent` holds the newest passes (`p`) and
    failures (`f`), as many as the gate's `of`. `missed`: its `count` was over without what it asks for, so
    that it passes no more.
    """

    passes: int = 0
    failures: int = 0
    inconclusives: int = 0
    errors: int = 0
    passes_run: int = 0
    failures_run: int = 0
    inconclusives_run: int = 0
    errors_run: int = 0
    recent: str = ""
    missed: bool = False


class Tally(Struct, frozen=True, omit_defaults=True):
    """All that is remembered of a gate's measurements since `since`.

    `counts` are of the measurements before the newest one, which stays open until its interval is over:
    `phase` is the worst that its samples say, `errored` whether one of them was an error, `unclear` whether
    one was inconclusive. `number` says which measurement it is, -1 for none yet. `newest_at` is the time of
    the newest sample, `passed_at` that of the newest good one.
    """

    since: datetime
    counts: Counts = Counts()
    number: int = -1
    phase: Phase = Phase.NO_DATA
    errored: bool = False
    newest_at: datetime | None = None
    passed_at: datetime | None = None
    unclear: bool = False


class Usual(Struct, frozen=True, omit_defaults=True):
    """What a gate's numbers are like in the weeks before, in the same whole hours as `since` until `until`.

    `weeks` of them have numbers, `count` in all. `deviation` is the median of their distances from `median`,
    and `mean_deviation` the mean; 0 where none is a number.
    """

    since: datetime
    until: datetime
    weeks: int = 0
    count: int = 0
    median: float = 0.0
    deviation: float = 0.0
    mean_deviation: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0


class Span(Struct, frozen=True):
    """The events of the last `seconds`: bad ones and all, and how much of that time (0 to 1) samples cover.

    `spread` is the part that they stand for, however they are spaced, `well` the part that has good ones.
    """

    seconds: int
    bad: float
    total: float
    covered: float
    spread: float
    well: float = 0.0


class Kept(Struct, frozen=True, omit_defaults=True):
    """What is kept of windows that are longer than a gate's own, in the place of their samples.

    They end at `until`, and hold nothing older than `since`. `counted` says that every sample knew its number
    of events, `strange` how many were no shares. `alone` are those that did, where only some did.
    """

    until: datetime
    since: datetime | None = None
    spans: tuple[Span, ...] = ()
    counted: bool = False
    strange: int = 0
    alone: Kept | None = None
