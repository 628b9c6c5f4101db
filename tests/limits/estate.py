"""An estate of many fleets whose clusters all hear of a new version in the same second.

The real intake, engine, runbook and store over one world a fleet, in virtual time, on the timers' schedules.
Every question and order is charged with the requests that it costs on the wire (`requests`), and refused
where Azure would refuse it. All that a timer finds due happens in the same instant, as if the queue had no
limit to its workers: no real estate is as abrupt.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import msgspec

from sandbox.memory_store import MemoryStore
from sandbox.world import Timings, World, events
from sandbox.world.ports import PortsWorld
from shared import fleet_file
from shared.actions import Action
from shared.api.intake import Intake
from shared.engine import Engine
from shared.errors import Retry
from shared.fleet import Fleet, Slot
from shared.levers import Balancer, Member, Record
from shared.model import Outcome, Rollout
from shared.probes import Answer, Probe, Unavailable
from shared.signals import resources_of
from tests.engine.rig import VERSION, Clock, Topic
from tests.limits.lever_requests import once
from tests.limits.meter import Meter
from tests.limits.requests import Request, asked, later, of_action

EXAMPLES = Path(__file__).parents[2] / "examples"
SWEEP_SECONDS = 15
HOUSEKEEPING_SECONDS = 60
HOURS_MAX = 24


class Metered:
    """`shared.ports.World` of the estate: each fleet has a world of its own, and all share the limits.

    `asked` counts the questions by kind; `first` are the fleets and paths of what is asked once in a process.
    """

    def __init__(self, meter: Meter, clock: Clock, worlds: Mapping[str, PortsWorld]) -> None:
        self._meter = meter
        self._clock = clock
        self._worlds = worlds
        self.first: set[tuple[str, str]] = set()
        self.asked: Counter[type[Probe]] = Counter()

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """Charge every question, and answer those that were not refused."""
        answers: dict[Probe, Answer] = {}
        self.asked.update(map(type, probes))
        for probe, requests in asked(fleet, sorted(probes, key=repr)):
            after = self._charge([*requests, *later(probe, fleet), *self._first(fleet, probe)])
            if after is not None:
                answers[probe] = Unavailable("too many requests", after)
        left = probes - answers.keys()
        return {**answers, **await self._worlds[fleet.name].observe(fleet, left, now)}

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Charge an order and carry it out, or raise Retry."""
        after = self._charge(of_action(fleet, action))
        if after is not None:
            raise Retry("too many requests", after)
        return await self._worlds[fleet.name].perform(fleet, action, epoch=epoch)

    def _first(self, fleet: Fleet, probe: Probe) -> list[Request]:
        """What is asked once in a process, as if each fleet had one of its own."""
        new = [each for each in once(probe) if (fleet.name, each[1].lower()) not in self.first]
        self.first.update((fleet.name, path.lower()) for _, path in new)
        return new

    def _charge(self, requests: list[Request]) -> float | None:
        now = self._clock.now()
        for method, path in requests:
            after = self._meter.take(method, path, now)
            if after is not None:
                return after
        return None


class Estate:
    """The fleets, and the means to let time pass."""

    def __init__(self, fleets: int, *, example: str = "contoso-public", seed: int = 1) -> None:
        template = fleet_file.parse((EXAMPLES / f"{example}.yaml").read_text())
        self.clock = Clock()
        self.fleets = [numbered(template, number) for number in range(fleets)]
        chance = Random(seed)
        self.worlds = {each.name: World(each, self.clock, timings=_timings(chance)) for each in self.fleets}
        self.clock.at += timedelta(minutes=30)
        self.meter = Meter(self.clock.at)
        self.started_at = self.clock.at
        self.store = MemoryStore(resources_of)
        ports = {name: PortsWorld(world) for name, world in self.worlds.items()}
        self.azure = Metered(self.meter, self.clock, ports)
        self.engine = Engine(self.store, self.azure, Topic(), self.clock)
        self.intake = Intake(self.store, self.engine, self.clock)
        self.looks: Counter[str] = Counter()
        self.under_way_max = 0

    async def run(self) -> None:
        """A new version is there for every cluster; until every rollout has ended."""
        for fleet in self.fleets:
            await self.store.apply(fleet, if_match=None, now=self.clock.now())
        for number, fleet in enumerate(self.fleets):
            cluster = fleet.slot(fleet.live).cluster_id
            event = events.version_available(cluster, VERSION, self.clock.now(), event_id=f"event-{number}")
            await self.intake.events(json.loads(json.dumps(event)))
        for second in range(0, HOURS_MAX * 3600, SWEEP_SECONDS):
            if second % HOUSEKEEPING_SECONDS == 0:
                await self.engine.housekeep()
            due = await self.engine.sweep()
            for name in due:
                self.looks[name] += 1
                await self.engine.tick(name)
            if second % 300 == 0 and await self._over():
                return
            self.clock.at += timedelta(seconds=SWEEP_SECONDS)
        raise AssertionError(f"not every rollout has ended in {HOURS_MAX} h")

    async def rollouts(self) -> list[Rollout | None]:
        """The present rollout of every fleet."""
        return [(await self.store.load(fleet.name)).state.rollout for fleet in self.fleets]

    async def outcomes(self) -> Counter[Outcome | None]:
        """How the rollouts have ended."""
        return Counter(each.outcome if each else None for each in await self.rollouts())

    async def _over(self) -> bool:
        rollouts = await self.rollouts()
        under_way = sum(each is not None and not each.outcome for each in rollouts)
        self.under_way_max = max(self.under_way_max, under_way)
        return all(each is not None and each.outcome and each.wake_at is None for each in rollouts)


def numbered(template: Fleet, number: int) -> Fleet:
    """The fleet with clusters, gateways, records and balancers of its own."""

    def mine(resource_id: str) -> str:
        return f"{resource_id}-{number:03d}"

    def record(each: Record) -> Record:
        return msgspec.structs.replace(each, name=mine(each.name))

    def member(each: Member) -> Member:
        return msgspec.structs.replace(each, beneath=record(each.beneath) if each.beneath else None)

    def balancer(each: Balancer) -> Balancer:
        members = tuple(map(member, each.members))
        return msgspec.structs.replace(each, resource_id=mine(each.resource_id), members=members)

    def slot(each: Slot) -> Slot:
        public_ip_id = mine(each.public_ip_id) if each.public_ip_id else None
        return msgspec.structs.replace(
            each,
            cluster_id=mine(each.cluster_id),
            gateway_id=mine(each.gateway_id),
            public_ip_id=public_ip_id,
            host=record(each.host),
        )

    return msgspec.structs.replace(
        template,
        name=mine(template.name),
        live_records=tuple(map(record, template.live_records)),
        balancers=tuple(map(balancer, template.balancers)),
        slots=tuple(map(slot, template.slots)),
    )


def _timings(chance: Random) -> Timings:
    """Clusters that are as quick and as slow as they are."""
    return Timings(
        deploy_seconds=chance.uniform(360, 900),
        sync_seconds=chance.uniform(60, 240),
        command_seconds=chance.uniform(5, 25),
        stop_seconds=chance.uniform(120, 300),
        start_seconds=chance.uniform(90, 240),
        delete_seconds=chance.uniform(240, 600),
    )
