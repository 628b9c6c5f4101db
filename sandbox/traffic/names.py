"""What names say: the estate's zones and the balancers' own names, and a stub resolver that keeps answers.

Decides what an authoritative server says at this moment, and that an answer is kept for its TTL by the
world's clock and not a moment longer. Refuses to know who listens at an address.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol

from sandbox.world.model import World

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


class Said(NamedTuple):
    """What one name says: its addresses, or the one name that it is another name for."""

    targets: tuple[str, ...]
    ttl_seconds: float


Saying = Callable[[], Said]


class WorldNames:
    """The zones of a world as their name servers have them, and other names in lower case.

    What is written to a zone is said a propagation later: the slowest name server counts. The id of a public
    IP resource is said as the address that the resource has.
    """

    def __init__(self, world: World, others: Mapping[str, Saying]) -> None:
        self._world = world
        self._others = others

    def say(self, name: str) -> Said | None:
        """What the name itself says now; None for one that nobody has."""
        name = name.rstrip(".").lower()
        other = self._others.get(name)
        if other is not None:
            return other()
        propagation = timedelta(seconds=self._world.estate.timings.propagation_seconds)
        for found in self._world.zones.served(name, self._world.now() - propagation):
            return Said(tuple(map(self._resolved, found.targets)), found.ttl_seconds)
        return None

    def _resolved(self, target: str) -> str:
        slots = self._world.fleet.slots
        behind = (slot.name for slot in slots if (slot.public_ip_id or "").lower() == target.lower())
        slot = next(behind, None)
        return self._world.estate.address_of(slot) if slot is not None else target


@lru_cache(maxsize=1024)
def is_address(target: str) -> bool:
    """Whether a target is an IP address, and no other name."""
    try:
        ipaddress.ip_address(target)
    except ValueError:
        return False
    return True


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
