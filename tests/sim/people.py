"""Everybody outside: Event Grid, action groups, people with a command, people with their hands in the zone.

Senders deliver until they are answered, in any order, late and more than once. A person tries a few times. In
the calm a sensible operator looks every five minutes. Decides what is sent and when, never what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.world import events
from sandbox.world.outgoing import Outbound, Receiver
from shared import signals
from shared.engine import Ticked
from shared.model import HoldKind, Outcome, Signal, SignalKind
from shared.signals import resources_of
from shared.store.table_store import TableStore
from tests.sim.blows import strike
from tests.sim.doors import at_once
from tests.sim.hands import MALLORY, OLIVIA, edit, point, put_right, tilt
from tests.sim.scenario import Meddling, Ring, Tilt

if TYPE_CHECKING:
    from tests.sim.simulation import Process, Simulation

VERSION, NEXT_VERSION = "1.32.6", "1.33.1"
PATIENCE_SECONDS = 1200.0
"""How long the operator leaves a hold alone before trying again, and then before giving up on it."""


class People:
    """All senders of one simulation."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._owed = 0
        self._said = 0
        self._rounds = 0
        self._stuck: tuple[str, float] = ("", 0.0)
        self._tried: set[str] = set()
        # Drawn apart, so that nothing else is drawn otherwise: does the webhook's address name the fleet?
        named = Random(f"webhook {sim.scenario.seed}").random() < 0.5
        self._named = sim.scenario.fleet.name if named else None

    def arrive(self) -> None:
        """Plan everything that the scenario has people and senders do."""
        sim, scenario = self._sim, self._sim.scenario
        later = self._later
        later(sim.chance.uniform(1, 300), lambda: self._announce(VERSION))
        if scenario.again_at_seconds is not None:
            later(scenario.again_at_seconds, self._again)
        for word in scenario.words:
            later(word.at_seconds, lambda kind=word.kind: self.say(kind))  # type: ignore[misc]
        for ring in scenario.rings:
            self._ring(ring)
        for meddling in scenario.meddlings:
            later(meddling.at_seconds, lambda it=meddling: self._meddle(it))  # type: ignore[misc]
        for each in scenario.tilts:
            later(each.at_seconds, lambda it=each: self._tilt(it))  # type: ignore[misc]
        for at in scenario.edits:
            later(at, self._edit)
        for blow in scenario.blows:
            later(blow.at_seconds, lambda it=blow: strike(sim, it))  # type: ignore[misc]

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        """Something that the scenario has planned."""
        self._owed += 1

        def happens() -> None:
            self._owed -= 1
            what()

        self._sim.scheduler.call(seconds, happens)

    def hear(self, due: tuple[Outbound, ...]) -> None:
        """Deliver what Azure sends by itself."""
        for each in due:
            self.deliver("event" if each.receiver is Receiver.EVENT_GRID else "alert", each.body)

    def done(self) -> bool:
        """Whether everything planned has happened and every sender has been answered."""
        return self._owed == 0

    def looked_twice(self) -> bool:
        """Whether the operator has had the time to see a failed rollback and to try it again."""
        return self._rounds >= 2

    def calm_down(self) -> None:
        """From now on only a sensible operator acts."""
        self._sim.scheduler.call(300.0, self._look_after)

    def say(self, kind: SignalKind, attempts: int = 3, **fields: object) -> None:
        """A person's command to the rollout that is there."""
        sim = self._sim
        self._said += 1
        rollout = sim.facts.rollout
        starts = kind is SignalKind.START
        if rollout is None and not starts:
            return
        body = {"version": VERSION, "lift_hold": True, **fields} if starts else {}
        signal = signals.parse_command(
            kind,
            sim.scenario.fleet.name,
            None if starts or rollout is None else rollout.id,
            body,
            OLIVIA,
            sim.scheduler.now(),
            f"word-{self._said}",
        )
        self._command(signal, attempts)

    def _command(self, signal: Signal, attempts: int) -> None:
        sim = self._sim
        self._owed += 1
        sim.told("olivia", f"says {signal.kind.value}")

        def answered(result: object, error: BaseException | None) -> None:
            self._owed -= 1
            if error is None:
                assert isinstance(result, Ticked)
                self._acknowledged((signal,))
            elif attempts > 1:
                self._later(20.0, lambda: self._command(signal, attempts - 1))

        sim.invoke(signal.kind.value, lambda process: process.intake.command(signal), answered)

    def _announce(self, version: str) -> None:
        sim = self._sim
        fleet = sim.scenario.fleet
        cluster = fleet.slot(sim.facts.state.live).cluster_id
        event = events.version_available(cluster, version, sim.scheduler.now(), event_id=f"version-{version}")
        if sim.chance.random() < 0.5:
            event = events.to_cloud_event(event)
        self.deliver("event", event)

    def _again(self) -> None:
        """Somebody clears the free slot away and the next version is published."""
        sim = self._sim
        if sim.facts.in_flight:
            return
        fleet = sim.scenario.fleet
        free = fleet.slot(fleet.other(sim.facts.state.live)).cluster_id
        found = sim.world.clusters.find(free)
        idle = found is not None and found.provisioning in ("Succeeded", "Failed")
        # After a rollback that failed, users may be there still: nobody sensible takes that away.
        serves = any(fleet.other(sim.facts.state.live) in sim.facts.sends(each) for each in fleet.levers)
        if idle and sim.chance.random() < 0.7 and not serves:
            sim.told("olivia", f"deletes {free.rsplit('/', 1)[-1]}")
            sim.world.clusters.delete(free)
        self._announce(NEXT_VERSION)

    def _ring(self, ring: Ring) -> None:
        sim = self._sim
        fleet = sim.scenario.fleet
        gateway = next(slot.gateway_id for slot in fleet.slots if slot.name == ring.slot)
        fired_at = self._instant(-ring.early_seconds if ring.early_seconds else ring.at_seconds)
        guid = sim.world.estate.hex_of(32, "ring", ring.number)
        alert = events.activity_alert if ring.stateless else events.metric_alert
        fired = alert(gateway, fired_at, alert_guid=guid, severity=ring.severity)
        self._later(ring.at_seconds, lambda: self.deliver("alert", fired))
        if ring.resolved_at_seconds is not None:
            at = max(1.0, ring.resolved_at_seconds)
            body = events.metric_alert(
                gateway,
                fired_at,
                alert_guid=guid,
                resolved_at=self._instant(at),
                value=2.0,
                severity=ring.severity,
            )
            self._later(at, lambda: self.deliver("alert", body))

    def _instant(self, seconds: float) -> datetime:
        return self._sim.world.estate.since_start(self._sim.scheduler.seconds + seconds)

    def deliver(self, what: str, body: dict[str, Any]) -> None:
        """Let a sender deliver a body until it is answered."""
        weather, chance = self._sim.weather, self._sim.chance
        for _ in range(weather.deliveries()):
            late = chance.uniform(30, 3600) if weather.strikes(weather.swarm.late) else chance.uniform(0, 10)
            self._owed += 1
            self._sim.scheduler.call(late, lambda: self._send(what, body, 10.0))

    def _send(self, what: str, body: dict[str, Any], backoff_seconds: float) -> None:
        sim = self._sim

        def answered(result: object, error: BaseException | None) -> None:
            if error is None:
                self._owed -= 1
                assert isinstance(result, tuple)
                self._acknowledged(result)
            else:
                again = min(backoff_seconds * 2, 300.0)
                sim.scheduler.call(backoff_seconds, lambda: self._send(what, body, again))

        def handle(process: Process) -> Any:
            if what == "event":
                return process.intake.events(body)
            return process.intake.alert(body, self._named)

        sim.invoke(what, handle, answered)

    def _acknowledged(self, found: tuple[Signal, ...]) -> None:
        for signal in found:
            pending = at_once(self._sim.truth.load(signal.fleet)).pending
            self._sim.judge("acknowledged", signal, pending)
            self._sim.facts.acknowledged[signal.id] = signal

    def _meddle(self, it: Meddling) -> None:
        sim = self._sim
        record = sim.scenario.fleet.live_records[0]
        point(sim.facts, sim.scenario.fleet.live_records, it.address, keeps_metadata=it.keeps_metadata)
        sim.facts.meddled_at = sim.scheduler.now()
        sim.told("mallory", f"points {record.fqdn} at {it.address}")

    def _tilt(self, it: Tilt) -> None:
        sim = self._sim
        for balancer in sim.scenario.fleet.balancers:
            tilt(sim.world, balancer, it.slot, it.percent, MALLORY)
            sim.told("mallory", f"has {balancer.label} send {it.percent} % to {it.slot}")
        sim.facts.meddled_at = sim.scheduler.now()

    def _edit(self) -> None:
        sim = self._sim
        sim.told("olivia", "edits the fleet's file")
        edited = edit(sim.scenario.fleet, sim.chance.random() < 0.5)
        store = TableStore(sim.tables, resources_of)
        at_once(store.apply(edited, if_match=None, now=sim.scheduler.now()))

    def _look_after(self) -> None:
        """The operator's round: resume, approve, put a record right, try again, and in the end give up."""
        sim, rollout = self._sim, self._sim.facts.rollout
        sim.scheduler.call(300.0, self._look_after)
        self._rounds += 1
        if rollout is None:
            return
        if rollout.outcome is Outcome.ROLLBACK_FAILED:
            self._once(f"{rollout.id} failed", SignalKind.RETRY)
        if rollout.outcome is not None:
            return
        place = f"{rollout.id} {rollout.stage} {rollout.step}"
        if self._stuck[0] != place:
            self._stuck = place, sim.scheduler.seconds
        held = rollout.held.kind if rollout.held is not None else None
        if held in (HoldKind.PERSON, HoldKind.ALERT):
            self.say(SignalKind.RESUME)
        elif held is HoldKind.DRIFT:
            sim.told("olivia", put_right(sim.facts, rollout))
        elif rollout.step.startswith("approve_"):
            self.say(SignalKind.PROMOTE)
        waited = sim.scheduler.seconds - self._stuck[1]
        if held in (HoldKind.GATE, HoldKind.DEADLINE) and waited > PATIENCE_SECONDS:
            self._once(f"{place} retry", SignalKind.RETRY)
            if waited > 2 * PATIENCE_SECONDS and not rollout.destroying:
                self._once(f"{place} back", SignalKind.ROLLBACK)

    def _once(self, why: str, kind: SignalKind) -> None:
        if why not in self._tried:
            self._tried.add(why)
            self.say(kind)
