"""A clock that a test turns by hand, and a world on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.world import Faults, Timings, World
from sandbox.world.ports import PortsWorld
from sandbox.world.zones import RecordSet
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.probes import Answer, Probe
from tests.fleets import ADDRESSES, FLEET

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
VERSION = "1.32.6"


class ManualClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        """The moment that the test has reached."""
        return self.at

    def pass_seconds(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


class Estate:
    """A world, its clock and its ports door, with the few orders that most tests begin with."""

    def __init__(self, fleet: Fleet = FLEET, faults: Faults | None = None, *, seed: int = 1) -> None:
        self.fleet = fleet
        self.clock = ManualClock()
        self.world = World(fleet, self.clock, seed=seed, timings=Timings(), faults=faults or Faults())
        self.ports = PortsWorld(self.world)

    def live_record(self) -> RecordSet:
        """The first live record as it is."""
        record = self.fleet.live_records[0]
        return self.world.zones.get(record.zone_id, record.name, record.type)

    def point(self, slot: SlotName, ttl_seconds: int = 30) -> RecordSet:
        """Write the first live record without conditions."""
        record = self.fleet.live_records[0]
        return self.world.zones.put(
            record.zone_id, record.name, record.type, ttl_seconds=ttl_seconds, targets=(ADDRESSES[slot],)
        )

    def deploy(self, slot: SlotName, name: str = "switchyard-r1") -> None:
        """Bring up a slot's cluster and wait for it."""
        template = f"{self.fleet.provisioner.template_spec_id}/versions/1.4.0"
        parameters = {"clusterName": f"aks-{slot}", "kubernetesVersion": VERSION}
        self.world.deployments.put("rg-aks-green", name, template, parameters)
        self.clock.pass_seconds(self.world.estate.timings.deploy_seconds)

    async def see(self, probe: Probe) -> Answer:
        """The answer to one probe now."""
        return (await self.ports.observe(self.fleet, frozenset({probe}), self.clock.now()))[probe]
