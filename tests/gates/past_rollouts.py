"""Rollouts that are over, as what was kept of their looks tells them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from shared.fleet import Gate, Gates, Source, Target
from shared.gates.backtest import Case, Trial, backtest
from shared.gates.ends import Ended
from shared.model import Judgement, Outcome, Sample, Stage, Verdict
from shared.ports import AuditEntry, Judged
from tests.cli.samples import FLEET, GREEN, ROLLOUT, START

MINUTE = timedelta(minutes=1)
QUERY = "requests | summarize avg(duration) by bin(timestamp, 1m)"
GATE = Gate(
    name="latency", source=Source.LOGS, target=Target.CLUSTER, query=QUERY, max_value=250.0, min_samples=2
)


def minute(n: int) -> datetime:
    return START + n * MINUTE


def look(n: int, *values: float | None, window: int = 5, **facts: Any) -> Judgement:
    """A look in that minute; its values are those of the minutes up to it."""
    samples = tuple(
        Sample(at=minute(n - len(values) + 1 + place), value=value) for place, value in enumerate(values)
    )
    known: dict[str, Any] = {
        "gate": "latency",
        "slot": GREEN,
        "verdict": Verdict.PASS,
        "because": "it was well",
        "at": minute(n),
        "source": QUERY,
        "samples": samples,
        "since": minute(n - window),
        "until": minute(n),
    }
    return Judgement(**{**known, **facts})


def entry(n: int, step: str = "observe", stage: str = "T3", who: str = "timer", to: str = "") -> AuditEntry:
    """The claim of that minute; `to` is the stage that it enters."""
    return AuditEntry(
        epoch=n,
        at=minute(n),
        who=who,
        because="so it was",
        rollout=ROLLOUT.id,
        stage=stage,
        step=step,
        actions=[],
        signals=[],
        change={"rollout": {"stage": to}} if to else {},
        seen={},
        previous="",
        hash="",
    )


def good(*looks: Judgement, step: str = "observe", stage: str = "T3", **facts: Any) -> Ended:
    """A rollout that completed after these looks, each in the claim of its minute."""
    numbers = [(round((each.at - START) / MINUTE), each) for each in looks]
    return Ended(
        rollout=replace(ROLLOUT, outcome=Outcome.COMPLETED, ended_at=minute(60), **facts),
        entries=tuple(entry(n, step, stage) for n, _ in numbers),
        verdicts=tuple(Judged(epoch=n, judgement=each) for n, each in numbers),
    )


def bad(
    *looks: Judgement, back: int = 30, who: str = "ann@contoso.com", because: str = "it was slow"
) -> Ended:
    """The same, turned back in the minute `back`."""
    before = good(*looks, rollback_because=because)
    entries = [each for each in before.entries if each.epoch != back]
    return Ended(
        rollout=replace(before.rollout, outcome=Outcome.ROLLED_BACK),
        entries=(*entries, replace(entry(back, who=who, to=Stage.ROLLBACK.value), because=because)),
        verdicts=before.verdicts,
    )


def trial(gate: Gate, *rollouts: Ended, question: str = "switch") -> Trial:
    fleet = replace(FLEET, gates=replace(Gates(), **{question: (gate,)}))
    found = backtest(fleet, rollouts)
    assert len(found.rollouts) == len(rollouts)
    return found.gates[0]


def case(gate: Gate, rollout: Ended) -> Case:
    found = trial(gate, rollout)
    assert found.unjudged == ()
    return found.cases[0]


def why_not(gate: Gate, rollout: Ended) -> str:
    found = trial(gate, rollout)
    assert (found.judged, found.false_alarms, found.misses, found.caught, found.held) == (0, 0, 0, 0, 0)
    assert found.because == f"nothing is known of it: {found.unjudged[0].because}"
    return found.unjudged[0].because
