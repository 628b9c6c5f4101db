"""Takes signals in: understood, matched to fleets, stored, and only then acknowledged and acted on.

What is not understood is refused with a sentence and counted. Acting at once is a courtesy: once a signal is
in the inbox, the timer would act on it too.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec.structs import replace

import stages
from shared import signals
from shared.engine import QUIET_SECONDS, Engine, Ticked
from shared.errors import NotFound, Refused, SwitchyardError
from shared.fleet import FLEET_NAME, Channel
from shared.model import Signal
from shared.ports import Clock, FleetEntry, Row, Store
from shared.resources import of_slots, resources_of
from shared.signals import Batch
from shared.signals.body import refused

log = logging.getLogger("switchyard.intake")

_DIRECTORY_SECONDS = 10
_DIRECTORY_SECONDS_REFUSED = 1
_MARK_SECONDS = QUIET_SECONDS / 3


Reader = Callable[[object, datetime, Sequence[FleetEntry]], Batch]


class GridEvent(Protocol):
    """What an Event Grid trigger hands over, whichever of its two schemas the event came in."""

    @property
    def id(self) -> str:
        """The event's id."""

    @property
    def subject(self) -> str | None:
        """The event's subject."""

    def get_json(self) -> Any:
        """The event's data."""


class Intake:
    """Accepts signals and ticks the fleets that they concern."""

    def __init__(self, store: Store, engine: Engine, clock: Clock) -> None:
        self._store = store
        self._engine = engine
        self._clock = clock
        self._directory: tuple[FleetEntry, ...] = ()
        self._read_at: datetime | None = None
        self.refused: Counter[str] = Counter()

    async def events(self, body: object) -> tuple[Signal, ...]:
        """One Event Grid or CloudEvents event, or an array of them. Raises Refused where none is a signal."""
        return (await self.batch(body)).signals

    async def batch(self, body: object) -> Batch:
        """The same, with what was refused of an array. Raises Refused where none is a signal."""
        return await self._take("event", signals.read_batch, body)

    async def alert(self, body: object, fleet: str | None = None) -> tuple[Signal, ...]:
        """One Azure Monitor alert in the common schema. Raises Refused."""
        return (await self.delivery(body, fleet)).signals

    async def delivery(self, body: object, fleet: str | None = None) -> Batch:
        """The same, with what was wrong with the address that was called. Raises Refused.

        Acted on by the directory that this worker has in mind, however old, so that nothing is read for it
        before the fleet itself, which says whose slot it is about; then the directory is read, in case a
        fleet was applied since. Where that directory does not know, `fleet` says which fleet to read.
        """
        taken, notices = await self._at_once(body), list[str]()
        if fleet is not None and all(signal.fleet != fleet for signal in taken):
            try:
                taken += await self._by_name(body, fleet)
            except NotFound:
                wrong = refused("fleet", fleet, "the name of an applied fleet in the address of the webhook")
                notices.append(str(wrong))
                log.warning("%s: an alert is matched by its resources alone", wrong)
        try:
            found = await self._take("alert", _alone, body, taken)
        except Refused as error:
            raise Refused("; ".join([*notices, str(error)])) from None
        left = [each for each in taken if each not in found.signals]
        return replace(found, signals=(*left, *found.signals), notices=tuple(notices))

    async def grid_event(self, event: GridEvent) -> None:
        """One event from the Event Grid trigger.

        A refusal is counted and swallowed, because Event Grid would deliver it again for a day.
        """
        try:
            await self.events(envelope(event))
        except Refused:
            return

    async def command(self, signal: Signal) -> Ticked:
        """A person's command: stored, then acted on by this very invocation."""
        # Whatever it is: a fleet that was left alone for long is not swept, and this may set it going again.
        await self._store.mark(signal.fleet, active=True, now=self._clock.now())
        await self._store.accept(signal)
        return await self._engine.tick(signal.fleet)

    async def look(self) -> tuple[FleetEntry, ...]:
        """Read the directory now: whoever watches the app keeps it in mind for the next alert."""
        return await self._entries(0)

    def forget(self) -> None:
        """Read the directory anew next time: a fleet was applied."""
        self._read_at = None

    async def _at_once(self, body: object) -> tuple[Signal, ...]:
        """An alert's signals that were taken; none where too little is known to take it."""
        now = self._clock.now()
        found = _of_slots(body, now, self._directory)
        await self._accept(found, {entry.name: entry for entry in self._directory}, now)
        return found

    async def _by_name(self, body: object, fleet: str) -> tuple[Signal, ...]:
        """The same for one fleet, which is read before and not again. Raises NotFound."""
        if re.fullmatch(FLEET_NAME, fleet) is None:
            raise NotFound(f"no fleet can have the name {fleet}")
        try:
            row = await self._store.load(fleet)
        except NotFound:
            raise
        except SwitchyardError as error:
            log.warning("%s: not read for its alert: %s", fleet, error)
            return ()
        # Read after the store has answered: before, a new worker knows no clock but its own.
        now = self._clock.now()
        entry = _entry(row, now)
        found = _of_slots(body, now, [entry])
        await self._accept(found, {fleet: entry}, now, row)
        if found:
            self.forget()  # The directory in mind does not know it.
        return found

    async def _take(self, what: str, read: Reader, body: object, taken: Sequence[Signal] = ()) -> Batch:
        directory = await self._entries(_DIRECTORY_SECONDS)
        # Read after the store has answered: before, a new worker knows no clock but its own.
        now = self._clock.now()
        try:
            found = read(body, now, directory)
        except Refused:
            found = None
        if found is None or found.refused:
            # Another worker may just have applied the fleet, and a refused event never comes again.
            directory = await self._entries(_DIRECTORY_SECONDS_REFUSED)
            if found is None and taken:
                return Batch(())
            found = self._counted(what, lambda: read(body, now, directory))
        by_name = {entry.name: entry for entry in directory}
        known = {signal.id for signal in taken}
        await self._accept([each for each in found.signals if each.id not in known], by_name, now)
        return found

    def _counted(self, what: str, read: Callable[[], Batch]) -> Batch:
        try:
            found = read()
        except Refused as error:
            self._count(what, 1, str(error))
            raise
        if found.refused:
            self._count(what, len(found.refused), signals.told(found.refused))
        return found

    def _count(self, what: str, times: int, because: str) -> None:
        self.refused[what] += times
        log.warning("refused %s number %d: %s", what, self.refused[what], because)

    async def _accept(
        self,
        found: Sequence[Signal],
        by_name: Mapping[str, FleetEntry],
        now: datetime,
        read: Row | None = None,
    ) -> None:
        """Store them all, then act on them: what a storm brought is acted on at once, not one by one.

        `read` is the fleet that they are about, where it has just been read.
        """
        marked: set[str] = set()
        new: dict[str, list[Signal]] = {}
        for signal in found:
            if signal.fleet not in marked and _unmarked(by_name[signal.fleet], now):
                # Marked first: a crash in between leaves a fleet that is swept for nothing, no lost signal.
                # Marked anew: housekeeping that is about to let the fleet go finds another etag and does not.
                await self._store.mark(signal.fleet, active=True, now=now)
            marked.add(signal.fleet)
            # One that was here before and waits still: whoever took it in may have died over it.
            waits = read is not None and any(each.id == signal.id for each in read.pending)
            if await self._store.accept(signal) or waits:
                new.setdefault(signal.fleet, []).append(signal)
            else:
                log.info("%s: %s was here before", signal.fleet, signal.id)
        for fleet, accepted in new.items():
            row = read.with_accepted(accepted) if read is not None else None
            pressing = any(signal.kind not in stages.VERSIONS for signal in accepted)
            # A new version is there for every fleet in the same minute: the sweep starts them in turn.
            await (self._act(fleet, now, row) if pressing else self._store.mark(fleet, active=True, now=now))

    async def _act(self, fleet: str, now: datetime, row: Row | None) -> None:
        try:
            await self._engine.tick(fleet, row)
            return
        except SwitchyardError as error:
            log.warning("%s: stored, and left to the timer: %s", fleet, error)
        except Exception:
            # The signal is safe; an error to its sender could silence the action group for 15 minutes.
            log.exception("%s: stored, and left to the timer", fleet)
        # The directory was read a while ago: the fleet may have been put to rest since.
        await self._store.mark(fleet, active=True, now=now)

    async def _entries(self, seconds_max: int) -> tuple[FleetEntry, ...]:
        asked_at = self._clock.now()
        fresh = self._read_at is not None and asked_at - self._read_at < timedelta(seconds=seconds_max)
        if not fresh:
            self._directory = await self._store.directory()
            # A new worker asked by its own clock, which may be fast: it must not keep the directory for long.
            self._read_at = min(asked_at, self._clock.now())
        return self._directory


