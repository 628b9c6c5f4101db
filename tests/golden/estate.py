"""A fleet in its world for golden histories: the real engine and intake, and a door that takes notes.

Decides what can befall a world and its door, in words that a history keeps. Refuses to know steps: a history
is recorded, and later continued, over the same estate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sandbox.world import Family, Faults, Outage, World, events
from sandbox.world.ports import PortsWorld
from shared.actions import Action, DestroyCluster, PointRecord, SetWeights
from shared.api.intake import Intake
from shared.engine import Engine, Ticked
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.model import Rollout
from shared.ports import OutboxEntry
from shared.probes import Answer, CommandState, Probe
from shared.signals import resources_of
from shared.store.table_store import TableStore
from shared.store.tables import Tables
from tests.fleets import GREEN
from tests.golden.history import Json, plain

BEFORE_SECONDS = 1800
"""How long the world has been there before anything is looked at: metrics have a past."""


class Crashed(Exception):
    """The worker died at the door."""


class Clock(msgspec.Struct):
    """Time that passes when it is told to."""

    at: datetime

    def now(self) -> datetime:
        """The moment that was reached."""
        return self.at

    def latest(self) -> datetime:
        """The same: it is known what time it is."""
        return self.at


class Door:
    """The world's ports. `log` is all that was done to the world.

    `refused` are the tags of actions that a right is missing for. `troubles` maps a tag to what befalls the
    worker once: `lost` (the answer), `crash before` or `crash after` it. `receipts` translates those of an
    earlier time; `other` is a second worker, who looks at the fleet in the middle of things.
    """

    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self.log: list[Json] = []
        self.troubles: dict[str, str] = {}
        self.refused: tuple[str, ...] = ()
        self.receipts: dict[str, str] = {}
        self.other: Engine | None = None
        self._ports = PortsWorld(world)
        self._looks = 0

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """The world's answers."""
        self._looks += 1
        if self._looks % 3 == 0:
            await self._meanwhile(fleet)
        asked = {self._known(probe): probe for probe in probes}
        found = await self._ports.observe(fleet, frozenset(asked), now)
        return {asked[probe]: answer for probe, answer in found.items()}

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry it out, unless something befalls it."""
        told = plain(action)
        if told["type"] in self.refused:
            raise Refused("AuthorizationFailed: the identity may not do that")
        trouble = self.troubles.pop(told["type"], "")
        if trouble == "crash before":
            raise Crashed
        receipt = await self._ports.perform(fleet, action, epoch=epoch)
        self.log.append({"at": _told(self.clock.at), "epoch": epoch, "action": told, "receipt": receipt})
        await self._meanwhile(fleet)
        if trouble == "crash after":
            raise Crashed
        if trouble == "lost":
            raise Retry("the answer was lost")
        return receipt

    async def again(self, fleet: Fleet, line: Json) -> None:
        """Do once more what a line of another time's log says was done."""
        self.clock.at = msgspec.convert(line["at"], datetime)
        if "action" not in line:
            self.befall(line["what"], **line["how"])
            return
        action = self._matching(msgspec.convert(line["action"], Action))
        receipt = await self._ports.perform(fleet, action, epoch=line["epoch"])
        if receipt is not None:
            self.receipts[line["receipt"]] = receipt

    def befall(self, what: str, **how: Any) -> None:
        """Something happens that the controller did not do: one of `_BEFALLS`, or at this door."""
        if what == "trouble":
            # It strikes a worker; another one, who takes over, knows nothing of it.
            self.troubles.update(how)
            return
        self.log.append({"at": _told(self.clock.at), "what": what, "how": how})
        if what == "refuse":
            self.refused = tuple(how["actions"])
        else:
            _BEFALLS[what](self.world, **how)

    async def _meanwhile(self, fleet: Fleet) -> None:
        if self.other is None:
            return
        other, self.other = self.other, None
        await other.tick(fleet.name)
        self.other = other

    def _known(self, probe: Probe) -> Probe:
        if isinstance(probe, CommandState):
            return CommandState(probe.slot, self.receipts.get(probe.command_id, probe.command_id))
        return probe

    def _matching(self, action: Action) -> Action:
        """The action under the etag that its target has in this world."""
        replace = msgspec.structs.replace
        if isinstance(action, PointRecord):
            record = action.record
            found = self.world.zones.find(record.zone_id, record.name, record.type)
            return replace(action, if_match=found.etag if found is not None else None)
        if isinstance(action, SetWeights) and action.if_match is not None:
            return replace(action, if_match=self.world.balancers.newest(action.balancer).etag)
        if isinstance(action, DestroyCluster):
            cluster = self.world.clusters.find(self.world.fleet.slot(action.slot).cluster_id)
            return replace(action, if_match=cluster.etag if cluster is not None else None)
        return action


