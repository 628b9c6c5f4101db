"""The runbook: stages in order, steps in order. Knows the order and nothing of what a step does."""

from __future__ import annotations

import msgspec

from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import Rollout, Stage
from stages import rollback, t0_prepare, t1_deploy, t2_sync, t3_switch, t4_retire
from stages.step import Move, Step, Verb, advance, hold

RUNBOOK: dict[Stage, tuple[Step, ...]] = {
    Stage.PREPARE: t0_prepare.STEPS,
    Stage.DEPLOY: t1_deploy.STEPS,
    Stage.SYNC: t2_sync.STEPS,
    Stage.SWITCH: t3_switch.STEPS,
    Stage.RETIRE: t4_retire.STEPS,
    Stage.ROLLBACK: rollback.STEPS,
}
FORWARD = tuple((stage, step) for stage in Stage if stage is not Stage.ROLLBACK for step in RUNBOOK[stage])
BACK = tuple((Stage.ROLLBACK, step) for step in RUNBOOK[Stage.ROLLBACK])
_STEPS = {(stage, step.name): step for stage, steps in RUNBOOK.items() for step in steps}
_PLACES = {(stage, step.name): n for path in (FORWARD, BACK) for n, (stage, step) in enumerate(path)}


def step_of(rollout: Rollout) -> Step:
    """The step that a rollout is in; a step that the runbook does not have is held, and says so."""
    found = _STEPS.get((rollout.stage, rollout.step))
    if found is not None:
        return found
    return Step(
        rollout.step, _begin_anew if rollout.stage is Stage.ROLLBACK else _foreign, at_deadline=Verb.HOLD
    )


def _foreign(_fleet: Fleet, rollout: Rollout, _seen: Seen) -> Move:
    because = (
        f"this version of Switchyard does not know it: {_unknown(rollout)}; put back the version that does"
    )
    return hold(rollout, f"{because}, or roll back")


def _begin_anew(_fleet: Fleet, rollout: Rollout, _seen: Seen) -> Move:
    # Every step of the way back may be taken twice, and users may still be where they must not stay.
    return advance(rollout, f"the way back begins anew: {_unknown(rollout)} in this version of Switchyard")


def _unknown(rollout: Rollout) -> str:
    return f"{rollout.stage.value} has no step {rollout.step}"


def following(fleet: Fleet, rollout: Rollout) -> tuple[Stage, Step] | None:
    """The next step that applies; None at the end of the runbook or of the way back.

    After a step that the path does not have comes its first.
    """
    path = BACK if rollout.stage is Stage.ROLLBACK else FORWARD
    here = _PLACES.get((rollout.stage, rollout.step), -1)
    return next(((stage, step) for stage, step in path[here + 1 :] if step.applies(fleet, rollout)), None)


def entry(fleet: Fleet, rollout: Rollout) -> Rollout:
    """The same rollout at a step that applies: the present one, or the first after it that does.

    The last step of either path always applies, so there is one.
    """
    if step_of(rollout).applies(fleet, rollout):
        return rollout
    following_one = following(fleet, rollout)
    assert following_one is not None, "the last step of either path applies always"
    stage, step = following_one
    return msgspec.structs.replace(rollout, stage=stage, step=step.name)
