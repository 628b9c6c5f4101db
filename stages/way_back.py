"""How long the way back takes from here, lever by lever, and how sure one can be of it. Pure; for people.

Decides what "time to safety" means: from the order until everybody is on the safe slot again, as long as the
lever took on the way forward where that was measured, else as long as it takes at most by its TTL.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.fleet import Fleet
from shared.levers import Balancer, Lever, Record, SlotName
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


def way_back(fleet: Fleet, rollout: Rollout) -> WayBack:
    """The way back of a rollout in flight; none is possible once it has ended or the old cluster goes."""
    possible = rollout.outcome is None and not rollout.destroying and rollout.stage is not Stage.ROLLBACK
    going = possible and rollout.shifted and not rollout.shadow
    return WayBack(
        safe=rollout.safe,
        possible=possible,
        levers=tuple(_back(fleet, rollout, lever) for lever in fleet.levers) if going else (),
        ready_at=rollout.ready_at,
        unready=rollout.unready,
        unproven=rollout.unproven,
    )


def _back(fleet: Fleet, rollout: Rollout, lever: Lever) -> LeverBack:
    bound = _bound_seconds(fleet, rollout, lever)
    measured = None if _by_records(lever) else rollout.follow_seconds.get(lever.label)
    if measured is None:
        return LeverBack(lever=lever.label, seconds=bound, measured=False)
    # A TTL that is back at its declared length takes the way back that much longer than the way there.
    late = measured - bound_seconds(fleet, rollout, lever)
    return LeverBack(lever=lever.label, seconds=bound + max(0.0, late), measured=True)


def _bound_seconds(fleet: Fleet, rollout: Rollout, lever: Lever) -> float:
    if isinstance(lever, Record) and rollout.ttl_lowered_at is None:
        return fleet.policy.propagation_seconds + lever.ttl_seconds
    if isinstance(lever, Balancer) and lever.beneath:
        return beneath_seconds(fleet, lever)
    return bound_seconds(fleet, rollout, lever)


def _by_records(lever: Lever) -> bool:
    return isinstance(lever, Balancer) and bool(lever.beneath)
