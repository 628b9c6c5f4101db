"""Whether a lever gives way to the fleet's second one, and to which.

A balancer gives way to the records beneath it on the way forward: on the way back those are moved in any
case, and nobody asks. A live record gives way to the Front Door above it both ways. Decides that a control
plane refuses, keeps failing or never finishes; refuses to know what the second lever is then told.
"""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct

from shared.actions import PointRecord, SetWeights
from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import Rollout, Stage
from shared.probes import BalancerState, Probe, RecordState
from stages.levers import unsettled
from stages.looking import unavailable
from stages.patience import asked_seconds

TRIES_MAX = 5
"""So often in a row a lever may refuse an order for now, or not be read."""

_SPANS = 3
"""After so many of its own propagation times a change that is still on its way counts as frozen."""

_BACK_SECONDS = 60
"""After so long on the way back nobody counts the tries of a lever that fails, or that asks for as much."""


class GivesWay(Struct, frozen=True, kw_only=True):
    """Why, and by what traffic goes from here on: `above` the live record, or `beneath` the balancers."""

    because: str
    above: bool = False
    beneath: bool = False


def gives_way(fleet: Fleet, rollout: Rollout, seen: Seen) -> GivesWay | None:
    """To what the first lever gives way, None where it need not or cannot."""
    place = rollout.stage, rollout.step
    if fleet.above is not None:
        return _to_above(fleet, rollout, seen, place)
    under = all(balancer.beneath for balancer in fleet.balancers) and bool(fleet.balancers)
    if not under or rollout.beneath or place != (Stage.SWITCH, "shift"):
        return None
    because = _refused(rollout, seen) or _unread(fleet, rollout, seen) or _frozen(fleet, rollout, seen)
    if because is None:
        return None
    return GivesWay(because=f"{because}: it goes by the records beneath", beneath=True)


def _to_above(fleet: Fleet, rollout: Rollout, seen: Seen, place: tuple[Stage, str]) -> GivesWay | None:
    forward = place == (Stage.SWITCH, "shift")
    back = place in ((Stage.ROLLBACK, "divert"), (Stage.ROLLBACK, "prove"))
    because = _refused(rollout, seen) or _unread(fleet, rollout, seen)
    if fleet.above is None or rollout.above or because is None or not (forward or back):
        return None
    told = "it goes by" if forward else "it is tried again, and users are sent back as well by"
    return GivesWay(because=f"{because}: {told} {fleet.above.label}, above it", above=True)


def _refused(rollout: Rollout, seen: Seen) -> str | None:
    for result in seen.results:
        action, failure = result.action, result.failure
        if not isinstance(action, SetWeights | PointRecord) or failure is None or failure.conflict:
            continue
        lever = action.balancer if isinstance(action, SetWeights) else action.record
        if failure.permanent or _tried(rollout, seen, failure.after_seconds):
            return f"{lever.label} takes no order: {failure.because}"
    return None


def _unread(fleet: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    balancers: list[Probe] = [BalancerState(balancer) for balancer in fleet.balancers]
    records: list[Probe] = [RecordState(record) for record in fleet.live_records] if fleet.above else []
    because = unavailable(seen, balancers or records)
    if because is None or not _tried(rollout, seen, asked_seconds(seen)):
        return None
    return f"a {'balancer' if balancers else 'live record'} cannot be read: {because}"


def _tried(rollout: Rollout, seen: Seen, asked: float | None) -> bool:
    """Whether it was tried often enough, or on the way back for as long as users can be kept waiting."""
    back = rollout.stage is Stage.ROLLBACK
    late = seen.now >= rollout.entered_at + timedelta(seconds=_BACK_SECONDS)
    return rollout.failures >= TRIES_MAX or (back and (late or (asked or 0) >= _BACK_SECONDS))


def _frozen(fleet: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    patience = _SPANS * max(b.propagation_seconds for b in fleet.balancers)
    late = seen.now >= rollout.entered_at + timedelta(seconds=patience)
    return unsettled(fleet, rollout, seen) if late else None
