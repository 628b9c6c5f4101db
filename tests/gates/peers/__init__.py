"""Cases from what the peers publish, in our own words and numbers: the rule, what was measured, what we say.

A module for each peer, and in it the file or page that each tuple follows from. Where a peer says something
else, `differs` is its row of the table in docs/gates.md.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from shared.fleet_file.gate_file import GateFile, parse_gates
from shared.model import Sample, Verdict

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAN, INF = float("nan"), float("inf")
P, F = 0.01, 0.5
PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
NO_DATA, PROVIDER_ERROR = Verdict.NO_DATA, Verdict.PROVIDER_ERROR

Value = float | str | None


class Case(NamedTuple):
    """`verdict` None: it has not ended. `values` are a minute apart; text is an error.

    `live` are live's values of the same minutes, `baseline` those of before; None: there are none.
    """

    name: str
    rules: dict[str, Any]
    values: tuple[Value, ...]
    verdict: Verdict | None
    complete: bool = True
    differs: str = ""
    live: tuple[Value, ...] | None = None
    baseline: tuple[Value, ...] | None = None


class Member(NamedTuple):
    """A gate among several, with the verdict that its samples give it."""

    verdict: Verdict
    weight: float = 1.0
    critical: bool = False
    group: str = "g"
    dry_run: bool = False


class Together(NamedTuple):
    """Several gates; `score` is the group's, the least where they are several."""

    name: str
    members: tuple[Member, ...]
    verdict: Verdict
    score: float | None
    differs: str = ""
    scores: dict[str, float] = {}  # noqa: RUF012 - nobody changes it


class Refused(NamedTuple):
    """What is no gate, with words of the reason; with `differs` where a peer accepts it."""

    name: str
    body: dict[str, Any]
    words: str
    differs: str = ""


def declared(**rules: Any) -> GateFile:
    """A gate file of an HTTP gate that tolerates 5 %, unless the rules have limits of their own."""
    return parse_gates(json.dumps(gate(**rules)))


def gate(**rules: Any) -> dict[str, Any]:
    """The same as it is written."""
    body: dict[str, Any] = {"name": "errors", "source": "http", "path": "/healthz", "window": "30m"}
    limits = ("max", "min", "max_over_baseline", "max_over_live", "compare", "slo", "anomaly")
    if not any(key in rules for key in limits):
        body["max"] = 0.05
    return body | rules


def samples(*values: Value, apart: timedelta = MINUTE, start: datetime = START) -> tuple[Sample, ...]:
    """Samples that far apart; text is an error."""
    return tuple(
        Sample(at=start + n * apart, error=value)
        if isinstance(value, str)
        else Sample(at=start + n * apart, value=value)
        for n, value in enumerate(values)
    )


def counted(count: int = 0, **more: Any) -> dict[str, Any]:
    """The rules of a gate that is measured every minute."""
    return {"interval": "1m", **({"count": count} if count else {}), **more}


E = "the query timed out"
NO_LIMIT = {"name": "a", "source": "http", "path": "/"}
BETWEEN = {"max": 0.1, "pass_max": 0.05}
LIMIT_OF_ITS_OWN = "conditions and criteria have the operator that they are written with"


def of(*members: tuple[Verdict, float]) -> tuple[Member, ...]:
    """Members of one group by their weights."""
    return tuple(Member(verdict, weight) for verdict, weight in members)
