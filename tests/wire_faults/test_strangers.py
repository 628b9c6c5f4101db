"""Who is believed, where tokens go, and what becomes of what is not asked of Azure Resource Manager."""

from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trustme

from sandbox.wire.faults import Fault, Where
from sandbox.wire.identity import PATH
from shared.azure.answers import Body
from shared.azure.connection import Connection
from shared.azure.topic import EventGridTopics
from shared.azure.transport import ANSWER_BYTES_MAX
from shared.azure.world import AzureWorld
from shared.errors import Retry, SwitchyardError
from shared.fleet import Source, Target
from shared.ports import OutboxEntry
from shared.probes import ClusterState, GateReading, GroupState, Reading, Unavailable
from tests.azure.asking import gate
from tests.azure.credential import FixedCredential
from tests.fleets import BLUE, FLEET
from tests.sources import KUBELET, at
from tests.wire_faults.operations import ASKS_A_HOST, PROBES, SENT
from tests.wire_faults.questions import BEGINNERS, HOOK, SEVERE
from tests.wire_faults.rig import Patience, Rig, estate_fleet, rig
from tests.wire_faults.sentences import faults_of
from tests.world.manual_clock import START

EVENT = {"specversion": "1.0", "id": "contoso/r-1/1", "source": "/switchyard", "type": "Switchyard.Entered"}


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Rig]:
    """A healthy estate behind the wire."""
    async with rig(tmp_path) as started:
        yield started


def impostors() -> dict[str, tuple[ssl.SSLContext, ssl.SSLContext]]:
    """Servers with a certificate that does not hold, each with what its client trusts."""
    trusted, unknown = trustme.CA(), trustme.CA()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    certificates = {
        "unknown authority": unknown.issue_cert("localhost"),
        "expired": trusted.issue_cert(
            "localhost", not_before=yesterday - timedelta(days=9), not_after=yesterday
        ),
        "another name": trusted.issue_cert("www.example.net"),
    }
    trust = ssl.create_default_context()
    trusted.configure_trust(trust)
    return {name: (_server(each), trust) for name, each in certificates.items()}


