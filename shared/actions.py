"""What can be changed in the world. An action names its target, never a delta: twice is once.

Nothing here performs anything: a world does (`shared/azure` on Azure, `sandbox` in simulation).
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.levers import Balancer, Match, Record, SlotName


class PointRecord(Struct, frozen=True, tag="point_record"):
    """The record set holds exactly `address` with this TTL, under this claim's epoch.

    `if_match` is the etag that was read before the claim; None means that the record set must not exist.
    """

    record: Record
    slot: SlotName
    address: str
    ttl_seconds: int
    if_match: str | None


class SetWeights(Struct, frozen=True, tag="set_weights"):
    """The balancer sends its slots these shares: percent by slot, 100 together; 0 takes the member out.

    `if_match` is the etag that was read before the claim, None where the balancer has none. A balancer that
    can only move as a whole takes 100 and 0 alone.
    """

    balancer: Balancer
    weights: dict[str, int]
    if_match: str | None = None


class SetMatch(Struct, frozen=True, tag="set_match"):
    """Requests that match go to `slot`, whatever the weights are; None: none do."""

    balancer: Balancer
    match: Match
    slot: SlotName | None


class Purge(Struct, frozen=True, tag="purge"):
    """The balancer's caches hold nothing that was served before. Receipt: that the order was taken."""

    balancer: Balancer


class Deploy(Struct, frozen=True, tag="deploy"):
    """The deployment `name` brings up the slot's cluster at `version`."""

    name: str
    slot: SlotName
    version: str
    template_version: str


class StartSync(Struct, frozen=True, tag="start_sync"):
    """The slot's cluster carries the fleet's GitOps configurations."""

    slot: SlotName


class Freeze(Struct, frozen=True, tag="freeze"):
    """Workload changes on the slot's cluster are denied until then. Receipt: the run command's id."""

    slot: SlotName
    until: datetime


class Thaw(Struct, frozen=True, tag="thaw"):
    """Workload changes on the slot's cluster are allowed again. Receipt: the run command's id."""

    slot: SlotName


class StartCluster(Struct, frozen=True, tag="start_cluster"):
    """The slot's cluster runs."""

    slot: SlotName


class StopCluster(Struct, frozen=True, tag="stop_cluster"):
    """The slot's cluster is stopped, its state kept."""

    slot: SlotName


class DestroyCluster(Struct, frozen=True, tag="destroy_cluster"):
    """The slot's cluster is gone, if it is still the one that was looked at."""

    slot: SlotName
    if_match: str | None


LeverAction = PointRecord | SetWeights | SetMatch | Purge
"""What changes where users are sent."""

Action = LeverAction | Deploy | StartSync | Freeze | Thaw | StartCluster | StopCluster | DestroyCluster


class Failure(Struct, frozen=True, omit_defaults=True):
    """Why an action was not carried out. `conflict`: the world had moved on; look again and decide again."""

    because: str
    conflict: bool = False
    permanent: bool = False
    after_seconds: float | None = None


class Result(Struct, frozen=True, omit_defaults=True):
    """What became of one action: its failure, or the receipt by which to ask for its progress.

    `overtaken`: somebody has claimed since it was ordered, and may have ordered it anew.
    """

    action: Action
    failure: Failure | None = None
    receipt: str | None = None
    overtaken: bool = False
