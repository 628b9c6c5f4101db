"""What a rollout that changes nothing has ordered, and takes as carried out: records, balancers, clusters.

Frozen values, stored with the rollout, by the names of what was ordered. Only the newest order of each
counts, as in the world. This module decides nothing and refuses to know what is seen of the world besides.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from shared.levers import Balancer, SlotName


class Standing(StrEnum):
    """What was last ordered of a slot's cluster: that it runs, that it is stopped, that it is gone."""

    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"


class Pointed(Struct, frozen=True, kw_only=True):
    """The order to a record set: what it holds, for which slot, with which TTL and by which epoch."""

    slot: SlotName
    address: str
    ttl_seconds: int
    epoch: int


class Weighed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The orders to a balancer: percent by slot, and the slot that a match sends requests to."""

    weights: dict[str, int]
    epoch: int
    matched: str = ""


class Assumed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Orders by their target: records by ARM id, balancers by `key_of`, clusters and syncs by slot.

    `deployment` is the name of the deployment that was ordered, empty before that.
    """

    records: dict[str, Pointed] = {}
    balancers: dict[str, Weighed] = {}
    clusters: dict[SlotName, Standing] = {}
    synced: tuple[SlotName, ...] = ()
    deployment: str = ""


def key_of(balancer: Balancer) -> str:
    """What tells a balancer from every other, also from one in the same profile or gateway."""
    return f"{balancer.resource_id} {balancer.group}"
