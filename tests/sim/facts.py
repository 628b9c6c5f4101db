"""What a checker may know: the true state of everything, whatever the product believes.

Decides nothing. The simulation keeps it up to date at the very moment of each effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from sandbox.world import World, switching
from sandbox.world.zones import RecordSet
from shared.actions import Action
from shared.decision import Decision, Seen
from shared.fleet import Fleet
from shared.levers import THROUGH, Balancer, Lever, Record, SlotName
from shared.model import FleetState, Outcome, Rollout, Signal
from shared.ports import AuditEntry, FleetEntry, OutboxEntry, Row
from shared.probes import BalancerSeen
from shared.store.tables import Write
from tests.sim.scenario import Scenario
from tests.sim.scheduler import Scheduler


class ClaimMade:
    """A claim that is in the tables: what the worker had read, seen and decided, and the batch.

    `keys` are those of the batch. It was written `at` and its world was really seen at `looked_at`. `before`
    is the rollout as the worker had read it, `after` as claimed; `stays` says whether it is the same one, and
    was in flight before.
    """

    __slots__ = ("after", "at", "before", "decision", "keys", "looked_at", "row", "seen", "stays")

    def __init__(
        self,
        at: datetime,
        looked_at: datetime,
        row: Row,
        decision: Decision,
        seen: Seen,
        writes: Sequence[Write],
    ) -> None:
        self.at = at
        self.looked_at = looked_at
        self.row = row
        self.decision = decision
        self.seen = seen
        self.keys = [str(write.entity["RowKey"]) for write in writes]
        self.before = one = row.state.rollout
        self.after = two = decision.state.rollout
        self.stays = one is not None and two is not None and one.id == two.id and one.outcome is None


class EffectMade(Struct, frozen=True):
    """A change of the world by a worker."""

    at: datetime
    fleet: Fleet
    action: Action
    epoch: int


class Facts:
    """The truth, as far as it happened yet."""

    def __init__(self, scenario: Scenario, scheduler: Scheduler, world: World) -> None:
        self.scenario = scenario
        self.scheduler = scheduler
        self.world = world
        self.state = FleetState(live=scenario.fleet.live)
        self.plan: Fleet | None = None
        self.states: dict[int, FleetState] = {0: self.state}
        self.acknowledged: dict[str, Signal] = {}
        self.meddled_at: datetime | None = None
        self.calm_since: datetime | None = None
        self.lost_slots: dict[str, datetime] = {}
        self.crashes = 0

    @property
    def fleet(self) -> Fleet:
        """The fleet as first applied: ids and addresses never change."""
        return self.scenario.fleet

    @property
    def rollout(self) -> Rollout | None:
        """The present or latest rollout."""
        return self.state.rollout

    @property
    def in_flight(self) -> bool:
        """Whether a rollout is under way."""
        return self.rollout is not None and self.rollout.outcome is None

    def runs(self, cluster_id: str) -> bool:
        """Whether a cluster runs now."""
        return self.world.clusters.runs(cluster_id, self.scheduler.now())

    def is_lost(self, slot: str) -> bool:
        """Whether somebody else has taken the slot's cluster away, and it does not run again."""
        return slot in self.lost_slots and not self.runs(self.fleet.slot(SlotName(slot)).cluster_id)

    def record(self, record: Record) -> RecordSet | None:
        """A record set as the zone has it."""
        return self.world.zones.find(record.zone_id, record.name, record.type)

    def points_at(self, record: Record) -> str | None:
        """The slot that a record points at, None for a stranger."""
        found = self.record(record)
        if found is None or len(found.targets) != 1:
            return None
        return self.world.estate.slot_at(found.targets[0])

    def told(self, balancer: Balancer) -> BalancerSeen:
        """A balancer as it was told last."""
        return switching.balancer(self.world, balancer)

    def meets(self, balancer: Balancer) -> set[SlotName]:
        """The members to which a balancer sends anybody: by what it was told, by a match, or still."""
        told = self.told(balancer)
        matched = [told.matched] if told.matched else []
        still = self.world.balancers.shares(balancer, self.scheduler.now())
        return {SlotName(slot) for slot in (*told.weights, *matched, *still)}

    def led(self, members: Iterable[str]) -> set[str]:
        """The slots that those members of the Front Door above the record lead to; empty for a stranger."""
        through = self.points_at(self.fleet.live_records[0]) or ""
        return {through if slot == THROUGH else slot for slot in members}

    def sends(self, lever: Lever) -> set[str]:
        """The slots to which a lever sends anybody, and the records beneath it; empty for a stranger."""
        if isinstance(lever, Record) and self.fleet.above is not None:
            return self.led(self.meets(self.fleet.above))
        if isinstance(lever, Record):
            return {self.points_at(lever) or ""}
        members = [lever.member(slot) for slot in self.meets(lever)]
        return {m.slot if m.beneath is None else self.points_at(m.beneath) or "" for m in members}


class Ending(Struct, frozen=True):
    """What the tables hold when all has settled."""

    audit: tuple[AuditEntry, ...]
    state: FleetState
    rollouts: tuple[Rollout, ...]
    pending: tuple[Signal, ...]
    dispositions: dict[str, str | None]
    owed: tuple[OutboxEntry, ...]
    entry: FleetEntry
    outcomes: tuple[Outcome, ...]
