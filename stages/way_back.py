"""How long the way back takes from here, lever by lever, and how sure one can be of it. Pure; for people.

Decides what "time to safety" means: from now until everybody is on the safe slot again, as long as the lever
took on the way forward where that was measured, else as long as it takes at most by its TTL. What deploys one
change at a time takes that for each change, and first for what is left of the one that is under way.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.fleet import Fleet
from shared.levers import ONE_BY_ONE, SERIAL, Balancer, Lever, Record, SlotName
from shared.model import Rollout, Stage
from stages.levers import beneath_seconds, bound_seconds


class LeverBack(Struct, frozen=True, kw_only=True):
    """One lever's part. `measured` says that the seconds are those of this rollout's own switch."""

    lever: str
    seconds: float
    measured: bool


class WayBack(Struct, frozen=True, kw_only=True):
    """The way back to `safe`. `levers` is empty where no traffic has moved, or none can be moved back.

    `ready_at` is when the slot last proved that it could take everything, `unready` what it lacks since, and
    `unproven` why it could not be asked since.
    """

    safe: SlotName
    possible: bool
    levers: tuple[LeverBack, ...] = ()
    ready_at: datetime | None = None
    unready: str | None = None
    unproven: str | None = None


def way_back(fleet: Fleet, rollout: Rollout, now: datetime) -> WayBack:
    """The way back of a rollout in flight; none is possible once it has ended or the old cluster goes."""
    possible = rollout.outcome is None and not rollout.destroying and rollout.stage is not Stage.ROLLBACK
    going = possible and rollout.shifted and not rollout.shadow
    return WayBack(
        safe=rollout.safe,
        possible=possible,
        levers=tuple(_back(fleet, rollout, lever, now) for lever in fleet.levers) if going else (),
        ready_at=rollout.ready_at,
        unready=rollout.unready,
        unproven=rollout.unproven,
    )


def _back(fleet: Fleet, rollout: Rollout, lever: Lever, now: datetime) -> LeverBack:
    bound = _bound_seconds(fleet, rollout, lever)
    measured = None if _by_records(lever) else rollout.follow_seconds.get(lever.label)
    # A TTL that is back at its declared length takes the way back that much longer than the way there.
    late = measured - bound_seconds(fleet, rollout, lever) if measured is not None else 0.0
    seconds = bound + max(0.0, late)
    if isinstance(lever, Balancer) and not _by_records(lever):
        seconds = _under_way_seconds(rollout, lever, now) + _changes(fleet, rollout, lever) * seconds
    return LeverBack(lever=lever.label, seconds=seconds, measured=measured is not None)


def _under_way_seconds(rollout: Rollout, balancer: Balancer, now: datetime) -> float:
    """What is left at most of the change that has to be over first."""
    ordered_at = rollout.ordered_at.get(balancer.label)
    if ordered_at is None:
        return 0.0
    return max(0.0, (ordered_at - now).total_seconds() + balancer.propagation_seconds)


def _changes(fleet: Fleet, rollout: Rollout, balancer: Balancer) -> int:
    """How many changes, one after the other, take everybody back."""
    if balancer.kind not in SERIAL:
        return 1
    ramping = rollout.step == "ramp"
    canary = fleet.shift.match is not None and rollout.stage is Stage.SWITCH
    if canary and ramping and rollout.portion == 0:
        return 1
    # Who has nothing is brought back before the other is taken out; a share is taken back in one.
    return (2 if balancer.kind in ONE_BY_ONE and not ramping else 1) + canary


def _bound_seconds(fleet: Fleet, rollout: Rollout, lever: Lever) -> float:
    if isinstance(lever, Record) and rollout.ttl_lowered_at is None:
        return fleet.policy.propagation_seconds + lever.ttl_seconds
    if isinstance(lever, Balancer) and lever.beneath:
        return beneath_seconds(fleet, lever)
    return bound_seconds(fleet, rollout, lever)


def _by_records(lever: Lever) -> bool:
    return isinstance(lever, Balancer) and bool(lever.beneath)
