"""Freezing and thawing deployments to the live cluster through one run command each.

A run command's receipt is remembered once it is claimed; a receipt that was lost starts the command again,
which is harmless because it is idempotent. A freeze expires by itself, so a thaw that fails ends nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from shared.actions import Freeze, Thaw
from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import Rollout
from shared.probes import CommandSeen, CommandState, Probe
from stages.looking import seen_as, unavailable
from stages.step import ORDER_SECONDS_MAX, Move, Verb, act, advance, fail, wait
from stages.verdicts import unseen

_POLL_SECONDS = 10
_HANDING_OVER_SECONDS = 30
"""For so long a worker may be handing a command over: one that looks meanwhile must not order it again."""


def command_needs(_fleet: Fleet, rollout: Rollout) -> frozenset[Probe]:
    """The run command that was started on the live cluster, if one was."""
    if rollout.command_id is None:
        return frozenset()
    return frozenset({CommandState(rollout.live, rollout.command_id)})


def freeze(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Deny workload changes on the live cluster until the freeze expires."""
    assert fleet.freeze is not None, "the step applies only where the fleet declares a freeze"
    until = seen.now + timedelta(seconds=fleet.freeze.expires_seconds)
    ended = _run(rollout, seen, Freeze(rollout.live, until), f"freezes deployments to {rollout.live}")
    if isinstance(ended, Move):
        return ended
    if ended.exit_code != 0:
        return fail(rollout, f"the freeze of {rollout.live} failed: {ended.output.strip()[-200:]}")
    return advance(rollout, f"deployments to {rollout.live} are frozen")


def renewed(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move | None:
    """Freeze again where the freeze ran out while the rollout waited; None while it holds."""
    if fleet.freeze is None or rollout.frozen_until is None:
        return None
    lapsed = seen.since >= rollout.frozen_until
    # An order of this very step counts once its run command has ended: it may never have been handed over.
    # The step was entered by the latest reckoning and the order given by the earliest, hence the allowance.
    ordered_at = rollout.frozen_until - timedelta(seconds=fleet.freeze.expires_seconds)
    if not lapsed and ordered_at < rollout.entered_at - timedelta(seconds=_HANDING_OVER_SECONDS):
        return None
    if lapsed and rollout.command_id is not None:
        rollout = msgspec.structs.replace(rollout, command_id=None)
    move = freeze(fleet, rollout, seen)
    return None if move.verb is Verb.ADVANCE else move


def thaw(fleet: Fleet, rollout: Rollout, seen: Seen) -> Move:
    """Allow workload changes on the live cluster again; tried until the step's deadline."""
    left = _order_seconds_left(fleet, rollout, seen.now)
    if left > 0:
        because = f"a freeze of {rollout.live} may still be on its way: it is lifted after that"
        return wait(rollout, because, wake_seconds=left)
    ended = _run(rollout, seen, Thaw(rollout.live), f"lifts the freeze of {rollout.live}")
    if isinstance(ended, Move):
        return ended
    if ended.exit_code != 0:
        because = f"the thaw of {rollout.live} failed, it is tried again: {ended.output.strip()[-200:]}"
        return wait(rollout, because, command_id=None)
    return advance(rollout, f"deployments to {rollout.live} are allowed again", frozen_until=None)


def _order_seconds_left(fleet: Fleet, rollout: Rollout, now: datetime) -> float:
    """How long the newest order to freeze may still be on its way: a freeze after the thaw would stay."""
    if fleet.freeze is None or rollout.frozen_until is None:
        return 0
    ordered_at = rollout.frozen_until - timedelta(seconds=fleet.freeze.expires_seconds)
    return (ordered_at - now).total_seconds() + ORDER_SECONDS_MAX


def frozen(_fleet: Fleet, rollout: Rollout) -> bool:
    """Whether a freeze was ordered and not yet lifted."""
    return rollout.frozen_until is not None


def _run(rollout: Rollout, seen: Seen, order: Freeze | Thaw, because: str) -> Move | CommandSeen:
    if rollout.command_id is None:
        return _start(rollout, seen, order, because)
    probe = CommandState(rollout.live, rollout.command_id)
    found = seen_as(seen, probe, CommandSeen)
    if found is None:
        return unseen(rollout, f"the run command could not be read: {unavailable(seen, [probe])}")
    if found.exit_code is None:
        return wait(rollout, "the run command is under way", wake_seconds=_POLL_SECONDS)
    return found


def _start(rollout: Rollout, seen: Seen, order: Freeze | Thaw, because: str) -> Move:
    receipt = next((r.receipt for r in seen.results if type(r.action) is type(order)), None)
    if receipt is not None:
        taken = f"{because}: the run command was taken"
        return wait(rollout, taken, wake_seconds=_POLL_SECONDS, command_id=receipt)
    # The freeze is remembered with the order, so that every ending lifts it even if its answer is lost.
    until = order.until if isinstance(order, Freeze) else rollout.frozen_until
    return act(rollout, because, order, wake_seconds=_HANDING_OVER_SECONDS, frozen_until=until)
