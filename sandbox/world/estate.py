"""What every part of a world shares: the fleet it was built from, its clock, its dice and its ledger.

Decides names, addresses and chance; refuses to know what any service does with them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b

from sandbox.world.ledger import Ledger
from sandbox.world.settings import Faults, Timings
from shared.fleet import Fleet, Slot
from shared.gateways import pools_of
from shared.levers import Record, SlotName
from shared.ports import Clock

CONTROLLER = "00000000-0000-0000-0000-000000000002"
"""The object id of the controller's managed identity: whose every write through a door is."""
STRANGER = "somebody@contoso.com"
"""Whose a write is that came through no door."""
NODES = 3
"""The nodes of a cluster that nobody has scaled."""
LIVE_VERSION = "1.31.9"
"""The Kubernetes version of the cluster that is live when a world starts."""


class Estate:
    """The fixed facts of a world and its sources of time and chance."""

    def __init__(self, fleet: Fleet, clock: Clock, seed: int, timings: Timings, faults: Faults) -> None:
        self.fleet = fleet
        self.clock = clock
        self.seed = seed
        self.timings = timings
        self.faults = faults
        self.started_at = clock.now()
        self.candidate: SlotName = fleet.other(fleet.live)
        self.ledger = Ledger()
        self.template_versions = {fleet.provisioner.template_version}
        self._drawn = 0
        self._addresses = {
            slot.name: slot.address or f"203.0.113.{10 * number}"
            for number, slot in enumerate(fleet.slots, 1)
        }
        self._slots_at = {_address(self._addresses[slot.name]): slot.name for slot in reversed(fleet.slots)}
        self._slots_at |= {slot.public_ip_id.lower(): slot.name for slot in fleet.slots if slot.public_ip_id}
        self._pools = {
            slot.name: min(pools_of(fleet, slot.name), default=f"pool-{slot.name}") for slot in fleet.slots
        }
        self._clusters = {slot.cluster_id.lower(): slot for slot in reversed(fleet.slots)}

    def now(self) -> datetime:
        """The present moment of the world."""
        return self.clock.now()

    def since_start(self, seconds: float) -> datetime:
        """The instant that many seconds after the world's start."""
        return self.started_at + timedelta(seconds=seconds)

    def chance(self, *key: object) -> float:
        """A number in [0, 1) that depends on the seed and the key alone, so it can be asked again."""
        digest = blake2b(repr((self.seed, *key)).encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def hex_of(self, length: int, *key: object) -> str:
        """A hexadecimal name of that many characters which depends on the seed and the key alone."""
        return blake2b(repr((self.seed, *key)).encode(), digest_size=(length + 1) // 2).hexdigest()[:length]

    def next_guid(self) -> str:
        """A GUID that no earlier call returned: etags, operation ids, command ids."""
        self._drawn += 1
        text = self.hex_of(32, "guid", self._drawn)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def nodes_of(self, slot: SlotName, at: datetime) -> int:
        """How many nodes a cluster of the slot has at an instant, if it runs then."""
        scaled = (each for each in reversed(self.faults.scalings) if each.slot == slot)
        return next((each.nodes for each in scaled if self.since_start(each.at_seconds) <= at), NODES)

    def address_of(self, slot: SlotName) -> str:
        """The address of the slot's gateway: as declared, or the one its public IP resource has."""
        return self._addresses[slot]

    def target_of(self, record: Record, slot: SlotName) -> str:
        """What the record set holds when it points at the slot: its address, or its public IP resource."""
        resource = self.fleet.slot(slot).public_ip_id
        return resource if record.alias and resource is not None else self._addresses[slot]

    def slot_at(self, target: str) -> SlotName | None:
        """The slot whose gateway has this address, or public IP resource; None for a stranger's."""
        return self._slots_at.get(_address(target))

    def resolved(self, target: str) -> str:
        """The address behind a target: its own, or that of the resource; empty for a stranger's resource."""
        if not is_resource(target):
            return target
        slot = self.slot_at(target)
        return self._addresses[slot] if slot is not None else ""

    def slot_of_cluster(self, cluster_id: str) -> Slot | None:
        """The slot with this cluster id, compared without case as ARM does."""
        return self._clusters.get(cluster_id.lower())

    def slots_of_gateway(self, gateway_id: str) -> tuple[Slot, ...]:
        """The slots with this gateway id, compared without case as ARM does; none for a stranger's."""
        return tuple(each for each in self.fleet.slots if each.gateway_id.lower() == gateway_id.lower())

    def pool_of(self, slot: SlotName) -> str:
        """The name of the slot's back-end pool: as a balancer on its gateway declares it, or any."""
        return self._pools[slot]


def is_resource(target: str) -> bool:
    """Whether a record set's target is an ARM id: then it is an alias."""
    return target.startswith("/")


def _address(text: str) -> str:
    return text.rstrip(".").lower()


@lru_cache(maxsize=1024)
def name_of(resource_id: str) -> str:
    """The last segment of an ARM id."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


@lru_cache(maxsize=1024)
def group_of(resource_id: str) -> str:
    """The resource group in an ARM id."""
    parts = resource_id.strip("/").split("/")
    return next((parts[i + 1] for i, part in enumerate(parts[:-1]) if part.lower() == "resourcegroups"), "")
