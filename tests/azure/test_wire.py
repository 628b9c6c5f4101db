"""What the adapters put on the wire: how many requests, under which conditions, with whose token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.wire.server import Wire
from shared.actions import DestroyCluster, Freeze, PointRecord, StartSync
from shared.azure.connection import Connection
from shared.azure.topic import EventGridTopics
from shared.azure.world import AzureWorld
from shared.errors import Retry, Superseded
from shared.fleet import Gate, Source
from shared.ports import OutboxEntry
from shared.probes import (
    Answer,
    ClusterSeen,
    ClusterState,
    GateReading,
    Probe,
    Reading,
    RecordSeen,
    RecordState,
    TrafficShare,
    Unavailable,
)
from tests.azure.rig import Rig, rig, trust
from tests.contract.sides import private_fleet
from tests.fleets import ADDRESSES, BLUE, ERRORS, FLEET, GREEN, NODES
from tests.world.manual_clock import START, Estate

LIVE = FLEET.live_records[0]


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Rig]:
    """The adapters on a world in which nothing goes wrong."""
    async with rig(tmp_path) as started:
        yield started


def methods(it: Rig) -> list[str]:
    """The methods of the requests since this was last asked."""
    return [each["method"] for each in it.exchanges()]


async def record(it: Rig) -> RecordSeen:
    """The first live record of the rig's fleet."""
    found = await it.see(RecordState(it.estate.fleet.live_records[0]))
    assert isinstance(found, RecordSeen)
    return found


@pytest.mark.parametrize("fleet", [FLEET, private_fleet()], ids=["public", "private"])
async def test_pointing_a_record_that_was_read_is_one_conditional_put(tmp_path: Path, fleet: object) -> None:
    assert isinstance(fleet, type(FLEET))
    async with rig(tmp_path, fleet) as it:
        etag = (await record(it)).etag
        assert methods(it) == ["GET"]
        order = PointRecord(fleet.live_records[0], GREEN, ADDRESSES[GREEN], 30, etag)
        await it.azure.perform(fleet, order, epoch=2)
        assert methods(it) == ["PUT"]
        with pytest.raises(Superseded):
            await it.azure.perform(fleet, order, epoch=3)
        assert [each["status"] for each in it.exchanges()] == [412]
        another = AzureWorld(it.connection)
        with pytest.raises(Superseded):
            await another.perform(fleet, order, epoch=3)
        assert [each["status"] for each in it.exchanges()] == [200, 412]


async def test_a_higher_epoch_stops_a_write_before_it_is_sent(it: Rig) -> None:
    for epoch in (5, 4):
        order = PointRecord(LIVE, GREEN, ADDRESSES[GREEN], 30, (await record(it)).etag)
        it.exchanges()
        if epoch == 5:
            await it.azure.perform(FLEET, order, epoch=epoch)
        else:
            with pytest.raises(Superseded):
                await it.azure.perform(FLEET, order, epoch=epoch)
            assert methods(it) == []


async def test_a_cluster_is_never_deleted_without_its_etag(it: Rig) -> None:
    with pytest.raises(Superseded):
        await it.azure.perform(FLEET, DestroyCluster(BLUE, "another"), epoch=1)
    assert [(each["method"], each["status"]) for each in it.exchanges()] == [("DELETE", 412)]


async def test_a_run_command_is_sent_once_with_its_files(it: Rig) -> None:
    await it.azure.perform(FLEET, Freeze(BLUE, START + timedelta(hours=1)), epoch=1)
    posts = [each for each in it.exchanges() if each["method"] == "POST"]
    assert [each["request"]["command"] for each in posts] == [
        "kubectl apply -f expiry.json && kubectl apply -f freeze.json"
    ]
    assert posts[0]["request"]["context"]


async def test_a_reading_of_both_slots_is_one_request(it: Rig) -> None:
    it.estate.deploy(GREEN)
    it.estate.clock.pass_seconds(20 * 60)
    other = msgspec.structs.replace(NODES, name="ready", filter="condition eq 'Ready' and status eq 'true'")
    probes: frozenset[Probe] = frozenset(
        {GateReading(NODES, BLUE), GateReading(NODES, GREEN), GateReading(other, BLUE)}
    )
    answers = await it.azure.observe(FLEET, probes, it.estate.clock.now())
    asked = [sorted(each["request"]["resourceids"]) for each in it.exchanges()]
    both = sorted(slot.cluster_id for slot in FLEET.slots)
    assert sorted(asked) == sorted([both, [FLEET.slot(BLUE).cluster_id]])
    assert {first(answers[GateReading(gate, BLUE)]) for gate in (NODES, other)} == {0.0, 3.0}
    assert first(answers[GateReading(NODES, GREEN)]) == 0


async def test_both_sides_of_a_comparison_are_one_request_over_one_window(it: Rig) -> None:
    it.estate.deploy(GREEN)
    it.estate.clock.pass_seconds(20 * 60)
    since = it.estate.clock.now() - timedelta(minutes=4, seconds=20)
    both: frozenset[Probe] = frozenset(GateReading(NODES, slot, since) for slot in (BLUE, GREEN))
    live, candidate = (await it.azure.observe(FLEET, both, it.estate.clock.now())).values()
    assert methods(it) == ["POST"]
    assert isinstance(live, Reading)
    assert isinstance(candidate, Reading)
    assert (live.since, live.until) == (candidate.since, candidate.until)
    assert [each.at for each in live.samples] == [each.at for each in candidate.samples] != []


