"""A stub resolver that keeps answers. Decides that each is kept for its TTL by the world's clock, no longer.

Refuses to know how a name server is asked (`udp_names`) and who listens at an address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

NO_NAME_SECONDS = 5.0
"""How long it is remembered that a name leads nowhere."""


class Held(NamedTuple):
    """An answer: addresses (none where the name leads nowhere), and for how many seconds it may be kept."""

    addresses: tuple[str, ...]
    ttl_seconds: float


class Names(Protocol):
    """Whoever can be asked for a name. Seconds are the world's."""

    async def lookup(self, name: str) -> Held:
        """The addresses of a name, whatever it is another name for; the TTL is the shortest on the way."""


class Resolver:
    """A stub resolver with a cache of its own."""

    def __init__(self, names: Names, now: Callable[[], datetime]) -> None:
        self._names = names
        self._now = now
        self._kept: dict[str, tuple[datetime, Held]] = {}
        self._asking = asyncio.Lock()

    async def address(self, name: str) -> str:
        """The name's first address, empty where it leads nowhere."""
        held = self._known(name)
        if held is None:
            async with self._asking:
                held = self._known(name) or await self._ask(name)
        return held.addresses[0] if held.addresses else ""

    def _known(self, name: str) -> Held | None:
        kept = self._kept.get(name)
        return kept[1] if kept is not None and self._now() < kept[0] else None

    async def _ask(self, name: str) -> Held:
        held = await self._names.lookup(name)
        self._kept[name] = self._now() + timedelta(seconds=held.ttl_seconds), held
        return held
