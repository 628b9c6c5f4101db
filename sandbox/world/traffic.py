"""Where the users' requests go, minute by minute, worked out from the history of the live records.

Decides how resolvers age and which requests fail. Stores nothing but the requests that doors made themselves;
refuses to know metrics' names and windows.

Resolvers: after a record is changed, answers from before it are used until the last of them has expired, and
the share of users that use them falls evenly to zero by then. An answer expires its own TTL after it has
stopped being served, which is the change after it plus the propagation time. So lowering a TTL helps only
once the old one has run out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sandbox.world.balancers import Balancers
from sandbox.world.clusters import Clusters
from sandbox.world.estate import Estate
from sandbox.world.zones import Written, Zones
from shared.fleet import Slot
from shared.levers import THROUGH, Balancer, Lever, Record, SlotName

MINUTE = timedelta(minutes=1)
NOWHERE = ""
"""The address of a name that does not resolve."""
_NEVER = datetime.max.replace(tzinfo=UTC)
SPANS = 6
"""A minute's mix is the mean of this many moments in it."""
ERROR_SHARE = 0.0005
BAD_NODES_SHARE = 0.6
LATENCY_MS = 42.0


class Minute(NamedTuple):
    """Requests that a slot's gateway took in one minute, and how many of them failed."""

    requests: float
    failed: float


