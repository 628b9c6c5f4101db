"""Pure judgement: samples in, a verdict with its sentence out. Silence is never a pass."""

from shared.gates.judge import Beyond, combine, grouped, judge, mean, tallied, tallies_of
from shared.gates.measuring import advises, beside_live
from shared.gates.scoring import rank

__all__ = [
    "Beyond",
    "advises",
    "beside_live",
    "combine",
    "grouped",
    "judge",
    "mean",
    "rank",
    "tallied",
    "tallies_of",
]
