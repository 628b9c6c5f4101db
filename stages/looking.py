"""What several steps look at in the same way: records, clusters and gates. Pure; decides nothing alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.actions import PointRecord
from shared.decision import Seen
from shared.fleet import Fleet, Gate
from shared.gates import combine, judge
from shared.levers import Record, SlotName
from shared.model import Judgement, Rollout, Verdict
from shared.probes import (
    ClusterSeen,
    GateReading,
    Probe,
    RecordSeen,
    RecordState,
    Unavailable,
)


def seen_as[T](seen: Seen, probe: Probe, kind: type[T]) -> T | None:
    """The answer to `probe` if it is of that kind; None where the provider could not say."""
    answer = seen.answers.get(probe)
    return answer if isinstance(answer, kind) else None


def unavailable(seen: Seen, probes: Iterable[Probe]) -> str | None:
    """Why one of `probes` has no answer; None if all were answered. Of several reasons always the same."""
    reasons = []
    for probe in probes:
        answer = seen.answers.get(probe)
        if answer is None:
            reasons.append("it was not observed")
        elif isinstance(answer, Unavailable):
            reasons.append(answer.because)
    return min(reasons, default=None)


def records(fleet: Fleet) -> frozenset[Probe]:
    """Probes of every live record."""
    return frozenset(RecordState(record) for record in fleet.live_records)


def record_seen(seen: Seen, record: Record) -> RecordSeen | None:
    """The record set as it was read, None where it could not be."""
    return seen_as(seen, RecordState(record), RecordSeen)


def target_of(fleet: Fleet, rollout: Rollout, record: Record, slot: SlotName) -> str:
    """What the record set holds when it points at `slot`: the address, or an alias's public IP resource."""
    resource = fleet.slot(slot).public_ip_id
    return resource.lower() if record.alias and resource is not None else rollout.addresses[slot]


def at(record: RecordSeen, target: str) -> bool:
    """Whether the record set holds exactly that target."""
    return record.targets == (target.rstrip(".").lower(),)


def elsewhere(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> str | None:
    """The sentence about the first live record seen to point away from `slot`, None if there is none."""
    for record in fleet.live_records:
        found, target = record_seen(seen, record), target_of(fleet, rollout, record, slot)
        if found is not None and not at(found, target):
            points = ", ".join(found.targets) or "nowhere"
            return f"{record.fqdn} points at {points}, not at {slot} ({target})"
    return None


def point(
    fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen, *, low_ttl: bool, reverse: bool = False
) -> tuple[PointRecord, ...]:
    """One write per live record, in the declared order or in reverse, each under the etag that was read."""
    ordered = tuple(reversed(fleet.live_records)) if reverse else fleet.live_records
    writes = []
    for record in ordered:
        found = record_seen(seen, record)
        if found is None:
            continue
        ttl_seconds = (
            min(record.ttl_seconds, fleet.policy.switch_ttl_seconds) if low_ttl else record.ttl_seconds
        )
        target = target_of(fleet, rollout, record, slot)
        writes.append(PointRecord(record, slot, target, ttl_seconds, found.etag if found.exists else None))
    return tuple(writes)


def own_write_seen(fleet: Fleet, rollout: Rollout, slot: SlotName, seen: Seen) -> bool:
    """Whether every live record holds `slot`'s target under the epoch of the order or a later one."""
    if rollout.ordered_epoch is None:
        return False
    for record in fleet.live_records:
        found = record_seen(seen, record)
        if found is None or not at(found, target_of(fleet, rollout, record, slot)):
            return False
        if found.epoch is None or found.epoch < rollout.ordered_epoch:
            return False
    return True


def propagated_at(fleet: Fleet, since: datetime) -> datetime:
    """When the last client can have learnt of a write seen at `since`: propagation plus the TTL in force."""
    ttl_seconds = max(
        min(record.ttl_seconds, fleet.policy.switch_ttl_seconds) for record in fleet.live_records
    )
    return since + timedelta(seconds=fleet.policy.propagation_seconds + ttl_seconds)


def readings(gates: Iterable[Gate], slot: SlotName, since: datetime | None) -> frozenset[Probe]:
    """Probes of `gates` on `slot`."""
    return frozenset(GateReading(gate, slot, since) for gate in gates)


def judged_on(
    gates: Iterable[Gate], slot: SlotName, since: datetime | None, rollout: Rollout, seen: Seen
) -> tuple[tuple[Judgement, ...], Verdict, str]:
    """Every gate's judgement, their verdict together, and the sentence of the worst."""
    judgements = tuple(
        judge(
            gate,
            slot,
            seen.answers.get(GateReading(gate, slot, since)),
            seen.now,
            rollout.baseline.get(gate.name),
        )
        for gate in gates
    )
    verdict = combine(judgements)
    worst = next((j.because for j in judgements if j.verdict is verdict), "no gate is declared")
    return judgements, verdict, worst


def cluster_trouble(cluster: ClusterSeen, version: str | None) -> str | None:
    """What is wrong with a cluster that should be running, None if nothing is."""
    if not cluster.exists:
        return "there is no such cluster"
    if cluster.provisioning != "Succeeded":
        return f"its provisioning state is {cluster.provisioning}"
    if cluster.power != "Running":
        return f"its power state is {cluster.power}"
    if version is not None and cluster.version != version:
        return f"it runs {cluster.version}, not {version}"
    return None
