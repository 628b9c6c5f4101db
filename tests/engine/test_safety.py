"""How it is known that traffic moved and could move back: owners, writers, names, drains and readiness."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from sandbox.world import Faults
from shared.fleet import Fleet
from shared.loads import ConnectionsSeen, OpenConnections
from shared.model import HoldKind, Outcome, Stage
from shared.policy import DriftPolicy
from shared.probes import Answer, ClusterSeen, ClusterState, HostSeen, HostState, NamesSeen, NamesState, Probe
from shared.safety import AfterDrain, Drain, Names, Readiness
from tests.engine.rig import Rig
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN, policy

NAMES = Names(ask=True, resolvers=("10.0.0.4",), owners=True, writers=True)
READINESS = Readiness(every_seconds=180, certificate_seconds_min=86_400, capacity_min=0.5)
STRANGER = "203.0.113.99"


class Eyes:
    """A world seen through eyes that a test can deceive: its own answers stand for the world's."""

    def __init__(self, rig: Rig) -> None:
        self._seen = rig.observed
        self.answers: dict[type[Probe], Answer] = {}
        self.perform = rig.observed.perform
        rig.observed = self  # type: ignore[assignment]
        rig.restart()

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """What the world says, but for the kinds of questions that a test answers itself."""
        answers = await self._seen.observe(fleet, probes, now)
        return {probe: self.answers.get(type(probe), answer) for probe, answer in answers.items()}


async def started(fleet: Fleet, faults: Faults | None = None) -> Rig:
    rig = await Rig(fleet, faults).applied()
    await rig.publish_version()
    return rig


def declared(**changes: object) -> Fleet:
    return msgspec.structs.replace(FLEET, **changes)


async def test_a_record_that_external_dns_owns_stops_the_rollout_before_anything_is_deployed() -> None:
    rig = await started(declared(names=NAMES), Faults(external_dns_owner="team-a"))
    ended = await rig.ended()
    assert ended.outcome is Outcome.STOPPED
    assert "aks.contoso.com belongs to external-dns (team-a), which would write it back" in ended.because
    assert rig.world.clusters.find(rig.fleet.slot(GREEN).cluster_id) is None


async def test_a_drift_is_told_with_who_wrote_it_and_holds() -> None:
    rig = await started(declared(names=NAMES))
    await rig.until("observe")
    rig.point_elsewhere(STRANGER)
    await rig.minute()
    held = (await rig.rollout()).held
    assert held is not None
    assert held.kind is HoldKind.DRIFT
    await rig.minute()
    held = (await rig.rollout()).held
    assert held is not None
    assert "somebody@contoso.com moved it" in held.because


async def test_a_drift_that_is_repaired_is_told_with_who_wrote_it_as_well() -> None:
    rig = await started(declared(names=NAMES, policy=policy(drift=DriftPolicy.REPAIR)))
    await rig.until("observe")
    rig.point_elsewhere(STRANGER)
    await rig.minute()
    assert rig.traffic_at() == ADDRESSES[GREEN]
    await rig.minute()
    told = [entry.because for entry in await rig.store.audit(rig.fleet.name)]
    assert any(each.startswith("it was somebody@contoso.com: aks.contoso.com points at") for each in told)


async def test_the_switch_waits_for_a_resolver_that_is_left_behind_and_names_it() -> None:
    rig = await started(declared(names=NAMES))
    eyes = Eyes(rig)
    eyes.answers[NamesState] = NamesSeen(
        {"ns1-01.azure-dns.com": (ADDRESSES[GREEN],), "10.0.0.4": (ADDRESSES[BLUE],)},
        {"10.0.0.5": "timed out"},
    )
    await rig.until("converge")
    for _ in range(10):
        await rig.minute()
    rollout = await rig.rollout()
    assert rollout.step == "converge"
    assert rollout.because == "not everybody has followed: 10.0.0.4 says 203.0.113.10 for aks.contoso.com"
    del eyes.answers[NamesState]
    assert (await rig.until("observe")).step == "observe"


async def test_a_server_that_does_not_answer_keeps_nobody_waiting() -> None:
    rig = await started(declared(names=NAMES))
    eyes = Eyes(rig)
    eyes.answers[NamesState] = NamesSeen({}, {"10.0.0.4": "timed out"})
    assert (await rig.until("observe")).step == "observe"


async def test_the_old_cluster_stays_while_connections_to_it_are_open() -> None:
    rig = await started(declared(drain=Drain(connections_metric="CurrentConnections", connections_max=2)))
    eyes = Eyes(rig)
    eyes.answers[OpenConnections] = ConnectionsSeen({BLUE: 40.0, GREEN: 100.0})
    await rig.until("drained")
    for _ in range(30):
        await rig.minute()
    rollout = await rig.rollout()
    assert (rollout.step, rollout.because) == ("drained", "blue holds 40 connections open, 2 is the limit")
    eyes.answers[OpenConnections] = ConnectionsSeen({BLUE: 2.0, GREEN: 100.0})
    assert (await rig.ended()).outcome is Outcome.COMPLETED


