"""Each field of each answer gone, null, of another type or unheard of: never more than the service said."""

from __future__ import annotations

import copy
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.world.balancers import MemberState
from shared.azure.world import AzureWorld, Kind
from shared.levers import SwitchKind
from shared.loads import LoadState, OpenConnections
from shared.probes import (
    Answer,
    BalancerState,
    GateReading,
    GroupState,
    Probe,
    Reading,
    TrafficShare,
    Unavailable,
)
from tests.fleets_balanced import balancer
from tests.wire_faults.operations import ASKS_A_HOST, PROBES, name
from tests.wire_faults.rig import Rig, rig
from tests.wire_faults.sentences import faults_of

Where = tuple[str | int, ...]
PLANTED = "Unheard-Of"
GONE = object()
NOTHING: tuple[Any, ...] = (None, "", 0, [], (), {})

READ_AS_JSON = [kind for kind in PROBES if kind not in ASKS_A_HOST]


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Rig]:
    """A healthy estate behind the wire."""
    async with rig(tmp_path) as started:
        yield started


async def see(it: Rig, probe: Probe) -> Answer:
    """The answer to one probe now, by adapters that remember nothing of an earlier one."""
    world = AzureWorld(it.connection)
    return (await world.observe(it.fleet, frozenset({probe}), it.estate.clock.now()))[probe]


def places(value: Any, at: Where = ()) -> Iterator[Where]:
    """Every place in a JSON value; of a long list only its ends."""
    if at:
        yield at
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*at, key))
    elif isinstance(value, list):
        for index in {0, len(value) - 1} if value else ():
            yield from places(value[index], (*at, index))


def put(document: Any, at: Where, value: Any) -> Any:
    """The document with another value at a place."""
    changed = copy.deepcopy(document)
    inner = changed
    for step in at[:-1]:
        inner = inner[step]
    if value is GONE:
        del inner[at[-1]]
    else:
        inner[at[-1]] = value
    return changed


def others(value: Any) -> list[Any]:
    """What may stand there instead."""
    return [GONE, None, PLANTED, 17 if isinstance(value, str) else "17", {"a": 1}, [[]]]


def at(document: Any, place: Where) -> Any:
    """What stands at a place."""
    for step in place:
        document = document[step]
    return document


async def spoilt_fields(it: Rig, probe: Probe) -> AsyncIterator[tuple[Where, Any, Answer]]:
    """Every place of the probe's answers with everything that may stand there, and what is made of it."""
    answers: list[Any] = []

    def noted(body: Any) -> Any:
        answers.append(body)
        return body

    it.change = noted
    await see(it, probe)
    for number, answer in enumerate(answers):
        for place in places(answer):
            for value in others(at(answer, place)):
                it.change = _one_of(number, place, value)
                yield place, value, await see(it, probe)
    it.change = None


def _one_of(number: int, place: Where, value: Any) -> Callable[[Any], Any]:
    """A change of one of the answers, in the order in which they are asked for."""
    counted = itertools.count()
    return lambda body: _changed(body, place, value) if next(counted) == number else body


def _changed(body: Any, place: Where, value: Any) -> Any:
    try:
        return put(body, place, value)
    except (KeyError, IndexError, TypeError):
        return body


def says_less(truth: Any, answer: Any) -> bool:
    """Whether the answer says what the truth says, or nothing, or repeats what was planted, part by part."""
    if answer == truth or answer in (*NOTHING, "pending") or PLANTED.lower() in str(answer).lower():
        return True
    if isinstance(truth, dict) and isinstance(answer, dict):
        # A reason is no fact, and neither is the word that something was left untold.
        facts = answer.keys() - {"because", "untold"}
        return facts <= truth.keys() and all(_fact(key, truth[key], answer[key]) for key in facts)
    if isinstance(truth, list | tuple) and isinstance(answer, list | tuple):
        return all(any(says_less(one, each) for one in truth) for each in answer)
    return False


def _fact(key: str, truth: Any, answer: Any) -> bool:
    """As `says_less`; but the value of a sample is no less for being 0, which is often the best one."""
    if key == "value" and answer is not None and answer != truth:
        return False
    return says_less(truth, answer)


def is_silent(answer: Answer) -> bool:
    """Whether a gate learns nothing from it."""
    return isinstance(answer, Reading) and not answer.samples and not answer.failed


def exists(answer: Answer) -> Any:
    """Whether something is said to be there, where the answer says that at all."""
    return getattr(answer, "exists", None)


# ARM leaves out what is not so: a group without a manager is one that AKS does not manage. Azure Monitor
# leaves out what was not measured: a minute without a count may be one without a request.
_LEFT_OUT: frozenset[tuple[type[Probe], str]] = frozenset(
    {
        (GroupState, "managedBy"),
        (TrafficShare, "total"),
        (TrafficShare, "data"),
        (OpenConnections, "average"),
        (OpenConnections, "data"),
        (LoadState, "average"),
        (LoadState, "data"),
    }
)


@pytest.mark.parametrize("kind", READ_AS_JSON, ids=name)
async def test_a_field_that_went_bad_is_never_another_fact(it: Rig, kind: Kind) -> None:
    await expect_no_other_fact(it, PROBES[kind](it))


async def test_a_share_that_went_bad_is_never_another_share(it: Rig) -> None:
    profile = balancer(SwitchKind.TRAFFIC_MANAGER)
    halves = {member.name: MemberState(500, enabled=True) for member in profile.members}
    it.estate.world.balancers.write(profile, halves)
    it.estate.clock.pass_seconds(60)
    await expect_no_other_fact(it, BalancerState(profile))


async def expect_no_other_fact(it: Rig, probe: Probe) -> None:
    """Whatever goes bad in its answer, nothing but the truth is made of it, or less."""
    truth = await see(it, probe)
    wrong: list[tuple[Where, Any, Any]] = []
    count = 0
    async for place, value, answer in spoilt_fields(it, probe):
        count += 1
        if isinstance(answer, Unavailable):
            if faults_of(answer.because):
                wrong.append((place, value, answer.because))
            continue
        if is_silent(answer) or any((type(probe), step) in _LEFT_OUT for step in place):
            continue
        if isinstance(probe, GateReading) and (place, value) == (("value", 0), GONE):
            continue  # a list of alerts does not say how long it is
        if isinstance(probe, LoadState) and place[-2:-1] == ("timeseries",):
            continue  # a node that is left out is missed by its number
        less = says_less(msgspec.to_builtins(truth), msgspec.to_builtins(answer))
        if not less or exists(answer) != exists(truth):
            wrong.append((place, value, answer))
    assert count > 5
    assert not wrong, wrong[:3]
