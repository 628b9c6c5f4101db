"""Kayenta: repository spinnaker/spinnaker, and the documentation of spinnaker.io. A metric by itself."""

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
FAR = "a value that is far out counts towards the number of values"
NOISE = "two different constants get noise, and chance decides"
ZEROS = "`nanStrategy: replace` puts zeros where nothing was measured"
QUARTER = "the interval of a difference at 98 % must begin beyond a quarter of its estimate"

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
        NO_DATA,
        differs=FAR,
        live=(1,) * 5,
    ),
    Case("tied and equal", EITHER, (0.0, 1.0) * 25, PASS, live=(1.0, 0.0) * 25),
    Case("example A: errors where live has none", UP, (0.0, 1.0, 2.0) * 16, FAIL, live=(0.0,) * 48),
    Case("example B: no errors anywhere", UP, (NAN,) * 50, NO_DATA, differs=ZEROS, live=(NAN,) * 50),
    Case("example D: 60 % more latency", UP, tuple(1.6 * each for each in STEADY), FAIL, live=STEADY),
    Case("NaN is removed", UP, (*STEADY, NAN, NAN), PASS, live=(NAN, *STEADY)),
    Case("an outlier", UP, (*STEADY[:49], 1e9), PASS, live=STEADY),
    Case(
        "low, and nothing is said of a direction",
        against(),
        BETTER,
        PASS,
        differs="without `direction` a difference to either side counts",
        live=STEADY,
    ),
    Case(
        "ten values",
        UP,
        WORSE[:10],
        NO_DATA,
        differs="any number of values is compared",
        live=STEADY[:10],
    ),
    Case(
        "negative values",
        CLES,
        tuple(-each for each in STEADY),
        PROVIDER_ERROR,
        differs="negative values are ranked like all others",
        live=tuple(-each for each in WORSE),
    ),
    Case("no data of the candidate", UP, (), NO_DATA, live=STEADY),
    Case("no data of live", UP, STEADY, NO_DATA, live=()),
    Case("no data of either", UP, (), NO_DATA, live=()),
    Case(
        "certain at 95 %",
        against(min_samples=10),
        tuple(range(4, 14)),
        FAIL,
        differs=QUARTER,
        live=tuple(range(1, 11)),
    ),
    Case(
        "certain at 99.7 %, of an estimate between 1 and 13",
        against(confidence="99%"),
        tuple(range(7, 37)),
        FAIL,
        differs=QUARTER,
        live=tuple(range(30)),
    ),
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
    Case("one large value among equal ones", FIVE, (1, 1, 1, 1, 10), NO_DATA, differs=FAR, live=(1,) * 5),
    Case("the same with enough equal ones", FIVE, (1, 1, 1, 1, 10, 1), PASS, live=(1,) * 5),
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
