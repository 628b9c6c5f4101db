"""The only loop: load, observe, decide, claim, perform, until the decision says wait.

It is safe to tick a fleet twice, late, or from two workers at once: the claim decides who moved it. A crash
at any point costs a repeat, because what was done is learnt by observing, never by remembering. This module
decides nothing about rollouts and knows no Azure.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

import stages
from shared.actions import Failure, Result
from shared.decision import Decision, Seen
from shared.errors import Conflict, Refused, Retry, Superseded, SwitchyardError, Unreadable
from shared.fleet import Fleet
from shared.model import Disposition, FleetState, Outcome, Rollout, Stage
from shared.ports import (
    Claimed,
    FleetEntry,
    OutboxEntry,
    Performer,
    Publisher,
    Row,
    SharedClock,
    Store,
    World,
)
from shared.probes import Answer, Probe, patience_seconds
from shared.ring_probes import RingProbe
from shared.rings import Rings
from shared.shadow import Shadow

log = logging.getLogger("switchyard.engine")

ROUNDS_MAX = 24
# With a sweep every 15 s, 60 looks a minute: what Azure lets one identity ask of zones in a subscription, 500
# reads in 5 minutes, is enough for these and the writes between them (`make limits`).
FLEETS_PER_SWEEP_MAX = 15
# A start asks up to 17 things of levers, owners and clusters, and ARM lets one identity read 250 at once.
STARTS_PER_SWEEP_MAX = 10
# A worker that slept since its look begins nothing: with the time that an order takes to arrive, this is less
# than `stages.step.ORDER_SECONDS_MAX`, after which no step expects it any more.
BEGIN_SECONDS_MAX = 240
# Longer than a tick takes from its first look to its announcement: until then that is the tick's own to make.
OUTBOX_GRACE_SECONDS = 300
# Longer than any invocation lasts (`functionTimeout`): a signal accepted meanwhile was ticked by then.
QUIET_SECONDS = 900
_FOREVER = timedelta(days=365)


class Ticked(Struct, frozen=True, kw_only=True):
    """What one tick did: the decisions that it claimed, oldest first, and the state that it left."""

    fleet: str
    state: FleetState
    decisions: tuple[Decision, ...] = ()

    def disposition(self, signal_id: str) -> Disposition | None:
        """What this tick made of a signal, if it consumed it."""
        every = (d for decision in self.decisions for d in decision.dispositions)
        return next((d for d in every if d.id == signal_id), None)


class Engine:
    """Advances fleets. Holds no state of its own."""

    def __init__(self, store: Store, world: World, publisher: Publisher, clock: SharedClock) -> None:
        self._store = store
        self._world = world
        self._publisher = publisher
        self._clock = clock
        self._rings = Rings(store, world)

    async def tick(self, fleet_name: str, read: Row | None = None) -> Ticked:
        """Advance one fleet as far as it goes now. Raises NotFound, Retry and Unreadable.

        `read` is the fleet where the caller has just read it; whoever moved it since keeps the claim.
        """
        decisions: list[Decision] = []
        results: tuple[Result, ...] = ()
        refused: dict[Probe, Answer] = {}
        row = read if read is not None else await self._store.load(fleet_name)
        for turn in range(ROUNDS_MAX):
            if turn > 0:
                row = await self._store.load(fleet_name)
            if decisions and row.state.epoch != decisions[-1].state.epoch:
                results = tuple(replace(result, overtaken=True) for result in results)
            now = self._clock.now()
            if not results and not stages.due(row.state, row.pending, now):
                return Ticked(fleet=fleet_name, state=row.state, decisions=tuple(decisions))
            seen = await self._look(row, results, refused, now)
            decision = stages.decide(row.fleet, row.plan, row.state, seen)
            if stages.idle(row.state, decision):
                return Ticked(fleet=fleet_name, state=row.state, decisions=tuple(decisions))
            try:
                claimed = await self._claim(row, decision, seen)
            except Superseded:
                # A receipt is told once: without it a run command would be given again.
                results = tuple(result for result in results if result.receipt is not None)
                continue
            decisions.append(decision)
            results = await self._perform(_governing(row), decision, claimed.epoch, now)
            await self._announce(claimed.outbox)
            results = tuple(r for r in results if r.failure is not None or r.receipt is not None)
        state = decisions[-1].state if decisions else row.state
        return Ticked(fleet=fleet_name, state=state, decisions=tuple(decisions))

    async def sweep(self) -> tuple[str, ...]:
        """The fleets that are due and whose turn it is. An idle fleet costs nothing, an active one a read."""
        entries = await self._store.directory(active_only=True)
        found = [(entry.name, await self._turn(entry.name)) for entry in entries]
        due = ((name, turn) for name, turn in found if turn is not None)
        return stages.in_turn(due, FLEETS_PER_SWEEP_MAX, STARTS_PER_SWEEP_MAX, self._clock.now())

    async def housekeep(self) -> None:
        """Publish what a crash left in an outbox, and stop sweeping fleets that have been quiet for long."""
        for entry in await self._store.directory(active_only=True):
            try:
                await self._keep(entry, self._clock.now())
            except SwitchyardError as error:
                log.warning("%s: left to the next round: %s", entry.name, error)

    async def _turn(self, name: str) -> stages.Turn | None:
        """How long a fleet can be kept waiting, None if nothing is due."""
        try:
            row = await self._store.load(name)
        except Unreadable as error:
            # A tick could do nothing either: the sweep goes on looking, and says so each time.
            log.critical("%s: left alone until a person has looked: %s", name, error)
            return None
        except SwitchyardError as error:
            log.warning("%s: ticked unseen: %s", name, error)
            return stages.Turn.NOW
        due = stages.due(row.state, row.pending, self._clock.now())
        return stages.turn_of(row.state, row.pending) if due else None

    async def _keep(self, entry: FleetEntry, now: datetime) -> None:
        owed = await self._store.owed(entry.name, before=now - timedelta(seconds=OUTBOX_GRACE_SECONDS))
        await self._announce(owed)
        if now - entry.marked_at < timedelta(seconds=QUIET_SECONDS):
            return
        row = await self._store.load(entry.name)
        # Read once more: what its topic refused just now, or is too young, would never be tried again.
        if _idle(row) and not await self._store.owed(entry.name, before=now + _FOREVER):
            await self._store.rest(entry)

    async def _look(
        self, row: Row, results: tuple[Result, ...], refused: dict[Probe, Answer], now: datetime
    ) -> Seen:
        """See what the next decision needs. Who asked for patience is asked once in a tick: see `refused`."""
        needs = stages.needs(row.fleet, row.plan, row.state, row.pending, now)
        known = {probe: answer for probe, answer in refused.items() if probe in needs}
        ring = frozenset(probe for probe in needs if isinstance(probe, RingProbe))
        probes = needs - known.keys() - ring
        answers = {**(await self._world.observe(_governing(row), probes, now) if probes else {}), **known}
        if ring:
            answers |= await self._rings.look(ring, now)
        refused.update({probe: each for probe, each in answers.items() if patience_seconds(each) is not None})
        return Seen(
            now=now,
            answers=answers,
            signals=row.pending,
            results=results,
            epoch=row.state.epoch,
            answered_at=self._clock.latest(),
        )

    async def _claim(self, row: Row, decision: Decision, seen: Seen) -> Claimed:
        if decision.plan is not None:
            # The sweep must know the fleet before its rollout exists: the other order could lose it.
            await self._store.mark(row.fleet.name, active=True, now=seen.now, plan=decision.plan)
        claimed = await self._store.claim(row, decision, seen)
        rollout = decision.state.rollout
        place = f"{rollout.id} {rollout.stage.value} {rollout.step}" if rollout else row.fleet.name
        log.info("%s, epoch %d: %s", place, claimed.epoch, decision.because)
        if _failed(rollout) and not _failed(row.state.rollout):
            log.critical("%s: the rollback failed and a person has to look: %s", place, decision.because)
        return claimed

    async def _perform(
        self, fleet: Fleet, decision: Decision, epoch: int, now: datetime
    ) -> tuple[Result, ...]:
        results: list[Result] = []
        performer = self._performer(decision.state.rollout)
        for action in decision.actions:
            try:
                self._in_time(now)
                receipt = await performer.perform(fleet, action, epoch=epoch)
            except SwitchyardError as error:
                level = logging.INFO if isinstance(error, Superseded) else logging.WARNING
                log.log(level, "%s, epoch %d: %s: %s", fleet.name, epoch, type(action).__name__, error)
                results.append(Result(action=action, failure=_failure(error)))
                if decision.stage == Stage.ROLLBACK:
                    continue
                # Live records move in the declared order; on the way back every one that can be saved is.
                break
            results.append(Result(action=action, receipt=receipt))
        return tuple(results)

    def _performer(self, rollout: Rollout | None) -> Performer:
        """Whom the orders of a rollout are handed to: the one way to the world, which a shadow has not."""
        return Shadow() if rollout is not None and rollout.shadow else self._world

    def _in_time(self, now: datetime) -> None:
        """Raise Superseded where others no longer wait for what was decided on a look at `now`."""
        if self._clock.latest() > now + timedelta(seconds=BEGIN_SECONDS_MAX):
            raise Superseded(f"decided more than {BEGIN_SECONDS_MAX} s ago: somebody may have moved on")

    async def _announce(self, outbox: Iterable[OutboxEntry]) -> None:
        for entry in outbox:
            try:
                await self._publisher.publish(entry)
                await self._store.settle(entry)
            except SwitchyardError as error:
                log.warning("%s: %s stays in the outbox: %s", entry.fleet, entry.event.get("id"), error)


def _failure(error: SwitchyardError) -> Failure:
    if isinstance(error, Superseded):
        return Failure(because=str(error), conflict=True)
    if isinstance(error, Retry):
        return Failure(because=str(error), after_seconds=error.after_seconds)
    # A conflict with another operation passes; every other refusal would be repeated word for word.
    return Failure(
        because=str(error), permanent=isinstance(error, Refused) and not isinstance(error, Conflict)
    )


def _failed(rollout: Rollout | None) -> bool:
    return rollout is not None and rollout.outcome is Outcome.ROLLBACK_FAILED and not rollout.shadow


def _governing(row: Row) -> Fleet:
    return stages.governing(row.fleet, row.plan, row.state)


def _idle(row: Row) -> bool:
    rollout = row.state.rollout
    ended = rollout is None or (rollout.outcome is not None and rollout.wake_at is None)
    return ended and not row.pending and not row.unreadable
