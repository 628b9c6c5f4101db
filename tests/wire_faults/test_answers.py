"""Every fault in every answer: an error of ours with a sentence for a person, or the truth, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest

from sandbox.wire.faults import Fault, Where
from sandbox.wire.spoiling import LATE_SECONDS
from shared.azure.world import AzureWorld, Kind
from shared.errors import SwitchyardError
from shared.fleet import Source
from shared.probes import (
    Answer,
    CheckSeen,
    CommandSeen,
    GateReading,
    HostSeen,
    HostState,
    Probe,
    Reading,
    Unavailable,
)
from tests.wire_faults.operations import (
    BELIEVED,
    OBJECTIONS,
    ORDERS,
    PROBES,
    SENT,
    SILENT,
    STILL_RUNNING,
    name,
)
from tests.wire_faults.questions import BEGINNERS, BEGUN_AT
from tests.wire_faults.rig import NEVER_ENDING, Rig, rig
from tests.wire_faults.sentences import faults_of

WRITES = frozenset({"PUT", "POST", "PATCH", "DELETE"})
ALL = WRITES | {"GET"}

# What a host may answer to a gate's own request and still be well: the gate counts statuses, not words.
_ANSWERED = frozenset(
    {
        Fault.ENDLESS,
        Fault.HUGE,
        Fault.GZIP_BOMB,
        Fault.HALF_JSON,
        Fault.ENCODING_UNKNOWN,
        Fault.HTML_200,
        Fault.HTML_AS_JSON,
        Fault.EMPTY_200,
        Fault.WRONG_TYPE,
        Fault.LATIN_1,
        Fault.LIST,
        Fault.STRING,
        Fault.NUMBER,
        Fault.NULL,
        Fault.OBJECT,
        Fault.ERROR_IN_200,
        Fault.LINKS_MISSING,
        Fault.LINKS_FOREIGN,
        Fault.NAN,
        Fault.NULLS,
        Fault.STRINGS,
        Fault.RENAMED,
        Fault.NESTED,
    }
)


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Rig]:
    """A healthy estate behind the wire."""
    async with rig(tmp_path) as started:
        yield started


async def see(it: Rig, probe: Probe, fault: Fault | None = None) -> Answer:
    """The answer to one probe now; who never ends an answer is not waited for."""
    found: Mapping[Probe, Answer] = {}
    for seconds in it.limits_seconds(fault):
        world = AzureWorld(it.connection, observe_seconds_max=seconds)
        found = await world.observe(it.fleet, frozenset({probe}), it.estate.clock.now())
    return found[probe]


def steady(answer: Answer) -> Answer:
    """The answer without how long it took."""
    return msgspec.structs.replace(answer, latency_ms=0.0) if isinstance(answer, HostSeen) else answer


def test_every_adapter_has_its_line(it: Rig) -> None:
    assert PROBES.keys() | ORDERS.keys() == it.world.kinds


def allowed(kind: Kind, fault: Fault, truth: Answer, answer: Answer) -> bool:
    """Whether this may be answered where `truth` is the case."""
    if isinstance(answer, Unavailable):
        return not faults_of(answer.because)
    if kind is HostState:
        assert isinstance(answer, HostSeen)
        return _host_allowed(fault, answer)
    if kind == (GateReading, Source.HTTP):
        assert isinstance(answer, Reading)
        assert isinstance(truth, Reading)
        failed = all(sample.value == 1 for sample in answer.samples)
        return failed or (fault in _ANSWERED and bool(answer.samples))
    if fault in STILL_RUNNING.get(kind, ()):
        return answer == CommandSeen() or (isinstance(answer, Reading) and not answer.samples)
    if fault in OBJECTIONS.get(kind, ()):
        return isinstance(answer, CheckSeen) and not answer.valid and not faults_of(answer.because)
    return answer == truth


def _host_allowed(fault: Fault, answer: HostSeen) -> bool:
    """A host that answers well, badly, or not at all; then a person reads why."""
    if answer.status == 0:
        return answer.certificate_ends_at is None and not faults_of(answer.because)
    return answer.certificate_ends_at is not None and (answer.status >= 300 or fault in _ANSWERED)


@pytest.mark.parametrize("kind", PROBES, ids=name)
async def test_a_bad_answer_is_never_a_wrong_one(it: Rig, kind: Kind) -> None:
    probe = PROBES[kind](it)
    truth = await see(it, probe)
    assert not isinstance(truth, Unavailable), truth
    wrong = []
    for fault in Fault:
        it.spoil(fault)
        answer = await see(it, probe, fault)
        if not allowed(kind, fault, truth, answer):
            wrong.append((fault.value, answer))
        assert it.requests, "the fault was not met"
        assert not it.strayed, fault
        assert not it.changes(), fault
    it.spoil(None)
    assert not wrong
    assert steady(await see(it, probe)) == steady(truth)


@pytest.mark.parametrize("kind", BEGINNERS, ids=name)
@pytest.mark.parametrize("where", Where)
async def test_what_a_question_begins_is_begun_once_and_is_no_evidence(
    it: Rig, kind: Kind, where: Where
) -> None:
    wrong = list[object]()
    it.methods = WRITES
    for fault in Fault:
        probe = BEGINNERS[kind](it)
        it.spoil(fault, where)
        answer = await see(it, probe, fault)
        said = answer.because if isinstance(answer, Unavailable) else ""
        if isinstance(answer, Reading):
            told = answer.samples or (answer.receipts and where is Where.BEFORE)
            wrong += [(fault.value, answer)] if told else []
        if (said and faults_of(said)) or len(it.changes()) > 1:
            wrong.append((fault.value, it.changes(), said))
        assert not it.strayed, fault
    assert not wrong


@pytest.mark.parametrize("kind", BEGINNERS, ids=name)
async def test_a_bad_answer_on_what_was_begun_begins_nothing(it: Rig, kind: Kind) -> None:
    probe = PROBES[kind](it)
    truth = await see(it, probe)
    wrong = []
    it.path = BEGUN_AT[kind]
    it.methods = frozenset({"GET"})
    for fault in Fault:
        it.spoil(fault)
        answer = await see(it, probe, fault)
        if it.changes() or not allowed(kind, fault, truth, answer):
            wrong.append((fault.value, it.changes(), answer))
    assert not wrong


async def give(it: Rig, kind: Kind, fault: Fault) -> SwitchyardError | None:
    """Perform the kind's order; the error that it raised, if it is one of ours."""
    order = ORDERS[kind](it)
    it.requests.clear()
    raised: SwitchyardError | None = None
    for seconds in it.limits_seconds(fault):
        raised = None
        world = AzureWorld(it.connection, perform_seconds_max=seconds)
        try:
            # Whoever does not keep its limit is still waiting when a late answer would come.
            async with asyncio.timeout(seconds + LATE_SECONDS / 2):
                await world.perform(it.fleet, order, epoch=int(it.estate.clock.now().timestamp()))
        except SwitchyardError as error:
            raised = error
    return raised


