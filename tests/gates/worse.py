"""Whether what was found is no better than before, to a rollout and to a group of gates."""

from __future__ import annotations

from shared.fleet import Gate
from shared.gates import rank
from shared.gates.measuring import limits_of, measured
from shared.gates.recorded import Recorded
from shared.gates.scoring import worth
from shared.measured import Phase
from shared.model import Judgement, Sample


def warns(gate: Gate, bad: Sample) -> bool:
    """Whether it is beyond what passes and within the limit, which speaks for half to a group."""
    return measured((bad,), limits_of(gate))[0].phase is Phase.INCONCLUSIVE


def no_better(after: Recorded | Judgement, before: Recorded | Judgement, *, warning: bool = False) -> bool:
    """Whether it is as good at most, and worth as much at most to a group: at its worst, and at its best."""
    assert before.verdict is not None
    assert after.verdict is not None
    least, greatest = worth(after.doubt or after.verdict)
    least_before, greatest_before = worth(before.doubt or before.verdict)
    worse = (warning or least <= least_before) and greatest <= greatest_before
    return worse and rank(after.verdict) <= rank(before.verdict)
