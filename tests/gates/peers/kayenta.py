"""Kayenta: repository spinnaker/spinnaker, and the documentation of spinnaker.io."""

from __future__ import annotations

from typing import Any

from tests.gates.peers import (
    FAIL,
    INCONCLUSIVE,
    NAN,
    NO_DATA,
    PASS,
    PROVIDER_ERROR,
    Case,
    Member,
    Together,
    of,
)


def against(**rule: Any) -> dict[str, Any]:
    """A comparison with live over an hour."""
    return {"window": "1h", "compare": rule}


STEADY = tuple(100.0 + n % 7 for n in range(50))
WORSE = tuple(150.0 + n % 7 for n in range(50))
BETTER = tuple(50.0 + n % 7 for n in range(50))
UP, DOWN, EITHER = against(direction="increase"), against(direction="decrease"), against(direction="either")
FEW = against(min_samples=5)
FIVE = against(min_samples=5, direction="either")
CLES = against(direction="either", confidence="98%", effect_max=0.6)
# Minutes with errors are few: every third on one side, every twelfth on the other.
OFTEN = tuple(0.02 * (n % 3 == 0) for n in range(60))
SELDOM = tuple(0.02 * (n % 12 == 0) for n in range(60))
HIGH = (54.0, 55.0, 56.0, 57.0, 58.0)
RATIO = "effect size is a ratio of means, unless `cles` is asked for"
NOISE = "two different constants get noise, and chance decides"
ZEROS = "`nanStrategy: replace` puts zeros where nothing was measured"