@pytest.mark.parametrize("kind", SENT, ids=name)
@pytest.mark.parametrize("methods", [WRITES, ALL], ids=["writes", "all"])
async def test_an_order_that_nobody_took_is_never_taken_for_done(
    it: Rig, kind: Kind, methods: frozenset[str]
) -> None:
    wrong = []
    it.methods = methods
    for fault in Fault:
        it.spoil(fault, Where.BEFORE)
        error = await give(it, kind, fault)
        believed = fault in BELIEVED.get(kind, ())
        if error is None and not believed:
            wrong.append((fault.value, "taken for done"))
        if error is not None and faults_of(str(error)):
            wrong.append((fault.value, f"{faults_of(str(error))}: {error}"))
        if len(it.changes()) > 1:
            wrong.append((fault.value, f"sent {len(it.changes())} times"))
        assert not it.strayed, fault
    assert not wrong


@pytest.mark.parametrize("kind", SENT, ids=name)
async def test_an_order_whose_answer_goes_bad_is_sent_once(it: Rig, kind: Kind) -> None:
    wrong = []
    it.methods = WRITES
    for fault in Fault:
        it.spoil(fault, Where.AFTER)
        error = await give(it, kind, fault)
        if error is not None and faults_of(str(error)):
            wrong.append((fault.value, f"{faults_of(str(error))}: {error}"))
        if len(it.changes()) != 1 and fault not in NEVER_ENDING:
            wrong.append((fault.value, f"sent {len(it.changes())} times"))
        assert not it.strayed, fault
    assert not wrong


@pytest.mark.parametrize("kind", [kind for kind in ORDERS if kind in SILENT], ids=name)
async def test_an_order_that_has_no_request_sends_none(it: Rig, kind: Kind) -> None:
    it.spoil(Fault.LOST)
    await give(it, kind, Fault.LOST)
    assert not it.requests
