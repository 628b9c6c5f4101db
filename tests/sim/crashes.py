"""One crash, and two, everywhere: a whole rollout, killed at each of its points, must still end well.

The points are those before and after every read, write, observation, action and announcement of the
invocations that do something. Decides which rollouts those are; nothing is left to chance.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from sandbox.world import Faults, Timings
from shared.model import Outcome
from shared.policy import DriftPolicy
from tests.fleets import FLEET, GREEN
from tests.sim.scenario import CALM, Ring, Scenario
from tests.sim.scheduler import Task
from tests.sim.simulation import Ran, Simulation

_POLICY = msgspec.structs.replace(
    FLEET.policy, bake_seconds=300, observe_seconds=120, settle_seconds=120, drift=DriftPolicy.HOLD
)
_FLEET = msgspec.structs.replace(FLEET, policy=_POLICY)
_BRISK = Timings(
    deploy_seconds=40,
    sync_seconds=20,
    command_seconds=5,
    stop_seconds=30,
    start_seconds=30,
    delete_seconds=40,
)
GOOD = Scenario(seed=1, fleet=_FLEET, faults=Faults(), swarm=CALM, timings=_BRISK, expected=Outcome.COMPLETED)
BACK = msgspec.structs.replace(GOOD, rings=(Ring(1860.0, GREEN, None, 0),), expected=None)
_EFFECTS = ("after a write", "after its ", "after it published")
_TIMERS = ("sweep", "housekeep")
_DIGITS = re.compile(r"[0-9]+")
READS_ONLY = 2
"""An invocation with no more points than this has read a fleet with nothing due."""


class Point(NamedTuple):
    """A scheduler point: its number in the run, and what the worker was about to do or had done."""

    number: int
    what: str


def undisturbed(scenario: Scenario) -> tuple[Ran, list[Point]]:
    """The run without a crash, and its points. Of polls that go alike in the same step, the first one's."""
    logging.disable(logging.CRITICAL)
    return _observed(scenario, ())


def _observed(scenario: Scenario, crashes: tuple[int, ...]) -> tuple[Ran, list[Point]]:
    sim = Simulation(scenario)
    seen: list[tuple[int, Task, str, str]] = []
    sim.weather.watch(frozenset(crashes), seen)
    ran = sim.run()
    per_task = Counter(task for _, task, _, _ in seen)
    ways: dict[Task, str] = {}
    known: set[str] = set()
    points = []
    for number, task, place, what in seen:
        if per_task[task] <= READS_ONLY or task.name in _TIMERS:
            continue
        ways[task] = f"{ways.get(task, task.name)} > {_DIGITS.sub('n', what)}"
        alike = f"{place}: {ways[task]}"
        if alike not in known:
            known.add(alike)
            points.append(Point(number, f"{task.name} in {place} {what}"))
    return ran, points


def crashed_at(scenario: Scenario, *numbers: int) -> Ran:
    """The same run, with the worker killed at those points."""
    sim = Simulation(scenario)
    sim.weather.watch(frozenset(numbers))
    ran = sim.run()
    assert sim.weather.crashes == len(numbers), f"nobody crashed at one of the points {numbers}"
    return ran


def casualties(scenario: Scenario, points: Sequence[Point], outcome: Outcome) -> list[str]:
    """The points at which a crash does not end well, each with what went wrong."""
    found = []
    for point in points:
        ran = crashed_at(scenario, point.number)
        if ran.violation is not None or ran.outcomes != (outcome,):
            found.append(f"a crash {point.what} (point {point.number}): {ran.violation or ran.outcomes}")
    return found


def effects(points: Sequence[Point]) -> list[Point]:
    """The points right after an effect: a crash later, before the next one, leaves the same behind."""
    return [point for point in points if any(what in point.what for what in _EFFECTS)]


def casualties_of_two(scenario: Scenario, first: Point, outcome: Outcome) -> tuple[int, list[str]]:
    """All second crashes after a first one: how many there are, and those that do not end well."""
    _, points = _observed(scenario, (first.number,))
    seconds = [point for point in effects(points) if point.number > first.number]
    found = []
    for second in seconds:
        ran = crashed_at(scenario, first.number, second.number)
        if ran.violation is not None or ran.outcomes != (outcome,):
            told = ran.violation or ran.outcomes
            found.append(
                f"crashes {first.what} and {second.what} (points {first.number}, {second.number}): {told}"
            )
    return len(seconds), found