# kayenta/kayenta-judge: MannWhitneyClassifier.scala, MeanInequalityClassifier.scala, EffectSizes.scala,
# ClassifierSuite.scala, StatisticSuite.scala, TransformSuite.scala; spinnaker.io, "How canary judgment works"
# (worked examples A to D).
METRICS = (
    Case("equal", UP, STEADY, PASS, live=STEADY),
    Case("the same in another order", EITHER, STEADY[::-1], PASS, live=STEADY),
    Case("high, and high is bad", UP, WORSE, FAIL, live=STEADY),
    Case("high, and either is bad", EITHER, WORSE, FAIL, live=STEADY),
    Case("high, and low is bad", DOWN, WORSE, PASS, live=STEADY),
    Case("low, and low is bad", DOWN, BETTER, FAIL, live=STEADY),
    Case("low, and either is bad", EITHER, BETTER, FAIL, live=STEADY),
    Case("low, and high is bad", UP, BETTER, PASS, live=STEADY),
    Case("constant and equal", EITHER, (0.0,) * 50, PASS, live=(0.0,) * 40),
    Case(
        "constant and equal, few",
        against(min_samples=5, direction="decrease"),
        (1.0,) * 6,
        PASS,
        live=(1.0,) * 5,
    ),
    Case("two constants", UP, (7.0,) * 50, FAIL, differs=NOISE, live=(5.0,) * 50),
    Case("two constants, the other way", UP, (5.0,) * 50, PASS, differs=NOISE, live=(7.0,) * 50),
    Case(
        "one zero among equal ones",
        against(direction="decrease", min_samples=5),
        (0, 1, 1, 1, 1),
        PASS,
        live=(1,) * 5,
    ),
    Case("tied and equal", EITHER, (0.0, 1.0) * 25, PASS, live=(1.0, 0.0) * 25),
    Case("example A: errors where live has none", UP, (0.0, 1.0, 2.0) * 16, FAIL, live=(0.0,) * 48),
    Case("example B: no errors anywhere", UP, (NAN,) * 50, NO_DATA, differs=ZEROS, live=(NAN,) * 50),
    Case("example D: 60 % more latency", UP, tuple(1.6 * each for each in STEADY), FAIL, live=STEADY),
    Case("NaN is removed", UP, (*STEADY, NAN, NAN), PASS, live=(NAN, *STEADY)),
    Case("an outlier", UP, (*STEADY[:49], 1e9), PASS, live=STEADY),
    Case("no data of the candidate", UP, (), NO_DATA, live=STEADY),
    Case("no data of live", UP, STEADY, NO_DATA, live=()),
    Case("no data of either", UP, (), NO_DATA, live=()),
    Case("certain at 95 %", against(min_samples=10), tuple(range(4, 14)), FAIL, live=tuple(range(1, 11))),
    Case(
        "not certain at 98 %",
        against(min_samples=10, confidence="98%"),
        tuple(range(4, 14)),
        INCONCLUSIVE,
        differs="a difference that is large and not certain passes",
        live=tuple(range(1, 11)),
    ),
    Case(
        "example C: large, and not certain",
        FEW,
        (1.0, 3.0, 5.0, 7.0, 9.0),
        INCONCLUSIVE,
        differs="a difference that is large and not certain passes",
        live=(0.0, 1.5, 2.5, 4.0, 6.5),
    ),
    Case(
        "certain, and below allowedIncrease",
        against(effect_max=0.6),
        tuple(each + 2 for each in STEADY),
        INCONCLUSIVE,
        differs="a difference that is certain and below `allowedIncrease` passes",
        live=STEADY,
    ),
    Case(
        "5 % more with an allowedIncrease of 1.1",
        UP,
        tuple(1.05 * each for each in STEADY),
        FAIL,
        differs=RATIO,
        live=STEADY,
    ),
    Case(
        "a third less with an allowedDecrease of 0.5",
        EITHER,
        tuple(0.67 * each for each in STEADY),
        FAIL,
        differs=RATIO,
        live=STEADY,
    ),
    Case(
        "mean ratio: ten times as much in five samples",
        FIVE,
        (20, 22, 21, 25, 30),
        FAIL,
        live=(1, 2, 1, 3, 3),
    ),
    Case("cles: high beyond 0.8", CLES, WORSE, FAIL, live=STEADY),
    Case("cles: low beyond 0.2", CLES, BETTER, FAIL, live=STEADY),
    Case("cles: neither", CLES, STEADY[::-1], PASS, live=STEADY),
    Case(
        "cles: at 0.75",
        against(effect_max=0.5),
        (0.0,) * 10 + (1.0,) * 10,
        INCONCLUSIVE,
        differs="an effect of exactly `allowedIncrease` fails",
        live=(0.0,) * 20,
    ),
    Case("cles: beyond 0.745", against(effect_max=0.49), (0.0,) * 10 + (1.0,) * 10, FAIL, live=(0.0,) * 20),
    Case(
        "errors in four times as many minutes, without allowedIncrease",
        UP,
        OFTEN,
        INCONCLUSIVE,
        differs="without `allowedIncrease` every certain difference fails",
        live=SELDOM,
    ),
    Case("the same, where less is tolerated", against(effect_max=0.2), OFTEN, FAIL, live=SELDOM),
    Case("the same, where low is bad", DOWN, OFTEN, PASS, live=SELDOM),
    Case("one large value among equal ones", FIVE, (1, 1, 1, 1, 10), PASS, live=(1,) * 5),
    Case("five of two constants", FIVE, (10,) * 5, FAIL, differs=NOISE, live=(1,) * 5),
    Case("a constant where live has nothing but zeros", FIVE, (10,) * 5, FAIL, live=(0,) * 5),
    Case("zero mean of live: high", FIVE, HIGH, FAIL, live=(0,) * 5),
    Case("zero mean of the candidate: low", FIVE, (0,) * 5, FAIL, live=HIGH),
    Case("zero mean of the candidate, and high is bad", FEW, (0,) * 5, PASS, live=HIGH),
    Case("zero mean of both", FIVE, (0,) * 5, PASS, live=(0,) * 5),
    Case("no data of the candidate, replaced", DOWN, (), NO_DATA, differs=ZEROS, live=STEADY),
    Case("NaN between numbers, replaced", DOWN, (*STEADY, NAN), PASS, live=STEADY),
    Case("nothing but NaN", UP, (NAN,) * 50, NO_DATA, live=STEADY),
    Case("mean inequality: high", {"max_over_live": 1}, (10, 20, 30, 40, 50), FAIL, live=(1, 2, 3, 4, 5)),
    Case("mean inequality: low", {"max_over_live": 1}, (1, 2, 3, 4, 5), PASS, live=(10, 20, 30, 40, 50)),
    Case("mean inequality: equal", {"max_over_live": 1}, (1, 2, 3, 4, 5), PASS, live=(5, 4, 3, 2, 1)),
)


