"""A fleet, its rollout and the claims of a test, in the words of the product."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from shared.decision import Decision, Seen
from shared.fleet import Channel, Fleet, Gate
from shared.model import (
    Disposition,
    FleetState,
    Judgement,
    Rollout,
    Sample,
    Signal,
    SignalKind,
    Stage,
    Verdict,
)
from shared.ports import Row, Store
from shared.probes import ClusterSeen, ClusterState, GateReading, Reading, RecordSeen, RecordState
from tests.fleets import BLUE, ERRORS, FLEET, GREEN, record

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
TOPIC = "https://contoso.westeurope-1.eventgrid.azure.net/api/events"


def later(seconds: float) -> datetime:
    """So many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def gate(name: str) -> Gate:
    """A gate of that name."""
    return msgspec.structs.replace(ERRORS, name=name)


def fleet(
    name: str = "contoso-public", topic: str | None = TOPIC, channel: Channel = Channel.STABLE
) -> Fleet:
    """A fleet of that name."""
    versions = msgspec.structs.replace(FLEET.versions, channel=channel)
    return msgspec.structs.replace(FLEET, name=name, notification_topic=topic, versions=versions)


def resources(declared: Fleet) -> dict[str, str]:
    """What a directory entry needs of a fleet, reduced to its clusters."""
    return {slot.cluster_id.lower(): str(slot.name) for slot in declared.slots}


def signal(
    id_: str, *, at: datetime = NOW, to: str = "contoso-public", because: str = "A version is out."
) -> Signal:
    """Something that arrived for a fleet."""
    return Signal(kind=SignalKind.VERSION_AVAILABLE, id=id_, fleet=to, at=at, because=because)


def rollout(id_: str = "r-0001", step: str = "admit", at: datetime = NOW) -> Rollout:
    """A rollout to 1.32.6 that has just entered `step`."""
    return Rollout(
        id=id_,
        version="1.32.6",
        live=BLUE,
        candidate=GREEN,
        safe=BLUE,
        stage=Stage.PREPARE,
        step=step,
        entered_at=at,
        started_at=at,
        started_by="jo@contoso.com",
        because="1.32.6 is out.",
    )


def seen(row: Row | None = None, at: datetime = NOW) -> Seen:
    """What a tick sees when all is well: a cluster, the live record and one gate's samples."""
    samples = tuple(Sample(at=at - timedelta(minutes=m), value=0.5 * m) for m in range(10))
    return Seen(
        now=at,
        answers={
            ClusterState(GREEN): ClusterSeen(True, "Succeeded", "Running", "1.32.6"),
            RecordState(record("aks")): RecordSeen(
                True, ("203.0.113.10",), 300, "etag-1", 4, "contoso-public"
            ),
            GateReading(gate("failed-requests"), GREEN): Reading(samples, "metrics", later(-600), NOW),
        },
        signals=row.pending if row else (),
    )


def decision(row: Row, state: Rollout | None, because: str = "Because.", **more: Any) -> Decision:
    """The decision that this is the fleet's rollout now; it applies every signal that the row holds."""
    claimed = FleetState(live=row.state.live, epoch=row.state.epoch + 1, rollouts=1, rollout=state)
    applied = tuple(
        Disposition(id=found.id, applied=True, because=f"Applied {found.id}.") for found in row.pending
    )
    plain = Decision(
        state=claimed,
        because=because,
        who="timer",
        stage=state.stage.value if state else "",
        step=state.step if state else "",
        dispositions=applied,
    )
    return msgspec.structs.replace(plain, **more)


def judgement(name: str, samples: int = 3) -> Judgement:
    """A gate's passing verdict with its evidence."""
    return Judgement(
        gate=name,
        slot=GREEN,
        verdict=Verdict.PASS,
        because=f"{name} is at most 5.",
        at=NOW,
        value=0.5,
        limit=5.0,
        samples=tuple(Sample(at=later(60 * n), value=float(n)) for n in range(samples)),
    )


async def applied(store: Store, name: str, topic: str | None = TOPIC) -> Row:
    """The row of a fleet that was just applied."""
    await store.apply(fleet(name, topic), if_match=None, now=NOW)
    return await store.load(name)


async def claimed(store: Store, row: Row, step: str = "admit", **more: Any) -> Row:
    """The row after a claim that enters `step`."""
    await store.claim(row, decision(row, rollout(step=step), **more), seen(row))
    return await store.load(row.fleet.name)
