"""Whether the proof of the way back takes the present load for what it is: table by table."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.decision import Seen
from shared.fleet import Fleet
from shared.loads import Load, LoadSeen, LoadState
from shared.model import Rollout, Stage
from shared.probes import Answer, ClusterSeen, ClusterState, HostSeen, HostState, Probe, Unavailable
from shared.safety import Readiness
from stages.readiness import lapsed, readiness_needs, renewed
from tests.fleets import BLUE, FLEET, GREEN
from tests.stages.test_table import NOW
from tests.stages.test_verdicts import rollout

GIB = 1024.0**3
LOADED = msgspec.structs.replace(FLEET, readiness=Readiness(every_seconds=180, load_max=0.8))
THREE = ClusterSeen(exists=True, provisioning="Succeeded", power="Running", nodes=3)


def load(
    green: tuple[float, float, int] | None,
    blue: tuple[float, float, int] | None = (1.0, 10, 3),
    give: tuple[float | None, float | None] = (12.0, 40),
) -> LoadSeen:
    """Cores, GiB and nodes that each uses, and what blue can allocate."""
    used = {BLUE: blue, GREEN: green}
    known = {slot: Load(each[0], each[1] * GIB, each[2]) for slot, each in used.items() if each is not None}
    return LoadSeen(known, give[0], None if give[1] is None else give[1] * GIB)


def looked(found: Answer | None, fleet: Fleet = LOADED, before: Rollout | None = None) -> Rollout:
    """The rollout after a look in which all else is well."""
    answers: dict[Probe, Answer] = {
        HostState(BLUE): HostSeen(200),
        ClusterState(BLUE): THREE,
        ClusterState(GREEN): THREE,
    }
    if found is not None:
        answers[LoadState(BLUE)] = found
    at = before or rollout("ramp", Stage.SWITCH, ready_at=NOW - timedelta(minutes=3))
    return renewed(fleet, at, Seen(now=NOW, answers=answers))


@pytest.mark.parametrize(
    "found",
    [
        load((8.5, 20, 3)),
        load((8.6, 32, 3)),  # exactly so much is tolerated
        load((8.0, 32, 3), (1.0, 32, 3)),  # memory of both need not fit: the pods of blue are there already
        load((8.5, 20, 5)),  # more nodes than ARM says: one of them is going
    ],
)
def test_a_load_that_fits_renews_the_proof(found: LoadSeen) -> None:
    after = looked(found)
    assert (after.ready_at, after.unready, after.unproven) == (NOW, None, None)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (load((11.2, 20, 3)), "blue can give 8.6 cores beside the 1.0 that it uses, and green uses 11.2 now"),
        (
            load((6.0, 20, 3), (6.0, 20, 3)),
            "blue can give 3.6 cores beside the 6.0 that it uses, and green uses 6.0 now",
        ),
        (
            load((0.5, 20, 3), (11.0, 20, 3)),
            "blue can give 0.0 cores beside the 11.0 that it uses, and green uses 0.5 now",
        ),
        (load((1.0, 33, 3)), "blue can give 32.0 GiB of memory, and green uses 33.0 GiB now"),
    ],
)
def test_a_load_that_does_not_fit_is_told_with_both_numbers(found: LoadSeen, words: str) -> None:
    after = looked(found)
    assert after.unready == words
    assert after.ready_at == NOW - timedelta(minutes=3)
    assert lapsed(LOADED, after, NOW) == f"blue could not take all traffic back: {words}"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (load(None), "Azure Monitor does not say what the nodes of green use"),
        (load((1.0, 20, 3), None), "Azure Monitor does not say what the nodes of blue use"),
        (load((1.0, 20, 2)), "Azure Monitor tells what 2 of the 3 nodes of green use"),
        (load((1.0, 20, 3), (1.0, 10, 1)), "Azure Monitor tells what 1 of the 3 nodes of blue use"),
        (load((1.0, 20, 3), give=(None, 40)), "Azure Monitor does not say what the nodes of blue can give"),
        (load((1.0, 20, 3), give=(12.0, None)), "Azure Monitor does not say what the nodes of blue can give"),
        (Unavailable("Azure Monitor answers with 503"), "Azure Monitor answers with 503"),
        (None, "it was not observed"),
    ],
)
def test_what_was_not_measured_proves_nothing_and_lapses_with_its_reason(
    found: Answer | None, words: str
) -> None:
    after = looked(found)
    assert (after.unready, after.unproven) == (None, words)
    assert after.ready_at == NOW - timedelta(minutes=3)
    assert lapsed(LOADED, after, NOW) is None
    late = lapsed(LOADED, after, NOW + timedelta(minutes=6))
    assert late == f"blue has not proven for 9 minutes that it could take all traffic back: {words}"


def test_a_lack_of_room_is_not_forgotten_because_nobody_can_measure() -> None:
    short = looked(load((11.2, 20, 3)))
    blind = looked(Unavailable("503"), before=short)
    assert (blind.unready, blind.unproven) == (short.unready, "503")
    again = looked(load((4.0, 20, 3)), before=blind)
    assert (again.unready, again.unproven, again.ready_at) == (None, None, NOW)


def test_a_fleet_that_asks_for_no_load_is_asked_for_none_and_judged_by_its_nodes() -> None:
    counted = msgspec.structs.replace(FLEET, readiness=Readiness(every_seconds=180))
    at = rollout("ramp", Stage.SWITCH, ready_at=NOW - timedelta(minutes=3))
    assert LoadState(BLUE) not in readiness_needs(counted, at, NOW)
    assert looked(None, counted).ready_at == NOW


def test_the_load_is_asked_for_when_the_proof_is_due_and_not_before() -> None:
    at = rollout("ramp", Stage.SWITCH, ready_at=NOW - timedelta(minutes=3))
    assert LoadState(BLUE) in readiness_needs(LOADED, at, NOW)
    assert readiness_needs(LOADED, at, NOW - timedelta(seconds=1)) == frozenset()