class Topic:
    """A topic that takes everything."""

    async def publish(self, entry: OutboxEntry) -> None:
        """Take an event."""


class Estate:
    """A fleet, its world, its tables and one worker."""

    def __init__(self, fleet: Fleet, faults: Faults, began: datetime, tables: Tables) -> None:
        self.fleet = fleet
        self.tables = tables
        self.clock = Clock(began)
        self.world = World(fleet, self.clock, faults=faults)
        self.door = Door(self.world, self.clock)
        self.store = TableStore(tables, resources_of)
        self.engine = Engine(self.store, self.door, Topic(), self.clock)
        self.intake = Intake(self.store, self.engine, self.clock)
        self.clock.at += timedelta(seconds=BEFORE_SECONDS)

    async def tick(self) -> Ticked:
        """The timer ticks."""
        return await self.engine.tick(self.fleet.name)

    async def alert(
        self,
        slot: SlotName = GREEN,
        name: str = "a",
        *,
        resolved: bool = False,
        fired_at: datetime | None = None,
    ) -> None:
        """Azure Monitor says that an alert on a slot's gateway fires (now), or that it is resolved."""
        at = self.clock.at
        gateway = self.fleet.slot(slot).gateway_id
        end = at if resolved else None
        await self.intake.alert(
            events.metric_alert(gateway, fired_at or at, alert_guid=name, resolved_at=end)
        )

    async def logged(self, slot: SlotName = GREEN) -> None:
        """Azure Monitor says that the activity log has something on a slot's cluster."""
        cluster = self.fleet.slot(slot).cluster_id
        await self.intake.alert(events.activity_alert(cluster, self.clock.at, alert_guid="log"))

    async def rollout(self) -> Rollout | None:
        """The present rollout."""
        return (await self.store.load(self.fleet.name)).state.rollout

    async def pass_time(self, until: datetime | None = None) -> None:
        """Time passes to the first whole minute at which anything is due, and the timer ticks."""
        rollout = await self.rollout()
        due = self.clock.at if rollout is None or rollout.wake_at is None else rollout.wake_at
        minute = timedelta(minutes=1)
        base = self.clock.at.replace(second=0, microsecond=0)
        steps = max(1, -((base - due) // minute))
        self.clock.at = base + steps * minute if until is None else min(until, base + steps * minute)
        await self.tick()


def _told(at: datetime) -> str:
    return str(msgspec.to_builtins(at))


def _point_elsewhere(world: World, address: str, epoch: str | None = None) -> None:
    record = world.fleet.live_records[0]
    metadata = {"switchyard_epoch": epoch} if epoch is not None else {}
    world.zones.put(
        record.zone_id, record.name, record.type, ttl_seconds=30, targets=(address,), metadata=metadata
    )


def _outage(world: World, family: str, seconds: float, **how: Any) -> None:
    passed = (world.now() - world.estate.started_at).total_seconds()
    outage = Outage(family=Family(family), from_seconds=passed, until_seconds=passed + seconds, **how)
    world.estate.faults = msgspec.structs.replace(world.estate.faults, outages=(outage,))


def _stop(world: World, slot: str) -> None:
    world.clusters.stop(world.fleet.slot(SlotName(slot)).cluster_id)


def _delete(world: World, slot: str) -> None:
    world.clusters.delete(world.fleet.slot(SlotName(slot)).cluster_id)


_BEFALLS: dict[str, Callable[..., None]] = {
    "point elsewhere": _point_elsewhere,
    "outage": _outage,
    "stop cluster": _stop,
    "delete cluster": _delete,
}
