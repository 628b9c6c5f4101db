"""Argo Rollouts: repository argoproj/argo-rollouts."""

from __future__ import annotations

from tests.gates.peers import (
    BETWEEN,
    FAIL,
    INCONCLUSIVE,
    INF,
    LIMIT_OF_ITS_OWN,
    NAN,
    NO_DATA,
    NO_LIMIT,
    PASS,
    PROVIDER_ERROR,
    Case,
    E,
    F,
    Member,
    P,
    Refused,
    Together,
    counted,
)

# analysis/analysis.go: assessMetricStatus, assessMetricFailureInconclusiveOrError and what
# runMeasurements counts; pkg/apis/rollouts/v1alpha1/analysis_types.go: EffectiveCount.
LIMITS = (
    Case("no measurement yet", counted(3), (), NO_DATA, False, "a terminated run counts as success"),
    Case("fewer than count", counted(3), (P, P), None, False, "a terminated run counts as success"),
    Case("count reached", counted(3), (P, P, P), PASS),
    Case("count of one", counted(1), (P,), PASS),
    Case("failureLimit 0 by default", counted(3), (P, F), FAIL),
    Case("failures equal to failureLimit", counted(3, tolerance={"failures": 1}), (P, F, P), PASS),
    Case("a failure that fills the last place", counted(3, tolerance={"failures": 1}), (P, P, F), PASS),
    Case("failures beyond failureLimit", counted(5, tolerance={"failures": 1}), (F, P, F), FAIL),
    Case("a failed metric stays failed", counted(3), (F, P, P, P), FAIL),
    Case("nothing is measured after count", counted(2), (P, P, F), PASS),
    Case("interval without count goes on", counted(), (P, P, P), PASS, False),
    Case("and fails whenever it does", counted(), (P, P, P, P, F), FAIL),
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
    Case("errors fill no place", counted(2), (E, P, E, P), PASS),
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
        "errors beyond the limit, and a success",
        counted(1),
        (E, E, E, E, E, P),
        PASS,
        differs="`consecutiveErrorLimit` exceeded ends the run with Error, which aborts",
    ),
    Case(
        "a failure between errors",
        counted(5, tolerance={"failures": 2, "consecutive_errors": 1}),
        (E, F, E),
        PROVIDER_ERROR,
        False,
        "any other measurement ends a run of errors",
    ),
    Case(
        "a failure after too many inconclusives",
        counted(5, **BETWEEN),
        (0.07, 0.2),
        FAIL,
        differs="the first limit that is exceeded ends the run",
    ),
    Case(
        "inconclusives and count",
        counted(2, **BETWEEN, tolerance={"inconclusives": 1}),
        (0.07, P),
        None,
        False,
        "inconclusive measurements fill `count`",
    ),
    Case(
        "nothing but tolerated failures",
        counted(2, tolerance={"failures": 2}),
        (F, F),
        INCONCLUSIVE,
        differs="`count` reached within `failureLimit` succeeds, even if nothing succeeded",
    ),
    Case(
        "neither count nor interval",
        {},
        (P,),
        NO_DATA,
        differs="without `count` and `interval` there is one measurement",
    ),
)

# utils/evaluate/evaluate.go: EvaluateResult; docs/features/analysis.md: "Inconclusive Runs", "Delay Analysis
# Runs", "Handling Metric Results".
RESULTS = (
    Case("a success condition alone fails what it does not meet", counted(1), (0.051,), FAIL),
    Case("both conditions: beyond both", counted(1, **BETWEEN), (0.11,), FAIL),
    Case("both conditions: neither is met", counted(1, **BETWEEN), (0.07,), INCONCLUSIVE),
    Case("both conditions: at the failure limit", counted(1, **BETWEEN), (0.1,), INCONCLUSIVE),
    Case("both conditions: at the success limit", counted(1, **BETWEEN), (0.05,), PASS),
    Case("success from below: at the limit", counted(1, min=0.9, pass_min=0.95), (0.95,), PASS),
    Case("success from below: between", counted(1, min=0.9, pass_min=0.95), (0.9,), INCONCLUSIVE),
    Case("success from below: beyond", counted(1, min=0.9, pass_min=0.95), (0.89,), FAIL),
    Case("result < 0.05 at 0.05", counted(1), (0.05,), PASS, differs=LIMIT_OF_ITS_OWN),
    Case("initialDelay", counted(2, initial_delay="2m"), (F, F, P, P), PASS),
    Case("a failure after initialDelay", counted(2, initial_delay="2m"), (P, P, F), FAIL),
    Case(
        "NaN, which result >= 0.95 fails",
        counted(1, min=0.95),
        (NAN,),
        NO_DATA,
        False,
        "NaN and infinity are what the condition makes of them",
    ),
    Case(
        "infinity, which result >= 0.95 passes",
        counted(1, min=0.95),
        (INF,),
        NO_DATA,
        False,
        "NaN and infinity are what the condition makes of them",
    ),
    Case(
        "an empty result, which default(result, 0) passes",
        counted(1),
        (None,),
        NO_DATA,
        False,
        "an empty result passes where the condition says so",
    ),
)

# Issue 3969 and pull request 3970 of argoproj/argo-rollouts, in 1.8.
CONSECUTIVE = (
    Case("reached", counted(consecutive_passes=3, tolerance={"failures": 9}), (P, F, P, P, P), PASS),
    Case("broken", counted(consecutive_passes=3, tolerance={"failures": 9}), (P, P, F, P, P), None, False),
    Case(
        "failureLimit beside it", counted(consecutive_passes=3, tolerance={"failures": 1}), (P, F, P, F), FAIL
    ),
    Case(
        "not met in count",
        counted(5, consecutive_passes=3, tolerance={"failures": 5}),
        (P, P, F, P, P),
        INCONCLUSIVE,
    ),
)

DRY = (Member(FAIL, group="", dry_run=True),)
# analysis/analysis.go: assessRunStatus and dryRunMetricsMap; docs/features/analysis.md: "Dry-Run Mode".
RUNS = (
    Together("the worst metric counts", (Member(PASS, group=""), Member(FAIL, group="")), FAIL, None),
    Together(
        "an inconclusive one", (Member(PASS, group=""), Member(INCONCLUSIVE, group="")), INCONCLUSIVE, None
    ),
    Together("a dry run that fails", (Member(PASS, group=""), *DRY), PASS, None),
    Together("nothing but dry runs", DRY, NO_DATA, None, "a run of nothing but dry runs succeeds"),
)

REFUSED = (
    Refused("no condition", NO_LIMIT, "at least one limit", "without conditions a measurement succeeds"),
)