HALF = "half of all metrics without data fail the run"
LEFT_OUT = "a metric without data is left out, or counts as failed with `mustHaveData`"
ALL_WELL = "a group without data, or of nothing but errors, has 100 points"
# WeightedSumScorer.scala, ScoringHelper.scala, ThresholdScoreClassifier.scala (both thresholds inclusive),
# ScorerSuite.scala.
SCORES = (
    Together("one metric passes", of((PASS, 1)), PASS, 100),
    Together("one metric is high", of((FAIL, 1)), FAIL, 0),
    Together("one of two", of((PASS, 1), (FAIL, 1)), FAIL, 50),
    Together("one of three", of((PASS, 1), (FAIL, 1), (FAIL, 1)), FAIL, 33.333333333),
    Together("groups of 75 and 25", of((PASS, 37.5), (PASS, 37.5), (FAIL, 25)), INCONCLUSIVE, 75),
    Together("groups of 15 and 85", of((FAIL, 5), (FAIL, 5), (PASS, 5), (FAIL, 85)), FAIL, 5),
    Together("groups of 50 and 50", of((PASS, 25), (FAIL, 25), (FAIL, 50)), FAIL, 25),
    Together(
        "groups of 50 and 50, one without data", of((PASS, 25), (NO_DATA, 25), (FAIL, 50)), FAIL, 25, LEFT_OUT
    ),
    Together("at the pass threshold", of((PASS, 95), (FAIL, 5)), PASS, 95),
    Together("below it", of((PASS, 94), (FAIL, 6)), INCONCLUSIVE, 94),
    Together(
        "just below it",
        of((PASS, 94.996), (FAIL, 5.004)),
        INCONCLUSIVE,
        94.996,
        "the score is rounded to two decimals before it is judged",
    ),
    Together("at the marginal threshold", of((PASS, 75), (FAIL, 25)), INCONCLUSIVE, 75),
    Together("below the marginal threshold", of((PASS, 74), (FAIL, 26)), FAIL, 74),
    Together(
        "other thresholds", of((PASS, 90), (FAIL, 10)), PASS, 90, scores={"passing": 90, "marginal": 50}
    ),
    Together("a critical metric is high", (Member(PASS, 99), Member(FAIL, 1, True)), FAIL, 0),
    Together("a critical metric passes", (Member(PASS, 1, True), Member(FAIL, 1)), FAIL, 50),
    Together("a metric that only reports is high", (Member(PASS), Member(FAIL, dry_run=True)), PASS, 100),
    Together("the only metric has no data", of((NO_DATA, 1)), NO_DATA, None, HALF),
    Together(
        "a group without data beside one that passes",
        (Member(PASS), Member(PASS), Member(NO_DATA, group="other")),
        NO_DATA,
        100,
        ALL_WELL,
    ),
    Together(
        "one of ten without data",
        of((PASS, 9), (NO_DATA, 1)),
        NO_DATA,
        90,
        LEFT_OUT,
    ),
    Together(
        "half without data",
        of((PASS, 1), (NO_DATA, 1)),
        NO_DATA,
        50,
        HALF,
    ),
    Together(
        "nothing but errors",
        of((PROVIDER_ERROR, 1), (PROVIDER_ERROR, 1)),
        PROVIDER_ERROR,
        None,
        ALL_WELL,
    ),
    Together(
        "a critical metric without data",
        (Member(PASS, 99), Member(NO_DATA, 1, True)),
        NO_DATA,
        99,
        "a critical metric without data fails the run",
    ),
    Together(
        "two groups",
        (Member(PASS, 95), Member(FAIL, 5, group="other")),
        FAIL,
        0,
        "all groups make up one score",
    ),
)
