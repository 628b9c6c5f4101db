"""One simulated life of a fleet: the real product, several workers, a seed, and everybody who interferes.

First chaos: faults strike, people and senders do as the scenario says. Then calm: no more faults, a sensible
operator, and all of it has to come to an end. Decides when things happen; the checkers decide what is right.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from hashlib import blake2b
from itertools import count
from random import Random
from typing import Any

from msgspec import Struct

from sandbox.memory_store import MemoryTables
from sandbox.world import World
from sandbox.world.ports import PortsWorld
from shared.actions import Action, SetMatch, SetWeights, StopCluster
from shared.api.intake import Intake
from shared.engine import Engine
from shared.errors import SwitchyardError
from shared.fleet import Fleet
from shared.model import Outcome, SignalKind
from shared.ports import OutboxEntry
from shared.signals import resources_of
from shared.store.decoded import Decoded
from shared.store.table_store import TableStore
from shared.store.tables import Write
from tests.sim.checkers import CHECKERS, SHADOWED
from tests.sim.checkers.base import Checker, Violation, asked
from tests.sim.doors import (
    Door,
    FaultyTables,
    FaultyTopic,
    FaultyWorld,
    WatchedStore,
    at_once,
)
from tests.sim.facts import ClaimMade, EffectMade, Ending, Facts
from tests.sim.people import People
from tests.sim.scenario import CHAOS_SECONDS, START_SECONDS, Scenario
from tests.sim.scheduler import Crashed, Scheduler, at
from tests.sim.timers import TICK_SECONDS, Timers
from tests.sim.watch import Claiming
from tests.sim.weather import Weather, Worker

WORKERS = 3
HECKLES = (SignalKind.ROLLBACK,) * 5 + (SignalKind.PAUSE, SignalKind.PROMOTE, SignalKind.RETRY)
"""What people say right after an order was given: most of all that they want everything back."""
ALARMS = 5
CALM_SECONDS_MAX = 30 * 3600.0

Ended = Callable[[object, BaseException | None], None]


class Process:
    """A worker process: its own engine, intake and caches."""

    def __init__(self, sim: Simulation, name: str) -> None:
        chance, swarm = sim.chance, sim.weather.swarm
        self.worker = Worker(name, sim.scheduler, chance, swarm.skew_seconds)
        door = Door(sim.scheduler, sim.weather, sim, self.worker)
        identities = (f"{name} {n}" for n in count(1))
        tables = FaultyTables(door, sim.tables)
        self.store = WatchedStore(door, tables, resources_of, identities.__next__, sim.decoded)
        self.engine = Engine(self.store, FaultyWorld(door, sim.ports), FaultyTopic(door), self.worker.clock)
        self.intake = Intake(self.store, self.engine, self.worker.clock)


class Ran(Struct, frozen=True):
    """What became of a seed. The same seed gives the same `digest`."""

    seed: int
    digest: str
    violation: str | None
    outcomes: tuple[Outcome, ...]
    points: int
    lines: tuple[tuple[float, str, str], ...]

    @property
    def story(self) -> tuple[str, ...]:
        """Who did what, and when."""
        return tuple(f"{_clock(at)}  {who:<10} {what}" for at, who, what in self.lines)


class Simulation:
    """One seed."""

    def __init__(self, scenario: Scenario, checkers: Sequence[type[Checker]] | None = None) -> None:
        self.scenario = scenario
        self.chance = Random(f"run {scenario.seed}")
        self.scheduler = Scheduler(self.chance)
        self.weather = Weather(self.chance, scenario)
        fleet = scenario.fleet
        self.world = World(
            fleet, self.scheduler, seed=scenario.seed, timings=scenario.timings, faults=scenario.faults
        )
        self.ports = PortsWorld(self.world)
        self.tables = MemoryTables()
        self.truth = TableStore(self.tables, resources_of)
        self.facts = Facts(scenario, self.scheduler, self.world)
        asks = checkers if checkers is not None else SHADOWED if scenario.fleet.shadow else CHECKERS
        self._asks = asked([checker(self.facts) for checker in asks])
        self.digest = blake2b(digest_size=8)
        self.story: list[tuple[float, str, str]] = []
        self.processes: list[Process] = []
        self.decoded = Decoded()
        self._found: Violation | None = None
        self._born = 0
        self._minutes = 0
        self.people = People(self)
        self.timers = Timers(self)

    def run(self) -> Ran:
        """The whole life."""
        violation: str | None = None
        try:
            self._live()
        except Violation as broken:
            violation = str(self._found or broken)
            self.told("checker", f"!!! {violation}")
        self.digest.update(f"{self.scheduler.seconds:.6f} {violation}".encode())
        return Ran(
            seed=self.scenario.seed,
            digest=self.digest.hexdigest(),
            violation=violation,
            outcomes=self._outcomes(),
            points=self.scheduler.points,
            lines=tuple(self.story),
        )

    def committed(self, claim: Claiming | None, writes: Sequence[Write]) -> None:
        """A batch is in the tables."""
        if claim is None:
            return
        row, decision, seen, looked_at = claim
        made = ClaimMade(self.scheduler.now(), at(looked_at), row, decision, seen, writes)
        facts = self.facts
        facts.plan = decision.plan or facts.plan
        self.judge("claimed", made)
        facts.state = facts.states[decision.state.epoch] = decision.state
        self.digest.update(f"{decision.state.epoch} {decision.because}".encode())
        if decision.state.epoch == self.scenario.blackout:
            self.weather.stop_store(self.scheduler.seconds)
        place = f"{decision.stage} {decision.step}".strip()
        signals = f" [{', '.join(s.kind.value for s in seen.signals)}]" if seen.signals else ""
        if decision.actions and self.weather.strikes(self._alarm(decision.actions)):
            soon = self.chance.uniform(0, self.chance.choice((15, 120)))
            word = self.chance.choice(HECKLES)
            self.scheduler.call(soon, lambda: self.people.say(word))
        self.told(self._who(), f"claims {decision.state.epoch} {place}: {decision.because}{signals}")

    def _alarm(self, actions: Sequence[Action]) -> float:
        """The rate at which people speak up after such an order: some alarm them more than others."""
        alarms = any(isinstance(action, StopCluster | SetWeights | SetMatch) for action in actions)
        return self.weather.swarm.heckle * (ALARMS if alarms else 1)

    def performed(self, fleet: Fleet, action: Action, epoch: int) -> None:
        """The world has changed."""
        self.digest.update(f"{epoch} {type(action).__name__}".encode())
        self.told(self._who(), f"    {type(action).__name__} of epoch {epoch} done{_target(action)}")
        made = EffectMade(self.scheduler.now(), fleet, action, epoch)
        self.judge("performed", made)

    def published(self, entry: OutboxEntry) -> None:
        """A topic took an event."""
        self.judge("published", entry)

    def judge(self, hook: str, *told: object) -> None:
        """Tell every checker that listens. What one finds is kept: the product may well catch it."""
        try:
            for ask in self._asks[hook]:
                ask(*told)
        except Violation as broken:
            self._found = self._found or broken
            raise

    def place(self) -> str:
        """The step that the rollout is in."""
        rollout = self.facts.rollout
        return f"{rollout.stage.value} {rollout.step}" if rollout is not None else ""

    def told(self, who: str, what: str) -> None:
        """A line of the story."""
        self.story.append((self.scheduler.seconds, who, what))

    def invoke(
        self, name: str, what: Callable[[Process], Coroutine[Any, Any, Any]], ended: Ended | None = None
    ) -> None:
        """Run an invocation on some process."""
        process = self.processes[int(self.chance.random() * len(self.processes))]
        self.scheduler.spawn(name, what(process), process.worker, self._judged(process, ended))

    def _judged(self, process: Process, ended: Ended | None) -> Ended:
        def judge(result: object, error: BaseException | None) -> None:
            if isinstance(error, Violation):
                raise error
            if isinstance(error, Crashed):
                self.facts.crashes += 1
                self._replace(process)
            elif error is not None and not isinstance(error, SwitchyardError):
                raise Violation(f"the code has a bug: {type(error).__name__}: {error}") from error
            if ended is not None:
                ended(result, error)

        return judge

    def _replace(self, process: Process) -> None:
        if process in self.processes:
            self.processes[self.processes.index(process)] = self._process()

    def _process(self) -> Process:
        self._born += 1
        return Process(self, f"worker-{self._born}")

    def _live(self) -> None:
        at_once(self.truth.apply(self.scenario.fleet, if_match=None, now=self.scheduler.now()))
        self.scheduler.seconds = START_SECONDS
        self.processes = [self._process() for _ in range(WORKERS)]
        self.scheduler.call(self.chance.random() * TICK_SECONDS, self._minute)
        self.people.arrive()
        self.scheduler.run(START_SECONDS + CHAOS_SECONDS)
        self._calm()
        self.scheduler.run(self.scheduler.seconds + CALM_SECONDS_MAX)
        ending = self._ending()
        self.judge("ended", ending)

    def _calm(self) -> None:
        self.told("weather", "faults stop")
        self.weather.calm_down()
        self.facts.calm_since = self.scheduler.now()
        # Clocks are set right by replacing every process; what is under way goes on where it stalled.
        self.processes = [self._process() for _ in range(WORKERS)]
        self.people.calm_down()

    def _minute(self) -> None:
        """The timers: a sweep that enqueues, and the housekeeping."""
        self.scheduler.call(TICK_SECONDS, self._minute)
        if self._over() and (self.facts.calm_since is None or self.people.looked_twice()):
            self.scheduler.stop()
            return
        self._minutes += 1
        self.timers.fire(self._minutes)
        if self._minutes % 2 == 0:
            self.people.hear(self.world.take_due())

    def redeploy(self) -> None:
        """A new version of the app is rolled out: every process goes, whatever it was doing."""
        self.told("weather", "the app is deployed anew")
        for process in tuple(self.processes):
            self.scheduler.crash(process.worker)
        self.processes = [self._process() for _ in range(WORKERS)]

    def _over(self) -> bool:
        if self._found is not None:
            raise self._found
        rollout = self.facts.rollout
        settled = rollout is None or (rollout.outcome is not None and rollout.wake_at is None)
        return settled and self.people.done() and not self.scheduler.busy() and self._rests()

    def _rests(self) -> bool:
        return not at_once(self.truth.directory(active_only=True))

    def _ending(self) -> Ending:
        name = self.scenario.fleet.name
        row = at_once(self.truth.load(name))
        return Ending(
            audit=at_once(self.truth.audit(name)),
            state=row.state,
            rollouts=at_once(self.truth.rollouts(name)),
            pending=row.pending,
            dispositions={
                id_: found.because if (found := at_once(self.truth.disposition(name, id_))) else None
                for id_ in self.facts.acknowledged
            },
            owed=at_once(self.truth.owed(name, before=self.scheduler.now() + timedelta(days=1))),
            entry=at_once(self.truth.directory())[0],
            outcomes=self._outcomes(),
        )

    def _outcomes(self) -> tuple[Outcome, ...]:
        rollouts = at_once(self.truth.rollouts(self.scenario.fleet.name))
        return tuple(rollout.outcome for rollout in rollouts if rollout.outcome is not None)

    def _who(self) -> str:
        task = self.scheduler.current
        return getattr(task.worker, "name", "?") if task is not None else "(late)"


def _target(action: Action) -> str:
    slot = getattr(action, "slot", None)
    return f" ({slot})" if slot else ""


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds - START_SECONDS, 60)
    return f"{int(minutes):4d}:{rest:04.1f}"