@pytest.mark.parametrize(("then", "ends"), [(AfterDrain.HOLD, None), (AfterDrain.RETIRE, Outcome.COMPLETED)])
async def test_what_becomes_of_a_slot_that_does_not_drain_in_time_is_the_fleets_to_say(
    then: AfterDrain, ends: Outcome | None
) -> None:
    drain = Drain(connections_metric="CurrentConnections", then=then)
    rig = await started(declared(drain=drain, policy=policy(deadlines={"drained": 1800})))
    Eyes(rig).answers[OpenConnections] = ConnectionsSeen({BLUE: 40.0, GREEN: 100.0})
    await rig.until("drained")
    for _ in range(60):
        await rig.minute()
    rollout = await rig.rollout()
    assert rollout.outcome is ends
    if ends is None:
        assert rollout.held is not None
        assert rollout.held.kind is HoldKind.DEADLINE


UNREADY: dict[str, tuple[type[Probe], Answer, str]] = {
    "unhealthy": (HostState, HostSeen(503), "aks-blue.contoso.com answers with 503"),
    "silent": (HostState, HostSeen(0, because="it gave no answer in 10 s"), "it gave no answer in 10 s"),
    "certificate": (
        HostState,
        HostSeen(200, 1.0, datetime.fromisoformat("2026-11-21T12:00:00+00:00")),
        "the certificate of aks-blue.contoso.com ends on 2026-11-21 12:00",
    ),
}


@pytest.mark.parametrize("name", list(UNREADY))
async def test_a_proof_of_readiness_that_fails_stops_the_rollout_where_it_is_and_says_why(name: str) -> None:
    kind, answer, words = UNREADY[name]
    rig = await started(declared(readiness=READINESS))
    eyes = Eyes(rig)
    await rig.until("bake")
    eyes.answers[kind] = answer
    for _ in range(30):
        await rig.minute()
    rollout = await rig.rollout()
    assert rollout.stage is Stage.RETIRE
    assert rollout.held is not None
    assert rollout.held.because == f"blue could not take all traffic back: {words}"
    eyes.answers.clear()
    assert (await rig.ended()).outcome is Outcome.COMPLETED


async def test_a_safe_slot_that_was_scaled_down_is_not_ready() -> None:
    rig = await started(declared(readiness=READINESS))

    class Scaled(Eyes):
        """Eyes that see one node of blue, and ten of green."""

        async def observe(
            self, fleet: Fleet, probes: frozenset[Probe], now: datetime
        ) -> Mapping[Probe, Answer]:
            answers = dict(await super().observe(fleet, probes, now))
            for probe, answer in answers.items():
                if isinstance(probe, ClusterState) and isinstance(answer, ClusterSeen):
                    nodes = 1 if probe.slot == BLUE else 10
                    answers[probe] = msgspec.structs.replace(answer, nodes=nodes)
            return answers

    await rig.until("bake")
    Scaled(rig)
    for _ in range(5):
        await rig.minute()
    held = (await rig.rollout()).held
    assert held is not None
    assert "blue has 1 nodes, and 5 are wanted beside 10 of the other slot" in held.because


async def test_a_proof_that_cannot_be_renewed_lapses() -> None:
    rig = await started(declared(readiness=READINESS))
    await rig.until("bake")
    since = (await rig.rollout()).ready_at
    assert since is not None

    class Blind(Eyes):
        """Eyes that cannot see any slot's host."""

        async def observe(
            self, fleet: Fleet, probes: frozenset[Probe], now: datetime
        ) -> Mapping[Probe, Answer]:
            answers = await super().observe(fleet, probes, now)
            return {probe: answer for probe, answer in answers.items() if not isinstance(probe, HostState)}

    Blind(rig)
    while rig.clock.now() < since + timedelta(seconds=3 * READINESS.every_seconds):
        assert (await rig.rollout()).held is None
        await rig.minute()
    held = (await rig.rollout()).held
    assert held is not None
    assert "has not proven for" in held.because


async def test_readiness_is_asked_no_more_often_than_the_fleet_says() -> None:
    rig = await started(declared(readiness=READINESS))
    asked: list[datetime] = []

    class Counting(Eyes):
        """Eyes that remember when the host was asked."""

        async def observe(
            self, fleet: Fleet, probes: frozenset[Probe], now: datetime
        ) -> Mapping[Probe, Answer]:
            asked.extend(now for probe in probes if isinstance(probe, HostState))
            return await super().observe(fleet, probes, now)

    Counting(rig)
    ended = await rig.ended()
    assert ended.outcome is Outcome.COMPLETED
    gaps = [(b - a).total_seconds() for a, b in pairwise(asked)]
    assert gaps
    assert min(gaps) >= READINESS.every_seconds
    assert max(gaps) <= READINESS.every_seconds + 120


async def test_how_long_a_move_takes_is_measured_and_kept() -> None:
    rig = await started(declared(readiness=READINESS))
    rollout = await rig.until("observe")
    assert list(rollout.follow_seconds) == ["aks.contoso.com"]
    assert 90 <= rollout.follow_seconds["aks.contoso.com"] <= 600
