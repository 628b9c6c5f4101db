"""What several steps look at in the same way: a record, a cluster, gates. Pure; decides nothing alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from shared.decision import Seen
from shared.fleet import Fleet, Gate, Source
from shared.gates import beside_live, combine, grouped, judge, tallied
from shared.gates.figures import many
from shared.levers import Record, SlotName
from shared.model import Judgement, Rollout, Verdict
from shared.probes import (
    Asking,
    ClusterSeen,
    GateReading,
    Probe,
    Reading,
    RecordSeen,
    RecordState,
    Unavailable,
)
from stages.beyond import beyond_of
from stages.shadow import measured_on, not_asked, spared, unasked

# Who is asked in the name of a rollout, or begins something for it.
_OF_A_ROLLOUT = frozenset({Source.WEBHOOK, Source.KUBERNETES, Source.ALERTS, Source.LOAD_TEST})


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


def record_seen(seen: Seen, record: Record) -> RecordSeen | None:
    """The record set as it was read, None where it could not be."""
    return seen_as(seen, RecordState(record), RecordSeen)


def at(record: RecordSeen, address: str) -> bool:
    """Whether the record set holds exactly that address."""
    return record.targets == (address.rstrip(".").lower(),)


def target_of(fleet: Fleet, rollout: Rollout, record: Record, slot: SlotName) -> str:
    """What the record set holds where it points at the slot: its address, or the id of its public IP."""
    public_ip_id = fleet.slot(slot).public_ip_id
    return public_ip_id.lower() if record.alias and public_ip_id else rollout.addresses[slot]


def readings(
    gates: Iterable[Gate], slot: SlotName, since: datetime | None, rollout: Rollout
) -> frozenset[Probe]:
    """Probes of `gates` on `slot`, and on the live slot of those that are judged beside it."""
    asked = [(gate, slot) for gate in gates]
    asked += [(gate, rollout.live) for gate, _ in asked if beside_live(gate)]
    return frozenset(reading(gate, where, since, rollout) for gate, where in asked)


def reading(gate: Gate, slot: SlotName, since: datetime | None, rollout: Rollout) -> GateReading:
    """The probe of `gate` on `slot`, with the rollout's facts where its source needs them."""
    slot = measured_on(rollout, slot)
    if gate.source not in _OF_A_ROLLOUT:
        return GateReading(gate, slot, since)
    asking = Asking(
        rollout=rollout.id,
        version=rollout.version,
        stage=rollout.stage.value,
        step=rollout.step,
        candidate=rollout.candidate,
        started_at=rollout.started_at,
        receipts=rollout.receipts.get(_key(gate, slot), ()),
    )
    return GateReading(gate, slot, since, asking)


def begun(rollout: Rollout, seen: Seen) -> Rollout:
    """The rollout with what the sources of its gates have begun, so that it is begun once."""
    receipts = dict(rollout.receipts)
    for probe, answer in seen.answers.items():
        if isinstance(probe, GateReading) and isinstance(answer, Reading) and answer.receipts is not None:
            receipts[_key(probe.gate, probe.slot)] = answer.receipts
    return rollout if receipts == rollout.receipts else msgspec.structs.replace(rollout, receipts=receipts)


def _key(gate: Gate, slot: SlotName) -> str:
    return f"{gate.name} {slot}"


def judged_on(
    fleet: Fleet,
    gates: Sequence[Gate],
    slot: SlotName,
    since: datetime | None,
    rollout: Rollout,
    seen: Seen,
    watched_seconds: float = 0.0,
) -> tuple[tuple[Judgement, ...], Verdict, str]:
    """Every gate's judgement, their verdict together, and the sentence of the worst.

    `watched_seconds` is how long the step watches users.
    """
    judgements = tuple(
        _judged(reading(gate, slot, since, rollout), rollout, seen, watched_seconds) for gate in gates
    )
    scores = fleet.gates.scores
    if any(spared(rollout, gate) for gate in gates) and all(each.dry_run for each in judgements):
        return judgements, Verdict.PASS, "no gate of it decides in shadow"
    verdict = combine(judgements, scores)
    told = [(j.verdict, j.because) for j in judgements if not (j.group or j.dry_run)]
    told += [(each.verdict, f"{name}: {each.because}") for name, each in grouped(judgements, scores).items()]
    worst = next((because for found, because in told if found is verdict), "no gate is declared")
    return judgements, verdict, worst


def deciding(judgements: Iterable[Judgement]) -> int:
    """How many of them decide: what only advises, or was not asked, has passed nothing."""
    return sum(not each.dry_run for each in judgements)


def passing(judgements: Iterable[Judgement], kind: str = "") -> str:
    """How many of them decide and pass, in words; `kind` of gates, where it matters."""
    what = f"{kind} gate".lstrip()
    return many(deciding(judgements), f"{what} passes", f"{what}s pass")


def _judged(probe: GateReading, rollout: Rollout, seen: Seen, watched_seconds: float) -> Judgement:
    gate, slot, since = probe.gate, probe.slot, probe.since
    if not_asked(rollout, gate):
        return unasked(gate, slot, seen.now)
    tally = rollout.tallies.get(tallied(gate.name, slot))
    # What was counted before the present span began describes something else.
    known = tally if tally is not None and since is not None and tally.since >= since else None
    judgement = judge(
        gate,
        slot,
        seen.answers.get(probe),
        seen.now,
        rollout.baseline.get(gate.name),
        seen.answers.get(reading(gate, rollout.live, since, rollout)) if beside_live(gate) else None,
        known,
        beyond_of(probe, rollout, seen, watched_seconds),
    )
    advises = judgement.dry_run or spared(rollout, gate)
    return msgspec.structs.replace(judgement, dry_run=advises)


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