def _server(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


@asynccontextmanager
async def impostor(context: ssl.SSLContext, heard: list[bytes]) -> AsyncIterator[str]:
    """A server that writes down what it hears; its URL."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("what", ["unknown authority", "expired", "another name"])
async def test_a_certificate_that_does_not_hold_gets_neither_a_token_nor_belief(what: str) -> None:
    context, trust = impostors()[what]
    heard: list[bytes] = []
    async with impostor(context, heard) as url:
        connection = Patience(
            arm_endpoint=url,
            metrics_endpoint=url,
            logs_endpoint=url,
            load_tests_endpoint=url,
            credential=FixedCredential(),
            tls=trust,
        )
        world = AzureWorld(connection)
        probes = {PROBES[kind](Rig.__new__(Rig)) for kind in SIMPLE}
        hook = msgspec.structs.replace(HOOK, url=f"{url}/shop")
        probes |= {BEGINNERS[kind](Rig.__new__(Rig)) for kind in BEGINNERS}
        probes |= {GateReading(at(KUBELET, url), BLUE), GateReading(gate(Source.WEBHOOK, hook), BLUE)}
        probes |= {GateReading(gate(Source.ALERTS, SEVERE, target=Target.GATEWAY), BLUE)}
        found = await world.observe(estate_fleet(), frozenset(probes), START + timedelta(hours=1))
        with pytest.raises(Retry, match="could not prove that it is localhost"):
            await EventGridTopics(connection).publish(owed(f"{url}/api/events"))
        await connection.aclose()
    assert heard == []
    for answer in found.values():
        assert isinstance(answer, Unavailable)
        assert "could not prove that it is localhost" in answer.because
        assert not faults_of(answer.because)


ELSEWHERE = {(GateReading, source) for source in (Source.PROMETHEUS, Source.WEBHOOK, Source.ALERTS)}
SIMPLE = [
    kind
    for kind in PROBES
    if kind not in ASKS_A_HOST | BEGINNERS.keys() | ELSEWHERE
    and getattr(kind, "__name__", "") not in ("SyncState", "CommandState", "LastWriter")
]


def owed(topic: str) -> OutboxEntry:
    """An event that is owed to a topic."""
    return OutboxEntry(key="1", fleet=FLEET.name, topic=topic, at=START, event=EVENT)


async def publish(it: Rig, fault: Fault) -> SwitchyardError | None:
    """Publish one event; the error that it raised, if it is one of ours."""
    raised: SwitchyardError | None = None
    for seconds in it.limits_seconds(fault):
        raised = None
        topics = EventGridTopics(it.connection, publish_seconds_max=seconds)
        try:
            await topics.publish(owed(it.wire.topic_endpoint))
        except SwitchyardError as error:
            raised = error
    return raised


async def test_an_event_is_sent_once_and_stays_owed_unless_the_topic_took_it(it: Rig) -> None:
    wrong = []
    for fault in Fault:
        for where in Where:
            it.spoil(fault, where)
            error = await publish(it, fault)
            if error is not None and faults_of(str(error)):
                wrong.append((fault, where, str(error)))
            if len(it.requests) != 1 or it.strayed:
                wrong.append((fault, where, f"sent {len(it.requests)} times, {len(it.strayed)} astray"))
            if error is None and fault not in TAKEN:
                wrong.append((fault, where, "taken for published"))
    assert not wrong


# A topic says 200 and nothing else: whatever readable word comes with it, it has taken the event.
TAKEN = frozenset(
    {
        Fault.EMPTY_200,
        Fault.LIST,
        Fault.STRING,
        Fault.NUMBER,
        Fault.NULL,
        Fault.OBJECT,
        Fault.NULLS,
        Fault.STRINGS,
        Fault.RENAMED,
        Fault.NESTED,
        Fault.ERROR_IN_200,
        Fault.WRONG_TYPE,
    }
)


async def managed(it: Rig, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A connection that has its tokens from the identity endpoint."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", it.wire.identity_endpoint)
    monkeypatch.setenv("IDENTITY_HEADER", it.wire.identity_header)
    return it.connect(credential=None)


async def test_an_identity_endpoint_in_trouble_costs_an_answer_and_shows_no_token(
    it: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = []
    for fault in Fault:
        connection = await managed(it, monkeypatch)
        it.path = PATH
        it.spoil(fault)
        for seconds in it.limits_seconds(fault):
            world = AzureWorld(connection, observe_seconds_max=seconds)
            seen = await world.observe(it.fleet, frozenset({ClusterState(BLUE)}), START)
            found = seen[ClusterState(BLUE)]
            if not isinstance(found, Unavailable) or faults_of(found.because):
                wrong.append((fault, found))
        await connection.aclose()
    assert not wrong


async def test_a_next_page_on_another_host_is_not_asked_for(it: Rig) -> None:
    stranger = it.stranger()
    it.change = lambda body: {**body, "value": body["value"][:1], "nextLink": f"{stranger}/next?sig=secret"}
    probe = GroupState(BLUE)
    found = (await it.world.observe(it.fleet, frozenset({probe}), it.estate.clock.now()))[probe]
    assert isinstance(found, Unavailable)
    assert "nothing of ours goes to another host" in found.because
    assert not faults_of(found.because)
    assert it.strayed == []


@pytest.mark.parametrize("fault", [Fault.HUGE, Fault.ENDLESS, Fault.GZIP_BOMB])
async def test_an_answer_is_read_up_to_a_bound_and_not_further(it: Rig, fault: Fault) -> None:
    probe = ClusterState(BLUE)
    it.spoil(fault)
    await it.world.observe(it.fleet, frozenset({probe}), START)
    it.spoil(fault)
    tracemalloc.start()
    found = (await it.world.observe(it.fleet, frozenset({probe}), START))[probe]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found, Unavailable)
    assert "no answer is that long" in found.because
    assert len(it.requests) == 1
    # Both ends of the wire live in this process, and the one that sends holds its answer too.
    assert peak < 5 * ANSWER_BYTES_MAX


async def test_a_read_is_given_up_after_its_own_limit_and_repeated_twice_at_the_most(it: Rig) -> None:
    it.connection = it.connect(read_seconds_max=0.05)
    it.spoil(Fault.LATE)
    probe = ClusterState(BLUE)
    world = AzureWorld(it.connection)
    found = (await world.observe(it.fleet, frozenset({probe}), START))[probe]
    assert isinstance(found, Unavailable)
    assert "localhost gave no answer in time" in found.because
    assert 1 <= len(it.requests) <= 3


PAGES = [Fault.HTML_403, Fault.HTML_404, Fault.HTML_409, Fault.HTML_412, Fault.EMPTY_404, Fault.HTML_200]


@pytest.mark.parametrize("fault", PAGES)
async def test_a_page_of_somebody_in_between_is_no_refusal_of_azure(it: Rig, fault: Fault) -> None:
    it.methods = frozenset({"PUT", "POST", "PATCH", "DELETE"})
    for kind, order in SENT.items():
        it.spoil(None)
        action = order(it)
        it.spoil(fault, Where.BEFORE)
        with pytest.raises(SwitchyardError) as raised:
            await it.world.perform(it.fleet, action, epoch=int(it.estate.clock.now().timestamp()))
        assert type(raised.value) is Retry, (kind, raised.value)


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.BUSY])
async def test_a_minute_to_wait_is_handed_on_by_every_adapter(it: Rig, fault: Fault) -> None:
    for kind, order in SENT.items():
        it.spoil(None)
        action = order(it)
        it.spoil(fault)
        with pytest.raises(Retry) as raised:
            await it.world.perform(it.fleet, action, epoch=int(it.estate.clock.now().timestamp()))
        assert raised.value.after_seconds == 60, kind
        assert len(it.requests) == len(set(it.requests)), kind


QUESTIONS = [kind for kind in PROBES if isinstance(kind, tuple) and kind not in ASKS_A_HOST]


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.BUSY])
async def test_a_minute_to_wait_is_handed_on_to_every_gate_and_asked_for_once(it: Rig, fault: Fault) -> None:
    for kind in QUESTIONS:
        it.spoil(None)
        probe = PROBES[kind](it)
        it.spoil(fault)
        found = (await it.world.observe(it.fleet, frozenset({probe}), it.estate.clock.now()))[probe]
        assert isinstance(found, Unavailable), kind
        assert found.after_seconds == 60, kind
        assert len(it.requests) == 1, kind


async def test_a_body_that_is_never_read_is_no_fact() -> None:
    with pytest.raises(Retry, match="is empty"):
        Body(Reading, "a reading").read()
