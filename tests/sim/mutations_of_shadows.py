"""The mutants of a rollout that changes nothing. See `tests.sim.mutations`."""

from __future__ import annotations

from tests.sim.edits import Mutant, mutant

SHADOWS: tuple[Mutant, ...] = (
    mutant(
        "a shadow's orders reach the world",
        ("shared.engine", "_performer", "rollout is not None and rollout.shadow", "False"),
    ),
    mutant(
        "a shadow is forgotten in mid rollout",
        ("stages.react", "begin_rollback", "outcome=None", "outcome=None, shadow=False"),
    ),
    mutant(
        "a shadow hands the fleet over",
        (
            "stages.apply",
            "_advanced",
            "step.name == 'hand_over' and (not move.rollout.shadow)",
            "step.name == 'hand_over'",
        ),
    ),
    mutant(
        "a shadow holds its version",
        (
            "stages.apply",
            "_close",
            "outcome is not Outcome.COMPLETED and (not rollout.shadow)",
            "outcome is not Outcome.COMPLETED",
        ),
    ),
    mutant(
        "a shadow forgets its orders",
        ("stages.machine", "_decision", "shadow.assuming(rollout, actions, epoch)", "rollout"),
    ),
)
