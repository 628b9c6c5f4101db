"""Kayenta: repository spinnaker/spinnaker. How several metrics come to one score."""

from __future__ import annotations

from tests.gates.peers import (
    FAIL,
    INCONCLUSIVE,
    NO_DATA,
    PASS,
    PROVIDER_ERROR,
    Member,
    Together,
    of,
)

HALF = "half of all metrics without data fail the run"
LEFT_OUT = (
    "a metric without data, or with an error, is left out; with `mustHaveData` no data counts as failed"
)
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
    Together(
        "a critical metric is high, and nothing is below a marginal of 0",
        (Member(PASS, 99), Member(FAIL, 1, True)),
        FAIL,
        0,
        "a critical metric that fails makes the score 0, which reaches a marginal of 0",
        scores={"marginal": 0.0},
    ),
    Together("a critical metric passes", (Member(PASS, 1, True), Member(FAIL, 1)), FAIL, 50),
    Together("a metric that only reports is high", (Member(PASS), Member(FAIL, dry_run=True)), PASS, 100),
    Together("the only metric has no data", of((NO_DATA, 1)), NO_DATA, None, HALF),
    Together(
        "a group without data beside one that passes",
        (Member(PASS), Member(PASS), Member(NO_DATA, group="other")),
        NO_DATA,
        None,
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
        "a critical metric with an error",
        (Member(PASS, 99), Member(PROVIDER_ERROR, 1, True)),
        PROVIDER_ERROR,
        99,
        LEFT_OUT,
    ),
    Together(
        "half of them without data, where it does not matter",
        of((PASS, 95), (NO_DATA, 5)),
        PASS,
        95,
        HALF,
    ),
    Together(
        "groups of 40 and 40",
        of((PASS, 40), (PASS, 40)),
        PASS,
        100,
        "weights of groups that add up to less than 100 leave points that nothing earns",
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