async def test_the_traffic_of_all_slots_is_one_request(it: Rig) -> None:
    it.estate.clock.pass_seconds(20 * 60)
    await it.see(TrafficShare(START))
    assert methods(it) == ["POST"]


async def test_a_gateway_that_is_not_named_is_not_asked(it: Rig) -> None:
    """In shadow the candidate's may well not be there."""
    it.estate.clock.pass_seconds(20 * 60)
    await it.see(TrafficShare(START, slots=(BLUE,)))
    (exchange,) = it.exchanges()
    assert "agw-blue" in str(exchange)
    assert "agw-green" not in str(exchange)


async def test_a_window_without_a_minute_asks_nobody(it: Rig) -> None:
    await it.see(TrafficShare(it.estate.clock.now()))
    await it.see(GateReading(NODES, BLUE, it.estate.clock.now()))
    assert it.exchanges() == []


async def test_a_gate_on_a_resource_that_a_host_does_not_have_is_unavailable_alone(it: Rig) -> None:
    it.estate.clock.pass_seconds(20 * 60)
    wrong = Gate(name="wrong", source=Source.METRICS, target=FLEET.gates.functional[0].target)
    probes: frozenset[Probe] = frozenset({GateReading(wrong, BLUE), GateReading(NODES, BLUE)})
    answers = await it.azure.observe(FLEET, probes, it.estate.clock.now())
    assert isinstance(answers[GateReading(wrong, BLUE)], Unavailable)
    assert isinstance(answers[GateReading(NODES, BLUE)], Reading)


async def test_a_truncated_log_query_is_no_reading(it: Rig) -> None:
    it.estate.clock.pass_seconds(20 * 60)
    query = "set truncationmaxrecords = 1; AppRequests | project TimeGenerated, value = 0.0"
    gate = Gate(name="cut", source=Source.LOGS, target=NODES.target, query=query)
    answer = await it.see(GateReading(gate, BLUE))
    assert isinstance(answer, Unavailable)
    assert "partial" in answer.because


async def test_a_log_query_sends_its_window_and_nothing_that_the_service_does_not_know(it: Rig) -> None:
    it.estate.clock.pass_seconds(20 * 60)
    await it.see(GateReading(ERRORS, BLUE))
    (post,) = it.exchanges()
    timespan = "2026-11-21T09:13:00.000Z/2026-11-21T09:18:00.000Z"
    assert post["request"] == {"query": ERRORS.query, "timespan": timespan}


async def test_every_configuration_is_put_with_its_source_and_paths(it: Rig) -> None:
    it.estate.deploy(GREEN)
    await it.azure.perform(FLEET, StartSync(GREEN), epoch=1)
    (put,) = it.exchanges()
    assert put["request"]["properties"]["gitRepository"]["url"] == FLEET.sync[0].url
    assert put["request"]["properties"]["kustomizations"]["apps"]["path"] == "./apps"


async def test_an_event_reaches_its_topic_as_it_is(it: Rig) -> None:
    event = {"specversion": "1.0", "id": "e-1", "source": "/switchyard", "type": "Switchyard.StageEntered"}
    await EventGridTopics(it.connection).publish(owed(it.wire.topic_endpoint, {**event, "data": {"a": 1}}))
    assert [(each["id"], each["data"]) for each in it.wire.published] == [("e-1", {"a": 1})]


async def test_a_topic_that_is_down_is_for_later(it: Rig) -> None:
    event = {"specversion": "1.0", "id": "e-1", "source": "/switchyard", "type": "Switchyard.StageEntered"}
    with pytest.raises(Retry):
        await EventGridTopics(it.connection).publish(owed("https://localhost:9/api/events", event))


async def test_the_managed_identity_of_the_platform_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate = Estate()
    async with Wire(estate.world, estate.clock, directory=tmp_path) as wire:
        monkeypatch.setenv("IDENTITY_ENDPOINT", wire.identity_endpoint)
        monkeypatch.setenv("IDENTITY_HEADER", wire.identity_header)
        connection = Connection(arm_endpoint=wire.arm_endpoint, tls=trust(wire))
        found = await AzureWorld(connection).observe(FLEET, frozenset({ClusterState(BLUE)}), START)
        await connection.aclose()
    assert isinstance(found[ClusterState(BLUE)], ClusterSeen)


async def test_a_server_that_cannot_prove_who_it_is_is_not_believed(it: Rig) -> None:
    stranger = Connection(arm_endpoint=it.wire.arm_endpoint, credential=it.connection.credential())
    found = await AzureWorld(stranger).observe(FLEET, frozenset({ClusterState(BLUE)}), START)
    await stranger.aclose()
    assert isinstance(found[ClusterState(BLUE)], Unavailable)
    assert it.exchanges() == []


def owed(topic: str, event: dict[str, Any]) -> OutboxEntry:
    """An event that is owed to a topic."""
    return OutboxEntry(key="1", fleet=FLEET.name, topic=topic, at=START, event=event)


def first(answer: Answer) -> float | None:
    """The first value of a reading."""
    assert isinstance(answer, Reading)
    return answer.samples[0].value
