"""What a window of samples is held against, and what it came to. Frozen values; decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from shared.gates.burning import WHOLE, Watch
from shared.measured import Measurement, Usual
from shared.model import Doubt, Verdict

Speaks = Callable[[float], bool]
"""Whether a number by itself speaks for a pass."""


class Beside(Struct, frozen=True):
    """What a gate's numbers are held against, as far as it was seen; None where it was not.

    `baseline` is the mean that was recorded on the live slot, `live` the live slot's numbers of the same
    window, `usual` what the weeks before were like. `trouble` says why `live` is not there, `odd` what error
    is among its samples, `unread` why `usual` is not there; empty where there is none, or nobody can be
    asked. `watch` is how an objective is looked at.
    """

    baseline: float | None = None
    live: Sequence[float] | None = None
    usual: Usual | None = None
    watch: Watch = WHOLE
    trouble: str = "the live slot was not observed"
    odd: str = ""
    unread: str = ""


class Weighed(Struct, frozen=True):
    """A verdict with its sentence, and the value and the limit that it rests on.

    `within` are the measurements that speak for a pass by themselves. `doubt` is what is known of one that is
    inconclusive.
    """

    verdict: Verdict
    because: str
    value: float | None = None
    limit: float | None = None
    score: float | None = None
    within: Sequence[Measurement] = ()
    doubt: Doubt | None = None
