"""Argo Rollouts: how a run ends with several metrics or a run of successes, and what is no metric."""

from __future__ import annotations

from tests.gates.peers import (
    BETWEEN,
    FAIL,
    INCONCLUSIVE,
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
    gate,
)

# Issue 3969 and pull requests 3970 and 3996 of argoproj/argo-rollouts, in 1.8: so many measurements in a row
# succeed, with failureLimit and without; `failureLimit: -1` is a limit that nothing reaches.
ANY = {"failures": 1000}
CONSECUTIVE = (
    Case("reached", counted(consecutive_passes=3, tolerance={"failures": 9}), (P, F, P, P, P), PASS),
    Case("broken", counted(consecutive_passes=3, tolerance={"failures": 9}), (P, P, F, P, P), None, False),
    Case("one too few", counted(consecutive_passes=3), (P, P), None, False),
    Case("failureLimit 0 beside it", counted(consecutive_passes=3), (P, P, F), FAIL),
    Case(
        "failureLimit beside it", counted(consecutive_passes=3, tolerance={"failures": 1}), (P, F, P, F), FAIL
    ),
    Case(
        "as many failures as failureLimit",
        counted(consecutive_passes=2, tolerance={"failures": 2}),
        (F, F, P, P),
        PASS,
    ),
    Case("without failureLimit", counted(consecutive_passes=3, tolerance=ANY), (F,) * 20 + (P,) * 3, PASS),
    Case("and still waiting", counted(consecutive_passes=3, tolerance=ANY), (F,) * 20, None, False),
    Case(
        "an inconclusive breaks it",
        counted(0, consecutive_passes=2, **BETWEEN, tolerance={"inconclusives": 1}),
        (P, 0.07, P),
        None,
        False,
    ),
    Case("an error breaks it", counted(consecutive_passes=3), (P, P, E, P), None, False),
    Case("and three after it reach it", counted(consecutive_passes=3), (P, P, E, P, P, P), PASS),
    Case("nothing is measured after it", counted(consecutive_passes=2), (P, P, F), PASS),
    Case(
        "met with the last of count",
        counted(5, consecutive_passes=3, tolerance={"failures": 5}),
        (F, F, P, P, P),
        PASS,
    ),
    Case(
        "not met in count",
        counted(5, consecutive_passes=3, tolerance={"failures": 5}),
        (P, P, F, P, P),
        INCONCLUSIVE,
    ),
    Case(
        "not met in count, and met after it",
        counted(5, consecutive_passes=3, tolerance={"failures": 5}),
        (P, P, F, P, P, P),
        INCONCLUSIVE,
    ),
    Case(
        "inconclusives fill count beside it",
        counted(3, consecutive_passes=3, **BETWEEN, tolerance={"inconclusives": 3}),
        (0.07, P, P, P),
        INCONCLUSIVE,
    ),
)

DRY = (Member(FAIL, group="", dry_run=True),)
# analysis/analysis.go and analysis_test.go: assessRunStatus and dryRunMetricsMap; utils/analysis/helpers.go
# and helpers_test.go: IsWorse; docs/features/analysis.md: "Dry-Run Mode".
RUNS = (
    Together("the worst metric counts", (Member(PASS, group=""), Member(FAIL, group="")), FAIL, None),
    Together(
        "an inconclusive one", (Member(PASS, group=""), Member(INCONCLUSIVE, group="")), INCONCLUSIVE, None
    ),
    Together(
        "an error is worse than a success",
        (Member(PROVIDER_ERROR, group=""), Member(PASS, group="")),
        PROVIDER_ERROR,
        None,
    ),
    Together(
        "an error is worse than an inconclusive",
        (Member(INCONCLUSIVE, group=""), Member(PROVIDER_ERROR, group="")),
        PROVIDER_ERROR,
        None,
    ),
    Together(
        "a failure is worse than an error",
        (Member(FAIL, group=""), Member(PROVIDER_ERROR, group="")),
        FAIL,
        None,
    ),
    Together(
        "a failure is worse than an inconclusive",
        (Member(INCONCLUSIVE, group=""), Member(FAIL, group="")),
        FAIL,
        None,
    ),
    Together("a dry run that fails", (Member(PASS, group=""), *DRY), PASS, None),
    Together(
        "a dry run that fails beside an inconclusive one",
        (Member(INCONCLUSIVE, group=""), *DRY),
        INCONCLUSIVE,
        None,
    ),
    Together("nothing but dry runs", DRY, NO_DATA, None, "a run of nothing but dry runs succeeds"),
)

# utils/analysis/helpers.go: IsTerminating; analysis/analysis.go: assessRunStatus, where everything has to be
# completed, dry runs as well.
SIBLINGS = "a metric that is inconclusive, or an error, ends the others"
WAITS = "a run is over once its dry runs are"

# utils/analysis/factory.go and factory_test.go: ValidateMetrics; the last two are accepted there.
ANY_NUMBER = "a `failureLimit` of -1 lets any number fail"
# utils/analysis/factory_test.go: TestValidateMetrics, "Ensure failureLimit >= -1".
REFUSED = (
    Refused("no metrics", {"gates": []}, "at least 1 entry"),
    Refused("the same name twice", {"gates": [gate() | {"name": "a"}] * 2}, "no other gate has"),
    Refused("failureLimit above count", gate(**counted(1, tolerance={"failures": 2})), "at most count"),
    Refused("a negative failureLimit", gate(**counted(tolerance={"failures": -2})), "at least 0"),
    Refused("no failureLimit at all", gate(**counted(tolerance={"failures": -1})), "at least 0", ANY_NUMBER),
    Refused("a negative inconclusiveLimit", gate(**counted(tolerance={"inconclusives": -1})), "at least 0"),
    Refused(
        "a negative consecutiveErrorLimit",
        gate(**counted(tolerance={"consecutive_errors": -1})),
        "at least 0",
    ),
    Refused("an interval of nonsense", gate(interval="60s-typo"), "interval: got .*expected a duration"),
    Refused(
        "an initialDelay of nonsense", gate(initial_delay="60s-typo"), "delay: got .*expected a duration"
    ),
    Refused("no condition", NO_LIMIT, "at least one limit", "without conditions a measurement succeeds"),
    Refused(
        "a value that meets both conditions",
        gate(max=0.05, pass_max=0.1),
        "at most max",
        "a value may meet both conditions, and fails",
    ),
)
