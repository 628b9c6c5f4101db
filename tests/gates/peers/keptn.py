"""Keptn: repositories keptn/keptn and keptn/lifecycle-toolkit."""

from __future__ import annotations

from tests.gates.peers import (
    FAIL,
    INCONCLUSIVE,
    LIMIT_OF_ITS_OWN,
    NAN,
    NO_DATA,
    NO_LIMIT,
    PASS,
    PROVIDER_ERROR,
    Case,
    E,
    Member,
    Refused,
    Together,
    of,
)

# keptn/keptn, lighthouse-service/event_handler/evaluate_sli_handler.go and evaluate_sli_handler_test.go:
# evaluateObjectives, evaluateValue, evaluateComparison, aggregateValues; keptn/lifecycle-toolkit,
# metrics-operator/controllers/common/analysis: objective_evaluator, operator_evaluator and target_evaluator
# with their tests.
ONE = {"min_samples": 1}
EQUAL = {**ONE, "min": 10, "max": 10}
TARGET = {**ONE, "min": 15, "pass_min": 20}
TEN_MORE = {**ONE, "max_over_baseline": 1.1}
CRITERIA = (
    Case("<600 passes", {**ONE, "max": 800, "pass_max": 600}, (550,), PASS),
    Case("<600 at 600", {**ONE, "max": 800, "pass_max": 600}, (600,), PASS, differs=LIMIT_OF_ITS_OWN),
    Case("between pass and warning", {**ONE, "max": 800, "pass_max": 600}, (700,), INCONCLUSIVE),
    Case("beyond warning", {**ONE, "max": 800, "pass_max": 600}, (801,), FAIL),
    Case("pass without warning", {**ONE, "max": 600}, (601,), FAIL),
    Case(">10 above it", {**ONE, "min": 10}, (10.1,), PASS),
    Case(">=10 at 10", {**ONE, "min": 10}, (10,), PASS),
    Case(">10 at 10", {**ONE, "min": 10}, (10,), PASS, differs=LIMIT_OF_ITS_OWN),
    Case("=10 at 10", EQUAL, (10,), PASS),
    Case("=10 above it", EQUAL, (10.1,), FAIL),
    Case("=10 below it", EQUAL, (9.9,), FAIL),
    Case("warning at its own limit", {**ONE, "max": 20, "pass_max": 15}, (20,), INCONCLUSIVE),
    Case("a target fails", TARGET, (10,), FAIL),
    Case("a target at its failure", TARGET, (15,), INCONCLUSIVE),
    Case("a target warns", TARGET, (17,), INCONCLUSIVE),
    Case("a target at its warning", TARGET, (20,), PASS),
    Case("a target passes", TARGET, (27,), PASS),
    Case("a target of a failure alone", {**ONE, "min": 15}, (17,), PASS),
    Case("two criteria are both needed", {**ONE, "min": 10, "max": 600}, (9,), FAIL),
    Case("<=+10% at it", TEN_MORE, (110.0,), PASS, baseline=(100.0,)),
    Case("<=+10% beyond it", TEN_MORE, (110.1,), FAIL, baseline=(100.0,)),
    Case("<=+0% at it", {**ONE, "max_over_baseline": 1}, (10.0,), PASS, baseline=(10.0, 10.0)),
    Case(
        "<+0% at it",
        {**ONE, "max_over_baseline": 1},
        (10.0,),
        PASS,
        differs=LIMIT_OF_ITS_OWN,
        baseline=(10.0, 10.0),
    ),
    Case("the average of several results", TEN_MORE, (121.0,), PASS, baseline=(100.0, 120.0, 110.0)),
    Case("beyond the average of several results", TEN_MORE, (121.1,), FAIL, baseline=(100.0, 120.0, 110.0)),
    Case(
        "results that failed to be fetched are left out", TEN_MORE, (110.1,), FAIL, baseline=(E, 100.0, NAN)
    ),
    Case(
        "a first evaluation",
        TEN_MORE,
        (1.0,),
        INCONCLUSIVE,
        differs="a first evaluation has nothing to compare with and passes",
    ),
    Case(
        "none of the results before was fetched",
        TEN_MORE,
        (1.0,),
        INCONCLUSIVE,
        baseline=(E,),
        differs="a first evaluation has nothing to compare with and passes",
    ),
)

