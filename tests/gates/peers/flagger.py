"""Flagger: repository fluxcd/flagger."""

from __future__ import annotations

from tests.gates.peers import (
    FAIL,
    INF,
    NAN,
    NO_DATA,
    PASS,
    PROVIDER_ERROR,
    Case,
    E,
    F,
    P,
    counted,
)

HALF = {"failures": 4, "consecutive_failures": 4}

# pkg/controller/scheduler.go: advanceCanary (FailedChecks, which no success resets, against
# analysis.threshold; a failed check advances no iteration); scheduler_deployment_test.go: Rollback,
# BlueGreenAnalysisPhases, ABTesting (ten iterations). Threshold 5 is `failures: 4`.
CHECKS = (
    Case("fewer failed checks than the threshold", counted(10, tolerance=HALF), (F,) * 4 + (P,) * 10, PASS),
    Case("iterations are checks that succeed", counted(10, tolerance=HALF), (F,) * 4 + (P,) * 9, None, False),
    Case(
        "as many failed checks as the threshold",
        counted(10, tolerance=HALF),
        (F, P) * 4 + (F,),
        FAIL,
        differs="`threshold` is the number of failed checks that rolls back",
    ),
    Case("a single iteration", counted(1), (P,), PASS),
    Case(
        "fewer iterations than the threshold",
        counted(2, tolerance=HALF),
        (F,) * 4 + (P, P),
        PASS,
    ),
    Case("no success makes a failed check forgotten", counted(10, tolerance=HALF), (F, P, P) * 5, FAIL),
    Case("threshold 1", counted(10), (P, P, F), FAIL),
    Case(
        "failures without consecutive_failures",
        counted(10, tolerance={"failures": 4}),
        (F,) * 4 + (P,) * 6,
        PASS,
        differs="a failed check fills no iteration",
    ),
)

# pkg/controller/scheduler_metrics.go: runBuiltinMetricChecks, runMetricChecks;
# pkg/metrics/providers/prometheus.go and prometheus_test.go: RunQuery, where NaN is ErrNoValuesFound;
# scheduler_metrics_test.go: a provider that is not online; docs/gitbook/usage/metrics.md.
METRICS = (
    Case("request-duration at thresholdRange.max", counted(1, max=500), (500,), PASS),
    Case("request-duration above it", counted(1, max=500), (500.1,), FAIL),
    Case("request-success-rate at thresholdRange.min", counted(1, min=99), (99,), PASS),
    Case("request-success-rate below it", counted(1, min=99), (98.9,), FAIL),
    Case("a range of both: inside", counted(2, min=10, max=1000), (10, 1000), PASS),
    Case("a range of both: below", counted(1, min=10, max=1000), (9,), FAIL),
    Case("a range of both: above", counted(1, min=10, max=1000), (1001,), FAIL),
    Case("a range of both: at its lower end", counted(1, min=0, max=50), (0,), PASS),
    Case("a range of both: at its upper end", counted(1, min=0, max=50), (50,), PASS),
    Case(
        "a negative value",
        {"min": 0, "max": 50},
        (-1, -1, -1),
        PROVIDER_ERROR,
        differs="a negative value is below a `min` of 0",
    ),
    Case("a negative value, where the range is", {"min": -5, "max": 50}, (-6, -1, -1), FAIL),
    Case(
        "no values found",
        counted(10),
        (None,) * 10,
        NO_DATA,
        False,
        "no values found, and NaN, is a failed check, and rolls back in the end",
    ),
    Case(
        "NaN",
        counted(10),
        (NAN,) * 10,
        NO_DATA,
        False,
        "no values found, and NaN, is a failed check, and rolls back in the end",
    ),
    Case(
        "a success rate of infinity",
        counted(1, min=99),
        (INF,),
        NO_DATA,
        False,
        "infinity is above every `min`",
    ),
    Case(
        "the query fails",
        counted(10),
        (E,) * 10,
        PROVIDER_ERROR,
        False,
        "a query that fails is a failed check",
    ),
)

# pkg/controller/scheduler_metrics.go: whichever metric fails is a failed check of the canary.
SHARED = "failed checks of all metrics count towards one `threshold`"
