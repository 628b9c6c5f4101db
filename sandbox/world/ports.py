"""The ports door: the world as the engine's `World` port sees it, with no network between.

Keeps the promises of the Azure adapters: an epoch in the record's metadata, If-Match, receipts for run
commands, windows that end where data is complete. Refuses to know steps and verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sandbox.world.model import World
from shared.actions import Action
from shared.fleet import Fleet
from shared.probes import Answer, Probe


class PortsWorld:
    """`shared.ports.World` straight over a model."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """Answer every probe. What an outage hides is `Unavailable`."""
        raise NotImplementedError

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry out one action. Raises Superseded, Retry or Refused as the port says."""
        raise NotImplementedError
