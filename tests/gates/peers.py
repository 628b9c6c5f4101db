"""Cases from what the peers publish, in our own words: the rule, what was measured, what they and we say."""

from __future__ import annotations

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
    """`verdict` None: it has not ended. `values` are a minute apart; text is an error."""

    name: str
    rules: dict[str, Any]
    values: tuple[Value, ...]
    verdict: Verdict | None
    complete: bool = True


def declared(**rules: Any) -> GateFile:
    """A gate file of an HTTP gate that tolerates 5 %, unless the rules have limits of their own."""
    import json

    gate: dict[str, Any] = {"name": "errors", "source": "http", "path": "/healthz", "window": "30m"}
    limits = ("max", "min", "max_over_baseline", "max_over_live", "compare", "slo", "anomaly")
    if not any(key in rules for key in limits):
        gate["max"] = 0.05
    return parse_gates(json.dumps(gate | rules))


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
BETWEEN = {"max": 0.1, "pass_max": 0.05}

# Source: Argo Rollouts, docs/features/analysis.md, analysis/analysis.go (assessMetricStatus) and its tests.
ARGO = (
    Case("no measurement yet", counted(3), (), NO_DATA, False),
    Case("running: fewer than count", counted(3), (P, P), None, False),
    Case("successful: count reached", counted(3), (P, P, P), PASS),
    Case("count of one", counted(1), (P,), PASS),
    Case("failureLimit 0 by default", counted(3), (P, F), FAIL),
    Case("failures equal to failureLimit", counted(3, tolerance={"failures": 1}), (P, F, P), PASS),
    Case("failures beyond failureLimit", counted(5, tolerance={"failures": 1}), (F, P, F), FAIL),
    Case("a failed metric stays failed", counted(3), (F, P, P, P), FAIL),
    Case("nothing is measured after count", counted(2), (P, P, F), PASS),
    Case("inconclusiveLimit 0 by default", counted(3, **BETWEEN), (P, 0.07), INCONCLUSIVE),
    Case(
        "inconclusives equal to inconclusiveLimit",
        counted(2, **BETWEEN, tolerance={"inconclusives": 1}),
        (P, 0.07, P),
        PASS,
    ),
    Case(
        "inconclusives beyond inconclusiveLimit",
        counted(5, **BETWEEN, tolerance={"inconclusives": 1}),
        (0.07, P, 0.07),
        INCONCLUSIVE,
    ),
    Case("both conditions: fails beyond both", counted(1, **BETWEEN), (0.11,), FAIL),
    Case("both conditions: at the failure limit", counted(1, **BETWEEN), (0.1,), INCONCLUSIVE),
    Case("both conditions: at the success limit", counted(1, **BETWEEN), (0.05,), PASS),
    Case("four errors in a row are tolerated", counted(3), (E, E, E, E), None, False),
    Case("five errors in a row are not", counted(3), (E, E, E, E, E), PROVIDER_ERROR, False),
    Case("a success ends a run of errors", counted(3), (E, E, E, P, E, E, P, P), PASS),
    Case(
        "consecutiveErrorLimit 0",
        counted(3, tolerance={"consecutive_errors": 0}),
        (P, E),
        PROVIDER_ERROR,
        False,
    ),
    Case(
        "consecutiveSuccessLimit reached",
        counted(consecutive_passes=3, tolerance={"failures": 9}),
        (P, F, P, P, P),
        PASS,
    ),
    Case(
        "consecutiveSuccessLimit broken",
        counted(consecutive_passes=3, tolerance={"failures": 9}),
        (P, P, F, P, P),
        None,
        False,
    ),
    Case(
        "consecutiveSuccessLimit not met in count",
        counted(5, consecutive_passes=3, tolerance={"failures": 9}),
        (P, P, F, P, P),
        INCONCLUSIVE,
    ),
    Case("initialDelay", counted(2, initial_delay="2m"), (F, F, P, P), PASS),
    Case("NaN is no success", counted(1), (NAN,), NO_DATA, False),
    Case("an empty result is no success", counted(1), (None,), NO_DATA, False),
    Case("infinity is no success", counted(1), (INF,), NO_DATA, False),
    # Where we differ on purpose; docs/gates.md says why.
    Case(
        "a tolerated run without a success does not pass",
        counted(2, tolerance={"failures": 2}),
        (F, F),
        INCONCLUSIVE,
    ),
    Case("errors are over with the next success", counted(1), (E, E, E, E, E, P), PASS),
)

# Source: Flagger, docs: "How it works", analysis.threshold; pkg/controller/scheduler_metrics.go.
# Its threshold is the number of failed checks that rolls back: threshold 5 is `failures: 4`.
FLAGGER = (
    Case(
        "fewer failed checks than the threshold",
        counted(10, tolerance={"failures": 4}),
        (F, F, F, F, P, P, P, P, P, P),
        PASS,
    ),
    Case(
        "as many failed checks as the threshold",
        counted(10, tolerance={"failures": 4}),
        (F, P, F, P, F, P, F, P, F),
        FAIL,
    ),
    Case("a value at thresholdRange.max", counted(1, max=500), (500,), PASS),
    Case("a value above thresholdRange.max", counted(1, max=500), (500.1,), FAIL),
    Case("a value below thresholdRange.min", counted(1, min=99), (98.9,), FAIL),
    # Flagger counts "no values found" as a failed check and rolls back.
    Case("no values found", counted(10), (None,) * 10, NO_DATA, False),
    Case("the metric server is away", counted(10), (E,) * 10, PROVIDER_ERROR, False),
)

# Source: Kayenta, canary config docs and NetflixACAJudge: values of the candidate against live's.
STEADY = tuple(100.0 + n % 7 for n in range(50))
WORSE = tuple(150.0 + n % 7 for n in range(50))
BETTER = tuple(50.0 + n % 7 for n in range(50))
KAYENTA = (
    ("equal", "increase", STEADY, STEADY, PASS),
    ("high, and high is bad", "increase", WORSE, STEADY, FAIL),
    ("high, and low is bad", "decrease", WORSE, STEADY, PASS),
    ("low, and low is bad", "decrease", BETTER, STEADY, FAIL),
    ("low, and either is bad", "either", BETTER, STEADY, FAIL),
    ("constant and equal", "either", (0.0,) * 50, (0.0,) * 50, PASS),
    ("no data of the candidate", "increase", (), STEADY, NO_DATA),
    ("no data of live", "increase", STEADY, (), NO_DATA),
    ("no data of either", "increase", (), (), NO_DATA),
)

# Source: Keptn, "SLOs and SLIs" and its evaluation: pass and warning criteria of one value.
KEPTN = (
    Case("<600 passes", {"min_samples": 1, "max": 800, "pass_max": 600}, (550,), PASS),
    Case("between pass and warning", {"min_samples": 1, "max": 800, "pass_max": 600}, (700,), INCONCLUSIVE),
    Case("beyond warning", {"min_samples": 1, "max": 800, "pass_max": 600}, (801,), FAIL),
)
KEPTN_RELATIVE = ((100.0, 110.0, PASS), (100.0, 110.1, FAIL), (None, 1.0, INCONCLUSIVE))