class Traffic:
    """The users of the fleet and the requests of doors. Minutes are named by their start."""

    def __init__(self, estate: Estate, zones: Zones, balancers: Balancers, clusters: Clusters) -> None:
        self._estate = estate
        self._zones = zones
        self._balancers = balancers
        self._clusters = clusters
        self._own: dict[tuple[SlotName, datetime], list[int]] = {}
        self._past: dict[tuple[SlotName, datetime], Minute] = {}
        self._users: dict[datetime, float] = {}
        self._aged: dict[tuple[Record, int], datetime] = {}
        self._agreed: tuple[int, datetime, dict[str, float]] = -1, _NEVER, {}
        self._first: tuple[int, dict[SlotName, datetime | None]] = -1, {}

    def minute(self, slot: SlotName, start: datetime) -> Minute:
        """What the slot's gateway took in the minute that starts at `start`."""
        if (known := self._past.get((slot, start))) is not None:
            return known
        users = self.users(start)
        share, failed = self._shares(slot, start)
        own, own_failed = self._own.get((slot, start), (0, 0))
        minute = Minute(round(users * share) + own, round(users * failed) + own_failed)
        if start + MINUTE <= self._estate.now():
            # Nothing that happens later can change a complete minute.
            self._past[slot, start] = minute
        return minute

    def connections(self, slot: SlotName, start: datetime) -> float:
        """The connections that users held open at the slot's gateway in a minute: one of ten is kept open."""
        return round(self.users(start) * self._shares(slot, start)[0] / 10)

    def stray(self, start: datetime) -> float:
        """Users' requests of a minute that reached no slot at all."""
        return self.users(start) * sum(self.mix(at).get(NOWHERE, 0.0) for at in _moments(start)) / SPANS

    def users(self, start: datetime) -> float:
        """All requests that users make in a minute."""
        users = self._users.get(start)
        if users is None:
            noise = self._estate.timings.requests_noise * (2 * self._estate.chance("users", start) - 1)
            usual = self._estate.timings.requests_per_minute * self._crowd(start)
            users = float(round(usual * (1 + noise)))
            self._users[start] = users
        return users

    def _crowd(self, start: datetime) -> float:
        crowd = self._estate.faults.crowd
        since, until = (crowd.from_seconds, crowd.until_seconds) if crowd is not None else (0.0, 0.0)
        inside = since <= (start - self._estate.started_at).total_seconds() < until
        return crowd.times if crowd is not None and inside else 1.0

    def mix(self, at: datetime) -> dict[str, float]:
        """The share of users at each slot at an instant; `NOWHERE` holds those that reach none. Sums to 1."""
        mixed: dict[str, float] = {}
        fleet = self._estate.fleet
        if fleet.above is not None:
            return self.balanced(fleet.above, at)
        levers = fleet.levers
        for lever in levers:
            found = self._behind(lever, at) if isinstance(lever, Record) else self.balanced(lever, at)
            for where, share in found.items():
                mixed[where] = mixed.get(where, 0.0) + share / len(levers)
        return mixed

    def _behind(self, record: Record, at: datetime) -> dict[str, float]:
        """The share of users at each slot among those that go by this record."""
        found: dict[str, float] = {}
        for address, share in self.addresses(record, at).items():
            slot = self._estate.slot_at(address) if address else None
            where = slot if slot is not None else NOWHERE
            found[where] = found.get(where, 0.0) + share
        return found

    def balanced(self, balancer: Balancer, at: datetime) -> dict[str, float]:
        """The share of users at each slot among those that go by this balancer and the records behind it."""
        found: dict[str, float] = {}
        for slot, share in self._balancers.shares(balancer, at).items():
            through = slot == THROUGH
            behind = self._estate.fleet.live_records[0] if through else balancer.member(slot).beneath
            for where, part in (self._behind(behind, at) if behind is not None else {slot: 1.0}).items():
                found[where] = found.get(where, 0.0) + share * part
        return found

    def addresses(self, record: Record, at: datetime) -> dict[str, float]:
        """The share of resolvers that hold each address of a record."""
        history = self._zones.history(record)
        held: dict[str, float] = {}
        past = sum(written.at <= at for written in history)
        newest = next((i for i in range(past - 1, 0, -1) if self._aged_at(record, history, i) <= at), 0)
        for index in range(newest, past):
            written = history[index]
            old = self._old_share(record, history, index, at) if index > newest else 0.0
            held = {address: share * old for address, share in held.items() if share * old > 0}
            targets = _targets(written) or (NOWHERE,)
            for address in targets:
                held[address] = held.get(address, 0.0) + (1 - old) / len(targets)
        return held

    def error_share(self, slot: Slot, at: datetime) -> float:
        """The share of users' requests that fail at the slot at an instant, their own mistakes included."""
        return min(1.0, ERROR_SHARE + self.sickness(slot, at))

    def sickness(self, slot: Slot, at: datetime) -> float:
        """The share of well-made requests that fail at the slot at an instant: 1 where no cluster runs."""
        if not self._clusters.runs(slot.cluster_id, at):
            return 1.0
        return BAD_NODES_SHARE if self._clusters.nodes_bad(slot) else self.burn(slot, at)

    def burn(self, slot: Slot, at: datetime) -> float:
        """What the slow burn adds to the slot's share of failed requests at an instant."""
        faults = self._estate.faults
        first = (
            self.first_users_at(slot.name)
            if faults.slow_burn and slot.name == self._estate.candidate
            else None
        )
        if first is None or at <= first:
            return 0.0
        return faults.slow_burn_share * min(1.0, (at - first).total_seconds() / faults.slow_burn_seconds)

    def latency_ms(self, slot: Slot, start: datetime) -> float:
        """The mean time of the backends' answers in a minute."""
        wobble = 1 + 0.1 * (2 * self._estate.chance("latency", slot.name, start) - 1)
        return (
            LATENCY_MS
            * wobble
            * (1 + 10 * self.burn(slot, start))
            * (6 if self._clusters.nodes_bad(slot) else 1)
        )

    def first_users_at(self, slot: SlotName) -> datetime | None:
        """When a live record was first pointed at the slot; None while it never was."""
        changes = self._zones.changes() + self._balancers.changes()
        if self._first[0] != changes:
            self._first = changes, {}
        known = self._first[1]
        if slot not in known:
            known[slot] = self._find_first_users(slot)
        return known[slot]

    def _find_first_users(self, slot: SlotName) -> datetime | None:
        slot_at = self._estate.slot_at
        writes = (each for record in self._estate.fleet.live_records for each in self._zones.history(record))
        pointed = [w.at for w in writes if w.now is not None and slot in map(slot_at, w.now.targets)]
        weighed = self._balancers.first_users_at(slot)
        return min(pointed + ([weighed] if weighed is not None else []), default=None)

    def cutover_seconds(self, lever: Lever) -> float | None:
        """How long the lever's last move took until its last user had followed; None: it never moved."""
        if isinstance(lever, Balancer):
            newest = self._balancers.newest(lever)
            moved = len(self._balancers.history(lever)) > 1
            return (newest.ends_at - newest.at).total_seconds() if moved else None
        return self._record_cutover_seconds(lever)

    def _record_cutover_seconds(self, record: Record) -> float | None:
        history = self._zones.history(record)
        moves = [i for i in range(1, len(history)) if _targets(history[i]) != _targets(history[i - 1])]
        if not moves:
            return None
        moved_at = history[moves[-1]].at
        return (self._aged_at(record, history, moves[-1]) - moved_at).total_seconds()

    def count(self, slot: SlotName, *, failed: bool) -> None:
        """Note a request that a door made to the slot's gateway now."""
        counts = self._own.setdefault((slot, floor_minute(self._estate.now())), [0, 0])
        counts[0] += 1
        counts[1] += failed

    def _shares(self, slot: SlotName, start: datetime) -> tuple[float, float]:
        """The slot's share of all users' requests in a minute, and the share that failed there."""
        share = failed = 0.0
        since, agreed = self._agreement()
        if slot not in agreed and since <= start:
            return 0.0, 0.0
        for moment in _moments(start):
            here = (agreed if since <= moment else self.mix(moment)).get(slot, 0.0) / SPANS
            share += here
            failed += here * self.error_share(self._estate.fleet.slot(slot), moment) if here else 0.0
        return share, failed

    def _agreement(self) -> tuple[datetime, dict[str, float]]:
        """What every resolver will hold if no live record changes any more, and from when on."""
        changes = self._zones.changes() + self._balancers.changes()
        if self._agreed[0] != changes:
            fleet = self._estate.fleet
            beneath = (record for balancer in fleet.balancers for record in balancer.beneath)
            histories = {record: self._zones.history(record) for record in (*fleet.live_records, *beneath)}
            aged = (self._aged_at(r, each, len(each) - 1) for r, each in histories.items() if len(each) > 1)
            since = max((*aged, self._balancers.agreed_at()))
            self._agreed = changes, since, self.mix(since)
        return self._agreed[1:]

    def _old_share(self, record: Record, history: tuple[Written, ...], index: int, at: datetime) -> float:
        changed_at = history[index].at
        faults = self._estate.faults
        span = (
            self._aged_at(record, history, index) - changed_at - timedelta(seconds=faults.stragglers_seconds)
        )
        obeying = max(0.0, 1 - (at - changed_at) / span) if span else 0.0
        return max(obeying, faults.stragglers_share)

    def _aged_at(self, record: Record, history: tuple[Written, ...], index: int) -> datetime:
        """When nobody holds an answer from before the change at `index` any more."""
        aged = self._aged.get((record, index))
        if aged is None:
            propagation = timedelta(seconds=self._estate.timings.propagation_seconds)
            ttls = ((history[i + 1].at, history[i].now) for i in range(index))
            aged = self._aged[record, index] = max(
                at + propagation + timedelta(seconds=held.ttl_seconds if held is not None else 0)
                for at, held in ttls
            ) + timedelta(seconds=self._estate.faults.stragglers_seconds)
        return aged


def floor_minute(at: datetime) -> datetime:
    """The start of the minute in which `at` lies, in UTC."""
    return at.astimezone(UTC).replace(second=0, microsecond=0)


_OFFSETS = tuple(MINUTE * (2 * i + 1) / (2 * SPANS) for i in range(SPANS))


def _moments(start: datetime) -> tuple[datetime, ...]:
    return tuple([start + offset for offset in _OFFSETS])


def _targets(written: Written) -> tuple[str, ...]:
    return written.now.targets if written.now is not None else ()
