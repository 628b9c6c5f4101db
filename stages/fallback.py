"""Whether a balancer gives way to the records beneath it on the way forward.

Decides that its control plane refuses, keeps failing or never finishes. On the way back the records are moved
in any case, and nobody asks.
"""

from __future__ import annotations

from datetime import timedelta

from shared.actions import SetWeights
from shared.decision import Seen
from shared.fleet import Fleet
from shared.model import Rollout, Stage
from shared.probes import BalancerState
from stages.levers import unsettled
from stages.looking import unavailable

TRIES_MAX = 5
"""So often in a row a balancer may refuse an order for now, or not be read."""

_SPANS = 3
"""After so many of its own propagation times a change that is still on its way counts as frozen."""


def gives_way(fleet: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    """Why traffic goes by the records beneath from here on, None where it need not or cannot."""
    under = all(balancer.beneath for balancer in fleet.balancers) and bool(fleet.balancers)
    if not under or rollout.beneath or (rollout.stage, rollout.step) != (Stage.SWITCH, "shift"):
        return None
    return _refused(rollout, seen) or _unread(fleet, rollout, seen) or _frozen(fleet, rollout, seen)


def _refused(rollout: Rollout, seen: Seen) -> str | None:
    for result in seen.results:
        action, failure = result.action, result.failure
        if not isinstance(action, SetWeights) or failure is None or failure.conflict:
            continue
        if failure.permanent or rollout.failures >= TRIES_MAX:
            return f"{action.balancer.label} takes no order: {failure.because}"
    return None


def _unread(fleet: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    because = unavailable(seen, [BalancerState(balancer) for balancer in fleet.balancers])
    return f"a balancer cannot be read: {because}" if because and rollout.failures >= TRIES_MAX else None


def _frozen(fleet: Fleet, rollout: Rollout, seen: Seen) -> str | None:
    patience = _SPANS * max(b.propagation_seconds for b in fleet.balancers)
    late = seen.now >= rollout.entered_at + timedelta(seconds=patience)
    return unsettled(fleet, rollout, seen) if late else None
