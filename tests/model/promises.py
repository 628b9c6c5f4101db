"""What must never happen, as sentences: held against every landing and every state in which nothing moves.

Pure. Knows states, the estate and the runbook's words; refuses to know workers and how a state was reached.
"""

from __future__ import annotations

from shared.actions import Action, DestroyCluster, StopCluster
from shared.model import FleetState, Outcome, Rollout, Stage
from tests.fleets import BLUE
from tests.model.asking import WriteRecord
from tests.model.estate import RUNNING, Estate

BACK = (Outcome.ROLLED_BACK, Outcome.STOPPED)
TOO_LATE = ("from here on there is no way back", "noted in idle")


def rollout_of(state: FleetState) -> Rollout:
    """The rollout, which there always is here."""
    assert state.rollout is not None, "the model begins within a rollout"
    return state.rollout


def after_claim(before: FleetState, after: FleetState, estate: Estate) -> str:
    """What a claim that has just landed breaks; empty if nothing. `estate` is as it left it."""
    old, new = rollout_of(before), rollout_of(after)
    if after.epoch != before.epoch + 1:
        return f"epoch {after.epoch} was claimed after epoch {before.epoch}"
    if old.stage is Stage.ROLLBACK and new.stage is not Stage.ROLLBACK:
        return f"{new.stage.value} {new.step} was claimed after the rollback had begun"
    if estate.taken > 1:
        return "the alert was consumed twice"
    if new.outcome is not None and old.outcome is None and estate.record.slot != home_of(new):
        return f"the rollout ended {new.outcome.value} with the traffic on {estate.record.slot}"
    return ""


def after_write(state: FleetState, before: Estate, write: WriteRecord) -> str:
    """What a record write that has just landed breaks."""
    rollout = rollout_of(state)
    if write.epoch < before.record.epoch:
        return f"a write of epoch {write.epoch} landed after one of epoch {before.record.epoch}"
    proven = rollout.stage is Stage.ROLLBACK and rollout.diverted_at is not None
    if proven and write.slot == rollout.candidate:
        return "the candidate got traffic after the rollback's own write had been seen"
    if write.slot == BLUE and before.blue != RUNNING:
        return "users were pointed at a cluster that does not run"
    return ""


def after_order(before: Estate, action: Action) -> str:
    """What an order without an epoch, which has just arrived, breaks."""
    if isinstance(action, StopCluster | DestroyCluster) and before.record.slot == action.slot:
        return f"the cluster of {action.slot} was stopped while the live record points at it"
    return ""


def at_rest(state: FleetState, estate: Estate, acknowledged: bool) -> str:
    """What is wrong where nothing moves any more."""
    rollout = rollout_of(state)
    home = home_of(rollout)
    if rollout.outcome is Outcome.ROLLBACK_FAILED or (
        rollout.outcome is None and rollout.stage is Stage.ROLLBACK
    ):
        return "nothing moves, and the rollback is not over"
    if estate.record.slot != home:
        where = f"{rollout.stage.value} {rollout.step}"
        return f"the row says {where}, and the record points at {estate.record.slot}"
    if home == BLUE and estate.blue != RUNNING:
        return "the record points at a cluster that does not run"
    if estate.is_pending:
        return "the alert is still pending"
    if acknowledged and estate.taken != 1:
        return f"the alert was acknowledged, and {estate.taken} claims have consumed it"
    if acknowledged and rollout.outcome not in BACK and not any(word in estate.fate for word in TOO_LATE):
        return f"the alert was acknowledged, and the rollout went on: {estate.fate}"
    return ""


def home_of(rollout: Rollout) -> str:
    """The slot that users belong on once all has settled."""
    back = rollout.stage is Stage.ROLLBACK or not rollout.shifted
    return rollout.safe if back else rollout.candidate
