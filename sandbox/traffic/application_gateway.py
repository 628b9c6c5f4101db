"""Application Gateway in front of both slots, with connection draining.

Decides that a new request goes to the pool of the rule in force, and that what is still with a pool which the
rule has left may end within the drain timeout and is cut after it.

Source: https://learn.microsoft.com/azure/application-gateway/features#connection-draining
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sandbox.traffic.listener import Address
from sandbox.traffic.proxy import Origins, Proxy
from sandbox.world.model import World
from shared.levers import Balancer, SlotName

DRAIN_SECONDS = 60.0
LOOK_SECONDS = 0.01


class ApplicationGateway(Proxy):
    """A gateway whose rule names one back-end pool. `cut` counts what the drain timeout ended."""

    server = "application-gateway"

    def __init__(
        self, world: World, balancer: Balancer, origins: Origins, *, drain_seconds: float = DRAIN_SECONDS
    ) -> None:
        super().__init__(world, balancer, origins)
        self._drain_seconds = drain_seconds
        self._with: dict[SlotName, set[asyncio.Task[Any]]] = {each.slot: set() for each in balancer.members}
        self._left_at: dict[SlotName, datetime] = {}
        self._draining: asyncio.Task[None] | None = None
        self.cut = 0

    @property
    def left(self) -> frozenset[SlotName]:
        """The slots that no rule sends to any more."""
        return frozenset(self._left_at)

    async def start(self) -> Address:
        """Listen, and return where."""
        self._draining = asyncio.create_task(self._drain())
        return await super().start()

    async def stop(self) -> None:
        """Cut everything."""
        if self._draining is not None:
            self._draining.cancel()
            await asyncio.gather(self._draining, return_exceptions=True)
        await super().stop()

    @contextlib.contextmanager
    def holding(self, slot: SlotName) -> Iterator[None]:
        """A request or a websocket is with this pool."""
        task = asyncio.current_task()
        assert task is not None
        self._with[slot].add(task)
        try:
            yield
        finally:
            self._with[slot].discard(task)

    async def _drain(self) -> None:
        while True:
            now = self._world.now()
            shares = self._world.balancers.in_force(self._balancer, now)
            for slot, tasks in self._with.items():
                if slot in shares:
                    self._left_at.pop(slot, None)
                elif now >= self._left_at.setdefault(slot, now) + timedelta(seconds=self._drain_seconds):
                    self._cut(tasks)
            await asyncio.sleep(LOOK_SECONDS)

    def _cut(self, tasks: set[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        self.cut += len(tasks)
        tasks.clear()
