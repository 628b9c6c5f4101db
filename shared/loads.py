"""The load of a fleet's clusters: the question and its answer, what their nodes use and what they could give.

Frozen values beside those of `probes`. Nothing here looks at anything or compares.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.levers import SlotName


class LoadState(Struct, frozen=True, tag="load_state", omit_defaults=True):
    """How much do the nodes of each slot use now, and how much can those of `safe` allocate to pods?

    `slots` are those whose nodes are asked about; none named: all.
    """

    safe: SlotName
    window_seconds: int = 180
    slots: tuple[SlotName, ...] = ()


class Load(Struct, frozen=True):
    """Processors in cores and memory in bytes, of so many nodes together."""

    cores: float
    memory_bytes: float
    nodes: int


class LoadSeen(Struct, frozen=True, tag="load", omit_defaults=True):
    """What each slot's nodes use, a mean of the newest complete minutes; a slot without data is absent.

    `cores` and `memory_bytes` are what the safe slot's nodes can allocate, at the least in those minutes, and
    None without data.
    """

    used: dict[SlotName, Load]
    cores: float | None = None
    memory_bytes: float | None = None


class OpenConnections(Struct, frozen=True, tag="open_connections", omit_defaults=True):
    """How many connections did each gateway hold open in the last minutes, none of them before `since`?

    `slots` are those whose gateways are asked; none named: all.
    """

    since: datetime
    window_seconds: int = 180
    slots: tuple[SlotName, ...] = ()


class ConnectionsSeen(Struct, frozen=True, tag="connections"):
    """Open connections per slot, the mean of the newest complete minutes; a slot without data is absent."""

    connections: dict[str, float]