# The same files: calculateScore; analysis_evaluator_test.go and types/types_test.go of the metrics-operator.
LOWER = {"passing": 90.0, "marginal": 75.0}
HALF = {"passing": 80.0, "marginal": 50.0}
EMPTY = "without objectives that have criteria, or a file of them, it passes"
NOT_FETCHED = "an SLI that cannot be fetched scores 0"
KEPT = "a key SLI that fails leaves the score as it is"
SCORES = (
    Together("a warning counts half", of((PASS, 1), (INCONCLUSIVE, 1)), INCONCLUSIVE, 75),
    Together("90% passes", of((PASS, 9), (FAIL, 1)), PASS, 90, scores=LOWER),
    Together("a warning instead of a failure", of((PASS, 8), (INCONCLUSIVE, 2)), PASS, 90, scores=LOWER),
    Together("75% warns", of((PASS, 3), (FAIL, 1)), INCONCLUSIVE, 75, scores=LOWER),
    Together("less fails", of((PASS, 2), (INCONCLUSIVE, 1), (FAIL, 1)), FAIL, 62.5, scores=LOWER),
    Together("just above the warning", of((PASS, 75.3), (FAIL, 24.7)), INCONCLUSIVE, 75.3, scores=LOWER),
    Together("just below the warning", of((PASS, 74), (FAIL, 26)), FAIL, 74, scores=LOWER),
    Together("at a warning of 50%", of((INCONCLUSIVE, 10)), INCONCLUSIVE, 50, scores=HALF),
    Together("half, below a warning of 60%", of((PASS, 3), (FAIL, 3)), FAIL, 50, scores={"marginal": 60.0}),
    Together("half, at a warning of 50%", of((PASS, 3), (FAIL, 3)), INCONCLUSIVE, 50, scores=HALF),
    Together(
        "half, above a pass of 40%",
        of((PASS, 3), (FAIL, 3)),
        PASS,
        50,
        scores={"passing": 40.0, "marginal": 30.0},
    ),
    Together(
        "nothing but warnings, above a pass of 40%",
        of((INCONCLUSIVE, 1), (INCONCLUSIVE, 1)),
        INCONCLUSIVE,
        50,
        "warnings alone may reach the score that passes",
        scores={"passing": 40.0, "marginal": 30.0},
    ),
    Together("weights are added up", of((PASS, 10), (PASS, 10)), PASS, 100, scores=HALF),
    Together("an SLI that informs does not count", (Member(PASS), Member(FAIL, dry_run=True)), PASS, 100),
    Together("nothing but SLIs that inform", (Member(PASS, dry_run=True),) * 2, NO_DATA, None, EMPTY),
    Together("the only SLI cannot be fetched", of((PROVIDER_ERROR, 1)), PROVIDER_ERROR, None, NOT_FETCHED),
    Together(
        "a key SLI fails, and the score would pass",
        (Member(PASS, 10), Member(FAIL, 1, True)),
        FAIL,
        0,
        KEPT,
        scores=HALF,
    ),
    Together("a key SLI fails", (Member(PASS, 99), Member(FAIL, 1, True)), FAIL, 0, KEPT),
    Together(
        "a key SLI that cannot be fetched",
        (Member(PASS, 99), Member(PROVIDER_ERROR, 1, True)),
        PROVIDER_ERROR,
        99,
        "in the lighthouse a key SLI that cannot be fetched fails the evaluation",
    ),
    Together(
        "a key SLI warns",
        (Member(PASS, 99), Member(INCONCLUSIVE, 1, True)),
        INCONCLUSIVE,
        99.5,
        "a key SLI may warn, and the evaluation passes",
    ),
    Together(
        "an SLI cannot be fetched",
        of((PASS, 7), (PROVIDER_ERROR, 3)),
        PROVIDER_ERROR,
        70,
        NOT_FETCHED,
    ),
    Together("it would not matter", of((PASS, 19), (PROVIDER_ERROR, 1)), PASS, 95),
    Together(
        "a key objective without a value",
        (Member(PASS, 9), Member(PROVIDER_ERROR, 1, True)),
        PROVIDER_ERROR,
        90,
        "in the metrics operator a key objective without a value fails the analysis",
        scores=HALF,
    ),
    Together(
        "a key SLI that nobody measured",
        (Member(PASS, 99), Member(NO_DATA, 1, True)),
        NO_DATA,
        99,
        "in the lighthouse a key SLI without any value does not fail the evaluation",
    ),
)

REFUSED = (
    Refused("no criteria", {"gates": [NO_LIMIT]}, "at least one limit", "an SLI without criteria informs"),
    Refused(
        "no objectives",
        {"gates": []},
        "at least 1 entry",
        EMPTY,
    ),
)
