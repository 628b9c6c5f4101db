"""Pure judgement: samples in, a verdict with its sentence out. Silence is never a pass."""

from shared.gates.judge import combine, judge, mean

__all__ = ["combine", "judge", "mean"]
