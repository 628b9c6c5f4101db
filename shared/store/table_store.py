"""The store that the engine talks to (`shared.ports.Store`), over what serves `shared.store.tables.Tables`.

Decides how many requests each question costs and what a lost answer means; the rows themselves are decided in
`rows` and `claim`. It refuses to know SDKs, clocks and what a state means.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import uuid4

import msgspec

from shared.decision import Decision, Seen
from shared.errors import NotFound, Retry, Superseded, Unreadable
from shared.fleet import Channel, Fleet
from shared.model import Disposition, FleetState, Judgement, Rollout, Signal
from shared.ports import PENDING_MAX, AuditEntry, Claimed, FleetEntry, OutboxEntry, Row
from shared.resources import of_slots
from shared.store import audit, rows
from shared.store.chains import ATTEMPTS_MAX, ChainRows
from shared.store.claim import CLAIM, claim
from shared.store.decoded import Decoded, remember
from shared.store.fleets import document_of, fleet_of
from shared.store.rows import FLEETS_PARTITION, FLEETS_TABLE, STATE_TABLE
from shared.store.tables import Clash, Found, Lost, Range, Tables, Verb, Write

log = logging.getLogger("switchyard.store")

_SNAPSHOT_ROWS = 3
_state = msgspec.json.Decoder(FleetState)
_signal = msgspec.json.Decoder(Signal)
_rollout = msgspec.json.Decoder(Rollout)
_resources = msgspec.json.Decoder(dict[str, str])
_owed = msgspec.json.Decoder(OutboxEntry)
_judgements = msgspec.json.Decoder(tuple[Judgement, ...])


class TableStore(ChainRows):
    """`shared.ports.Store` on a table service.

    `resources_of` gives the lower-case ARM ids of a fleet with what each is, for the directory. `identify`
    gives each claim a name that no other has.
    """

    def __init__(
        self,
        tables: Tables,
        resources_of: Callable[[Fleet], Mapping[str, str]],
        identify: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._identify = identify
        self._tables = tables
        self._resources_of = resources_of
        self._decoded = Decoded()

    async def load(self, fleet: str) -> Row:
        """One request, unless more signals wait than one claim may consume.

        Raises NotFound, Retry; Unreadable where a newer version wrote what this one does not know.
        """
        tick = Range(partition=fleet, low=rows.TICK_LOW, high=rows.TICK_HIGH)
        found, is_all = await self._tables.page(STATE_TABLE, tick, rows_max=PENDING_MAX + _SNAPSHOT_ROWS)
        known = self._decoded.rows.get(fleet)
        if is_all and known is not None and known[0] == found:
            return known[1]
        read = found
        waiting = [_waiting(item) for item in found if _key(item) < rows.SNAPSHOT_LOW]
        pending = tuple(signal for signal in waiting if signal is not None)
        if not is_all:
            snapshot = Range(partition=fleet, low=rows.SNAPSHOT_LOW, high=rows.TICK_HIGH)
            found = await self._tables.scan(STATE_TABLE, snapshot)
        by_key = {_key(item): item for item in found}
        if rows.FLEET_KEY not in by_key:
            raise NotFound(f"there is no fleet {fleet}")
        row = self._row(by_key, pending[:PENDING_MAX], unreadable=len(waiting) - len(pending))
        # What cannot be read is said again with each tick.
        if is_all and not row.unreadable:
            remember(self._decoded.rows, fleet, (read, row))
        return row

    async def claim(self, row: Row, decision: Decision, seen: Seen) -> Claimed:
        """One request; one more where its answer is lost. Raises Superseded, Retry.

        A claim whose answer was lost is won if the audit row of its epoch carries its identity.
        """
        identity = self._identify()
        ready = claim(row, decision, seen, identity)
        lost: Lost | None = None
        for _ in range(ATTEMPTS_MAX):
            try:
                await self._tables.write(STATE_TABLE, ready.writes)
                return ready.claimed
            except Clash:
                if lost is None:
                    raise
            except Lost as error:
                lost = error
            if await self._is_written(row.fleet.name, ready.claimed.epoch, identity):
                return ready.claimed
        raise Retry(f"the claim of epoch {ready.entry.epoch} got no answer: {lost}")

    async def accept(self, signal: Signal) -> bool:
        """One request; after a lost answer one more, and then a row that is there may be ours: True."""
        inbox = rows.row(signal.fleet, rows.inbox_key(signal.id), id=signal.id, kind=signal.kind)
        pending = rows.row(signal.fleet, rows.pending_key(signal), msgspec.json.encode(signal))
        writes = [Write(Verb.INSERT, inbox), Write(Verb.INSERT, pending)]
        try:
            await self._tables.write(STATE_TABLE, writes)
        except Clash:
            return False
        except Lost:
            try:
                await self._tables.write(STATE_TABLE, writes)
            except Clash:
                return True
        return True

    async def disposition(self, fleet: str, signal_id: str) -> Disposition | None:
        """One request: its disposition, or None while the signal waits or was never accepted."""
        found = await self._tables.get(STATE_TABLE, fleet, rows.inbox_key(signal_id))
        if found is None or "because" not in found.entity:
            return None
        applied, because = bool(found.entity["applied"]), str(found.entity["because"])
        return Disposition(id=signal_id, applied=applied, because=because)

    async def apply(self, fleet: Fleet, *, if_match: str | None, now: datetime) -> str:
        """Two requests: the fleet, then its directory entry, which applying again repairs if it was missed.

        Applying again what is there is no conflict, whatever `if_match`: its first answer may have been lost.
        Raises Superseded, Retry; Refused when the fleet is larger than a row.
        """
        entity = rows.row(fleet.name, rows.FLEET_KEY, document_of(fleet))
        verb = Verb.UPSERT if if_match is None else Verb.UPDATE
        etag = await self._put(STATE_TABLE, Write(verb, entity, if_match))
        entry = rows.row(
            FLEETS_PARTITION,
            fleet.name,
            rows.canonical(dict(self._resources_of(fleet))),
            platform=fleet.versions.channel is Channel.PLATFORM,
            applied_at=now.isoformat(),
        )
        await self._tables.write(FLEETS_TABLE, [Write(Verb.MERGE, entry)])
        return etag

    async def directory(self, *, active_only: bool = False) -> tuple[FleetEntry, ...]:
        """A request for every 1,000 entries that are asked for."""
        where = {"active": True} if active_only else {}
        everything = Range(partition=FLEETS_PARTITION, low="", high="~", where=where)
        found = await self._tables.scan(FLEETS_TABLE, everything)
        return tuple(self._entry(item) for item in found if "json" in item.entity)

    async def mark(self, fleet: str, *, active: bool, now: datetime, plan: Fleet | None = None) -> None:
        """One request."""
        entity = rows.row(FLEETS_PARTITION, fleet, active=active, marked_at=now.isoformat())
        if plan is not None:
            entity["pinned"] = self._pinned(plan)
        await self._tables.write(FLEETS_TABLE, [Write(Verb.MERGE, entity)])

    async def rest(self, entry: FleetEntry) -> bool:
        """One request."""
        entity = rows.row(FLEETS_PARTITION, entry.name, active=False, pinned="{}")
        try:
            await self._tables.write(FLEETS_TABLE, [Write(Verb.MERGE, entity, entry.etag)])
        except Clash:
            return False
        return True

    async def audit(self, fleet: str, rollout: str | None = None) -> tuple[AuditEntry, ...]:
        """The trail, oldest first."""
        where = {} if rollout is None else {"rollout": rollout}
        found = await self._tables.scan(STATE_TABLE, Range(partition=fleet, low="a-", high="a.", where=where))
        return tuple(map(_audit_entry, found))

    async def rollouts(self, fleet: str) -> tuple[Rollout, ...]:
        """All rollouts, newest first."""
        found = await self._tables.scan(STATE_TABLE, Range(partition=fleet, low="h-", high="h."))
        rollouts = [rows.decoded(_rollout, item.entity) for item in found]
        return tuple(sorted(rollouts, key=lambda rollout: (rollout.started_at, rollout.id), reverse=True))

    async def judgements(self, fleet: str, rollout: str) -> tuple[Judgement, ...]:
        """All verdicts of a rollout, oldest first."""
        low, high = rows.judgement_keys(rollout)
        asked = Range(partition=fleet, low=low, high=high, where={"rollout": rollout})
        found = await self._tables.scan(STATE_TABLE, asked)
        return tuple(judged for item in found for judged in rows.decoded(_judgements, item.entity))

    async def owed(self, fleet: str, *, before: datetime) -> tuple[OutboxEntry, ...]:
        """Announcements that no topic has taken, made before then."""
        found = await self._tables.scan(
            STATE_TABLE, Range(partition=fleet, low=rows.OUTBOX_LOW, high=rows.OUTBOX_HIGH)
        )
        entries = (rows.decoded(_owed, item.entity) for item in found)
        return tuple(entry for entry in entries if entry.at < before)

    async def settle(self, entry: OutboxEntry) -> None:
        """One request; an entry that is gone is settled."""
        try:
            await self._tables.write(STATE_TABLE, [Write(Verb.DELETE, rows.row(entry.fleet, entry.key))])
        except Clash:
            return

    def _pinned(self, plan: Fleet) -> str:
        # The slots' alone: a few ids, which one property holds however many levers there are.
        return rows.canonical(of_slots(self._resources_of(plan))).decode()

    async def _is_written(self, fleet: str, epoch: int, identity: str) -> bool:
        found = await self._tables.get(STATE_TABLE, fleet, rows.audit_key(epoch))
        # An older version's row has no identity, and is not this claim's.
        if found is not None and found.entity.get(CLAIM) != identity:
            raise Superseded(f"somebody else claimed epoch {epoch} of {fleet}")
        return found is not None

    def _row(self, found: Mapping[str, Found], pending: tuple[Signal, ...], *, unreadable: int) -> Row:
        fleet = self._decode(found[rows.FLEET_KEY])
        plan, state = found.get(rows.PLAN_KEY), found.get(rows.STATE_KEY)
        return Row(
            fleet=fleet,
            state=rows.decoded(_state, state.entity) if state else FleetState(live=fleet.live),
            plan=self._decode(plan) if plan else None,
            pending=pending,
            etag=state.etag if state else None,
            fleet_etag=found[rows.FLEET_KEY].etag,
            audit_head=str(state.entity["head"]) if state else "",
            state_document=rows.document(state.entity) if state else "",
            fleet_document=rows.document(found[rows.FLEET_KEY].entity),
            unreadable=unreadable,
        )

    def _decode(self, found: Found) -> Fleet:
        """A fleet or a plan changes rarely and is read with every tick: it is decoded once for each etag."""
        where = str(found.entity["PartitionKey"]), _key(found)
        known = self._decoded.fleets.get(where)
        if known is not None and known[0] == found.etag:
            return known[1]
        fleet = fleet_of(found.entity)
        remember(self._decoded.fleets, where, (found.etag, fleet))
        return fleet

    def _entry(self, found: Found) -> FleetEntry:
        name = _key(found)
        known = self._decoded.entries.get(name)
        if known is not None and known[0] == found:
            return known[1]
        entry = _entry(found)
        remember(self._decoded.entries, name, (found, entry))
        return entry


def _key(found: Found) -> str:
    return str(found.entity["RowKey"])


def _waiting(found: Found) -> Signal | None:
    """A signal that waits; None for a newer version's, which stops nothing and waits until that is back."""
    try:
        return rows.decoded(_signal, found.entity)
    except Unreadable as error:
        log.warning("a signal waits for a newer version: %s", error)
        return None


def _entry(found: Found) -> FleetEntry:
    entity = found.entity
    return FleetEntry(
        name=_key(found),
        resources=_resources.decode(rows.document(entity)),
        platform=bool(entity["platform"]),
        active=bool(entity.get("active", False)),
        marked_at=datetime.fromisoformat(str(entity.get("marked_at", entity["applied_at"]))),
        pinned=_resources.decode(str(entity.get("pinned", "{}"))),
        etag=found.etag,
    )


def _audit_entry(found: Found) -> AuditEntry:
    return audit.read(rows.document(found.entity), str(found.entity["hash"]))
