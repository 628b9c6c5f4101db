"""Lets go of verdicts that were kept for as long as their fleet asks.

Decides which rollouts are long enough over. The audit trail stays, because it proves the state. Refuses to
know rows.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from shared.errors import SwitchyardError
from shared.model import Rollout
from shared.ports import Clock, Evidence, Store

log = logging.getLogger("switchyard.retention")

DELETIONS_MAX = 200
"""In one run: what is left is for the next one, so that no run takes longer than its host allows."""


class Retention:
    """The end of old evidence."""

    def __init__(self, store: Store, evidence: Evidence, clock: Clock) -> None:
        self._store = store
        self._evidence = evidence
        self._clock = clock

    async def sweep(self) -> int:
        """Delete what is old, of every fleet; the number of deletions. A request where there is nothing."""
        done = 0
        for entry in await self._store.directory():
            try:
                done += await self._fleet(entry.name, DELETIONS_MAX - done)
            except SwitchyardError as error:
                log.warning("%s: old evidence stays for now: %s", entry.name, error)
        return done

    async def _fleet(self, fleet: str, deletions_max: int) -> int:
        oldest = await self._evidence.oldest(fleet) if deletions_max else None
        if oldest is None:
            return 0
        keeps_seconds = (await self._store.load(fleet)).fleet.policy.evidence_seconds
        if keeps_seconds == 0:
            return 0
        rollouts = {rollout.id: rollout for rollout in await self._store.rollouts(fleet)}
        done = 0
        while done < deletions_max and self._is_old(rollouts.get(oldest or ""), keeps_seconds):
            assert oldest is not None, "there is a rollout of that id"
            done += 1
            if not await self._evidence.forget(fleet, oldest):
                log.info("%s: the verdicts of %s were kept for as long as the fleet asks", fleet, oldest)
                oldest = await self._evidence.oldest(fleet)
        return done

    def _is_old(self, rollout: Rollout | None, keeps_seconds: int) -> bool:
        ended_at = rollout.ended_at if rollout is not None else None
        return ended_at is not None and ended_at + timedelta(seconds=keeps_seconds) <= self._clock.now()
