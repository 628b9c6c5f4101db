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

# keptn/keptn, lighthouse-service/event_handler/evaluate_sli_handler.go: evaluateObjectives, evaluateValue,
# evaluateComparison; keptn/lifecycle-toolkit, controllers/common/analysis/objective_evaluator.go.
ONE = {"min_samples": 1}
TEN_MORE = {**ONE, "max_over_baseline": 1.1}
CRITERIA = (
    Case("<600 passes", {**ONE, "max": 800, "pass_max": 600}, (550,), PASS),
    Case("<600 at 600", {**ONE, "max": 800, "pass_max": 600}, (600,), PASS, differs=LIMIT_OF_ITS_OWN),
    Case("between pass and warning", {**ONE, "max": 800, "pass_max": 600}, (700,), INCONCLUSIVE),
    Case("beyond warning", {**ONE, "max": 800, "pass_max": 600}, (801,), FAIL),
    Case("pass without warning", {**ONE, "max": 600}, (601,), FAIL),
    Case("two criteria are both needed", {**ONE, "min": 10, "max": 600}, (9,), FAIL),
    Case("<=+10% at it", TEN_MORE, (110.0,), PASS, baseline=(100.0,)),
    Case("<=+10% beyond it", TEN_MORE, (110.1,), FAIL, baseline=(100.0,)),
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

# The same file: calculateScore.
LOWER = {"passing": 90.0, "marginal": 75.0}
SCORES = (
    Together("a warning counts half", of((PASS, 1), (INCONCLUSIVE, 1)), INCONCLUSIVE, 75),
    Together("90% passes", of((PASS, 9), (FAIL, 1)), PASS, 90, scores=LOWER),
    Together("a warning instead of a failure", of((PASS, 8), (INCONCLUSIVE, 2)), PASS, 90, scores=LOWER),
    Together("75% warns", of((PASS, 3), (FAIL, 1)), INCONCLUSIVE, 75, scores=LOWER),
    Together("less fails", of((PASS, 2), (INCONCLUSIVE, 1), (FAIL, 1)), FAIL, 62.5, scores=LOWER),
    Together("a key SLI fails", (Member(PASS, 99), Member(FAIL, 1, True)), FAIL, 0),
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
        "an SLI that cannot be fetched scores 0",
    ),
    Together("it would not matter", of((PASS, 19), (PROVIDER_ERROR, 1)), PASS, 95),
    Together(
        "a key SLI that nobody measured",
        (Member(PASS, 99), Member(NO_DATA, 1, True)),
        NO_DATA,
        99,
        "a key SLI without any value does not fail the evaluation",
    ),
)

REFUSED = (
    Refused("no criteria", {"gates": [NO_LIMIT]}, "at least one limit", "an SLI without criteria informs"),
    Refused(
        "no objectives",
        {"gates": []},
        "at least 1 entries",
        "without objectives, or a file of them, it passes",
    ),
)
