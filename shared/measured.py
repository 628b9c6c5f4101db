"""A gate's samples and what became of them: measurements, and the tally that a rollout remembers.

Frozen values, stored as they are. They import nothing of ours and refuse to know when a measurement is which.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


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
    failures (`f`), as many as the gate's `of`.
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


class Tally(Struct, frozen=True, omit_defaults=True):
    """All that is remembered of a gate's measurements since `since`.

    `counts` are of the measurements before the newest one, which stays open until its interval is over:
    `phase` is the worst that its samples say, `errored` whether one of them was an error. `number` says which
    measurement it is, -1 for none yet. `newest_at` is the time of the newest sample, `passed_at` that of the
    newest good one.
    """

    since: datetime
    counts: Counts = Counts()
    number: int = -1
    phase: Phase = Phase.NO_DATA
    errored: bool = False
    newest_at: datetime | None = None
    passed_at: datetime | None = None
