"""What the workers share, as one value that can be hashed: rows, record, cluster, time, and faults to come.

Decides what the services decide: which batch clashes, which record write is refused, and what a look shows.
Refuses to know workers, and what is right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, NamedTuple

from shared.actions import Action, DestroyCluster, StartCluster, StopCluster
from shared.levers import SlotName
from shared.model import Sample
from shared.probes import (
    Answer,
    ClusterSeen,
    ClusterState,
    DeploymentSeen,
    DeploymentState,
    GateReading,
    GroupSeen,
    GroupState,
    Probe,
    Reading,
    RecordSeen,
    RecordState,
    TrafficSeen,
    TrafficShare,
)
from shared.store.tables import Verb, Write
from tests.fleets import ADDRESSES, BLUE
from tests.model.asking import WriteRecord
from tests.model.worker import BEGIN, NOTCH

RUNNING, STOPPED, GONE = "Running", "Stopped", ""
VERSION = "1.32.6"


class RecordSet(NamedTuple):
    """The live record. `version` stands for its etag: it rises with every write."""

    slot: str
    ttl_seconds: int
    epoch: int
    version: int = 0

    @property
    def etag(self) -> str:
        """As Azure gives it."""
        return f"record-{self.version}"


class Late(NamedTuple):
    """A request whose answer is lost and which is on its way: a claim, by its hash, or a record's write."""

    claim: str = ""
    write: WriteRecord | None = None


class Estate(NamedTuple):
    """All that is not inside a worker.

    `state` is the number of the stored state, `epoch` its epoch. `sender` is how far the alert has come, and
    `taken` how many claims have consumed it; `fate` is what its row then says. `broken` says which promise
    has just been broken.
    """

    state: int
    epoch: int
    record: RecordSet
    blue: str = RUNNING
    notch: int = 0
    sender: str = "quiet"
    deliveries_left: int = 2
    is_stored: bool = False
    is_pending: bool = False
    taken: int = 0
    fate: str = ""
    crashes_left: int = 1
    losses_left: int = 1
    repeats_left: int = 1
    sleeps_left: int = 1
    late: Late | None = None
    broken: str = ""


def etag_of(epoch: int) -> str:
    """The etag of the state row: it changes with every claim, and so does its epoch."""
    return f"state-{epoch}"


def clashes(estate: Estate, writes: tuple[Write, ...]) -> bool:
    """Whether the table refuses the batch whole."""
    return any(_refuses(estate, write) for write in writes)


def _refuses(estate: Estate, write: Write) -> bool:
    if write.etag is not None and write.etag != etag_of(estate.epoch):
        return True
    kind, _, rest = key_of(write).partition("-")
    exists = {
        "a": lambda: int(rest) <= estate.epoch,
        "i": lambda: estate.is_stored,
        "p": lambda: estate.is_pending,
    }
    if kind not in exists:
        return False
    return exists[kind]() if write.verb is Verb.INSERT else write.verb is Verb.DELETE and not exists[kind]()


def key_of(write: Write) -> str:
    """The row that it is about."""
    return str(write.entity["RowKey"])


def signals_after(estate: Estate, writes: tuple[Write, ...]) -> Estate:
    """What a batch that has landed makes of the alert's rows."""
    for write in writes:
        kind = key_of(write)[0]
        if kind == "p":
            estate = estate._replace(is_pending=write.verb is not Verb.DELETE)
        elif kind == "i" and write.verb is Verb.MERGE:
            estate = estate._replace(taken=estate.taken + 1, fate=str(write.entity["because"]))
        elif kind == "i":
            estate = estate._replace(is_stored=True)
    return estate


def matches(record: RecordSet, write: WriteRecord) -> bool:
    """Whether the record's condition lets the write through."""
    return write.if_match in ("*", record.etag)


def written(record: RecordSet, write: WriteRecord) -> RecordSet:
    """The record after the write."""
    return RecordSet(write.slot, write.ttl_seconds, write.epoch, record.version + 1)


def ordered(estate: Estate, action: Action) -> Estate:
    """The estate after an order that carries no epoch; only the old cluster ever gets one."""
    match action:
        case StopCluster() if estate.blue == RUNNING:
            return estate._replace(blue=STOPPED)
        case StartCluster() if estate.blue == STOPPED:
            return estate._replace(blue=RUNNING)
        case DestroyCluster(_, if_match) if if_match == estate.blue:
            return estate._replace(blue=GONE)
    return estate


def visible(estate: Estate, probes: frozenset[Probe]) -> Hashable:
    """As much of the estate as decides what the probes show."""
    kinds = {type(probe) for probe in probes}
    record = estate.record if kinds & {RecordState, TrafficShare} else None
    blue = estate.blue if kinds & {ClusterState, GroupState} else None
    return record, blue


def shown(estate: Estate, probes: frozenset[Probe]) -> Mapping[Probe, Answer]:
    """The answers to all probes."""
    return {probe: _SHOW[type(probe)](estate, probe) for probe in probes}


def _record(estate: Estate, _probe: RecordState) -> Answer:
    slot, ttl_seconds, epoch, _ = record = estate.record
    return RecordSeen(True, (ADDRESSES[SlotName(slot)],), ttl_seconds, record.etag, epoch, "contoso")


def _cluster(estate: Estate, probe: ClusterState) -> Answer:
    power = estate.blue if probe.slot == BLUE else RUNNING
    return ClusterSeen(power != GONE, "Succeeded", power, VERSION, power)


def _reading(estate: Estate, probe: GateReading) -> Answer:
    now = BEGIN + NOTCH * estate.notch
    moments = (now + NOTCH * n / probe.gate.min_samples for n in range(probe.gate.min_samples))
    return Reading(tuple(Sample(at=at, value=0.0) for at in moments), "model", now, now + NOTCH)


_SHOW: dict[type[Any], Callable[[Estate, Any], Answer]] = {
    RecordState: _record,
    ClusterState: _cluster,
    GateReading: _reading,
    TrafficShare: lambda estate, _: TrafficSeen({estate.record.slot: 3000.0}, 3.0),
    GroupState: lambda estate, _: GroupSeen(estate.blue != GONE),
    DeploymentState: lambda *_: DeploymentSeen("Succeeded"),
}
