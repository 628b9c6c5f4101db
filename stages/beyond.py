"""What gates ask of a time that their windows do not reach, and what a rollout remembers of the answers.

An anomaly is held against the same hours of the weeks before, on the live slot: the candidate has no past,
and live is the slot that users were on. Those hours do not change from look to look, so that they are asked
for once, and a few numbers are kept. An objective's windows that are longer than its gate's are asked for a
dozen times in the shortest of them, and their counts are kept. Decides what is asked when; what it means is
in `shared.gates`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from shared.decision import Seen
from shared.fleet import Gate, Source
from shared.gates import Beyond, tallied
from shared.gates.anomaly import hours, usual
from shared.gates.burning import beyond
from shared.gates.events import kept
from shared.levers import SlotName
from shared.measured import Kept, Usual
from shared.model import Rollout
from shared.probes import Answer, GatePast, GateReading, Probe, Reading

_WEEK, _SECOND = timedelta(weeks=1), timedelta(seconds=1)
_LOOKS = 12
"""How often a window is looked at while it lasts: the workbook's short windows are a twelfth of the long."""

_WITH_A_PAST = frozenset({Source.METRICS, Source.LOGS, Source.PROMETHEUS, Source.APP_INSIGHTS})


def beyond_needs(asked: Iterable[Probe], rollout: Rollout, now: datetime) -> frozenset[Probe]:
    """What the gates among the probes need beside their windows, and the rollout does not know yet."""
    gates = [probe for probe in asked if isinstance(probe, GateReading) and probe.gate.source in _WITH_A_PAST]
    found = (_weeks(each, rollout, now) or _longer(each, rollout, now) for each in gates)
    return frozenset(probe for probe in found if probe is not None)


def learnt(rollout: Rollout, seen: Seen) -> Rollout:
    """The rollout with what was just seen of that time."""
    known, counts = dict(rollout.usual), dict(rollout.kept)
    for probe, answer in seen.answers.items():
        if not isinstance(probe, GatePast) or not isinstance(answer, Reading):
            continue
        gate = probe.gate
        if gate.anomaly is not None:
            since, until = (moment + _WEEK for moment in probe.spans[-1])
            known[gate.name] = usual(gate.anomaly, since, until, answer.samples)
        elif gate.slo is not None:
            longer = beyond(gate.slo, gate.window_seconds)
            held = kept(answer.samples, longer, probe.since, answer.until)
            counts[tallied(gate.name, probe.slot)] = held
    if known == rollout.usual and counts == rollout.kept:
        return rollout
    return msgspec.structs.replace(rollout, usual=known, kept=counts)


def beyond_of(probe: GateReading, rollout: Rollout, seen: Seen, watched_seconds: float) -> Beyond:
    """What is known for the gate of a reading. `seen` has been learnt from."""
    gate = probe.gate
    if gate.anomaly is None and gate.slo is None:
        return Beyond()
    slot = probe.slot if gate.anomaly is None else rollout.live
    return Beyond(
        usual=_usual(gate, rollout, seen.now),
        kept=_kept(probe, rollout, seen.now),
        answer=_answer(gate, slot, seen),
        watched_seconds=watched_seconds,
    )


def _answer(gate: Gate, slot: SlotName, seen: Seen) -> Answer | None:
    asked = (p for p in seen.answers if isinstance(p, GatePast) and p.gate == gate and p.slot == slot)
    return next((seen.answers[probe] for probe in asked), None)


def _weeks(probe: GateReading, rollout: Rollout, now: datetime) -> GatePast | None:
    gate = probe.gate
    if gate.anomaly is None or _usual(gate, rollout, now) is not None:
        return None
    since, until = _hours(gate, now)
    back = range(gate.anomaly.weeks, 0, -1)
    spans = tuple((since - weeks * _WEEK, until - weeks * _WEEK) for weeks in back)
    return GatePast(gate, rollout.live, spans)


def _longer(probe: GateReading, rollout: Rollout, now: datetime) -> GatePast | None:
    gate = probe.gate
    longer = beyond(gate.slo, gate.window_seconds) if gate.slo is not None else ()
    if not longer or _kept(probe, rollout, now) is not None:
        return None
    until = _ends(gate, now)
    return GatePast(gate, probe.slot, ((until - longer[-1] * _SECOND, until),), probe.since)


def _usual(gate: Gate, rollout: Rollout, now: datetime) -> Usual | None:
    """What is known of the hours that the gate's window lies in now."""
    known = rollout.usual.get(gate.name)
    return known if known is not None and (known.since, known.until) == _hours(gate, now) else None


def _kept(probe: GateReading, rollout: Rollout, now: datetime) -> Kept | None:
    """What is known of the objective's longer windows, as long as it is new enough."""
    gate = probe.gate
    known = rollout.kept.get(tallied(gate.name, probe.slot))
    if known is None or gate.slo is None or known.since != probe.since:
        return None
    longer = beyond(gate.slo, gate.window_seconds)
    again = known.until + longer[0] * _SECOND / _LOOKS if longer else known.until
    return known if _ends(gate, now) < again else None


def _hours(gate: Gate, now: datetime) -> tuple[datetime, datetime]:
    until = _ends(gate, now)
    return hours(until - gate.window_seconds * _SECOND, until)


def _ends(gate: Gate, now: datetime) -> datetime:
    """When the gate's window ends: the start of a minute."""
    return (now - gate.ingestion_seconds * _SECOND).replace(second=0, microsecond=0)