def _alone(body: object, received_at: datetime, directory: Sequence[FleetEntry]) -> Batch:
    return Batch(signals.parse_alert(body, received_at, directory))


def _of_slots(body: object, received_at: datetime, directory: Sequence[FleetEntry]) -> tuple[Signal, ...]:
    """An alert's signals that are about a slot: by a newer file, one that is none's may be a slot's."""
    try:
        found = signals.parse_alert(body, received_at, directory, partial=True)
    except Refused:
        return ()
    return tuple(signal for signal in found if signal.slot)


def _entry(row: Row, now: datetime) -> FleetEntry:
    """The fleet as the directory has it, but for its mark, which is not known."""
    fleet, rollout = row.fleet, row.state.rollout
    plan = row.plan if rollout is not None and rollout.outcome is None else None
    return FleetEntry(
        name=fleet.name,
        resources=resources_of(fleet),
        pinned=of_slots(resources_of(plan)) if plan is not None else {},
        platform=fleet.versions.channel is Channel.PLATFORM,
        active=False,
        marked_at=now,
    )


def _unmarked(entry: FleetEntry, now: datetime) -> bool:
    return not entry.active or now - entry.marked_at > timedelta(seconds=_MARK_SECONDS)


def envelope(event: GridEvent) -> dict[str, Any]:
    """The event as it was on the wire, in the schema that it came in."""
    body: dict[str, Any] = {"id": event.id, "subject": event.subject, "data": event.get_json()}
    names = _CLOUD if hasattr(event, "specversion") else _GRID
    for wire, attribute in names.items():
        value = getattr(event, attribute, None)
        body[wire] = value.isoformat() if isinstance(value, datetime) else value
    # The library takes a CloudEvent's data in base64 for an extension of the publisher's.
    encoded = getattr(event, "extension_attrs", {}).get("data_base64")
    return body if encoded is None else body | {"data_base64": encoded}


_CLOUD = {"specversion": "specversion", "source": "source", "type": "type", "time": "time"}
_GRID = {
    "topic": "topic",
    "eventType": "event_type",
    "eventTime": "event_time",
    "dataVersion": "data_version",
}
