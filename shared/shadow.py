"""Who takes the orders of a rollout that changes nothing.

It has no way to the world: what it is handed ends here. Decides nothing; refuses to know what an order means.
"""

from __future__ import annotations

import logging

from shared.actions import Action, Freeze, Purge, Thaw
from shared.fleet import Fleet

log = logging.getLogger("switchyard.shadow")

RECEIPT = "shadow"


class Shadow:
    """`shared.ports.Performer` that carries out nothing."""

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Take the order; a receipt where a world would give one."""
        log.info("%s, epoch %d, in shadow: %s is not carried out", fleet.name, epoch, type(action).__name__)
        return RECEIPT if isinstance(action, Freeze | Thaw | Purge) else None
