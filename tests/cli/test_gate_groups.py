"""What the gates of a group are told to come to together, by `switchyard gates judge`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.test_gates import GATE, at, values

SURE = {"name": "sure", "source": "http", "path": "/healthz", "max": 0.05, "group": "users", "weight": 18}
BURNS = {"objective": "90%", "burns": [{"rate": 5, "long": "10m", "short": "2m"}]}
SLO = {"slo": BURNS, "window": "10m"}
BETWEEN = {"max": 0.1, "pass_max": 0.05}
TOLERANT = {**BETWEEN, "breaches_max": 1}
COUNTING = {**BETWEEN, "count": 2}
IN_A_ROW = {**BETWEEN, "count": 3, "consecutive_passes": 3, "tolerance": {"inconclusives": 1}}
MOMENT = [{"at": at(0), "value": 0.06}]


def test_gates_of_a_group_have_one_score(judged: Any) -> None:
    gates = [
        {**GATE, "name": name, "count": 1, "group": "users", "weight": weight}
        for name, weight in (("a", 95), ("b", 5))
    ]
    ran = judged({"gates": gates}, {"a": values(0), "b": values(1)}, "-o", "json")
    assert (ran.code, ran.json["verdict"], ran.json["score"]) == (0, "pass", 95)
    assert ran.json["gates"]["b"]["verdict"] == "fail"


def test_a_group_without_evidence_leaves_all_of_them_without_a_score(judged: Any) -> None:
    gates = [{**SURE, "name": name, "group": name, "min_samples": 1} for name in ("a", "b")]
    well = judged({"gates": gates}, {"a": values(0), "b": values(0)}, "-o", "json").json
    silent = judged({"gates": gates}, {"a": values(0), "b": values(None)}, "-o", "json").json
    assert (well["verdict"], well["score"]) == ("pass", 100)
    assert (silent["verdict"], silent["score"]) == ("no_data", None)


def together(judged: Any, rules: dict[str, Any], samples: object) -> tuple[str, float, str]:
    """The group of a gate that passes, of nine tenths of the weight, and of one with these rules."""
    unsure = {**SURE, "max": None, "min_samples": 1, **rules, "name": "unsure", "weight": 2}
    unsure = {key: value for key, value in unsure.items() if value is not None}
    ran = judged({"gates": [SURE, unsure]}, {"sure": values(0, 0, 0), "unsure": samples}, "-o", "json")
    return ran.json["verdict"], ran.json["score"], ran.json["gates"]["unsure"]["verdict"]


@pytest.mark.parametrize(
    ("rules", "before", "bad"),
    [
        # It may burn, where nothing was known of it.
        (SLO, (0,), (1, 1)),
        (SLO, (), (1,)),
        # A breach that is tolerated is as good as another sample to `min_samples`.
        ({**TOLERANT, "min_samples": 2}, (0,), (0.2,)),
        # A warning is half well until something fails.
        ({**TOLERANT, "min_samples": 2}, (0.06,), (0.2,)),
        ({**COUNTING, "tolerance": {"failures": 1}}, (), (0.2, 0.2)),
    ],
)
def test_bad_samples_of_a_gate_let_no_group_pass(
    judged: Any, rules: dict[str, Any], before: tuple[float, ...], bad: tuple[float, ...]
) -> None:
    assert together(judged, rules, values(*before))[:2] == ("no_data", 90)
    assert together(judged, rules, values(*before, *bad))[:2] != ("pass", 95)


@pytest.mark.parametrize(
    ("rules", "samples", "verdict", "points"),
    [
        (BETWEEN, values(0, 0.06), "pass", 95),
        (COUNTING, values(0, 0.06), "pass", 95),
        # What may be anything is no half of anything.
        (SLO, values(0, 1, 1), "inconclusive", 90),
        (TOLERANT, values(0, 0.2), "inconclusive", 90),
        ({**COUNTING, "tolerance": {"failures": 1}}, values(0.2, 0.06), "inconclusive", 90),
        # A warning of half an hour ago is none of now, and with a delay nobody knows what was measured.
        ({**BETWEEN, "window": "5m"}, [*MOMENT, {"at": at(30), "value": None}], "inconclusive", 90),
        ({**COUNTING, "interval": "1m", "initial_delay": "1m"}, values(0, 0.06), "inconclusive", 90),
        # Three are over, and did not pass in a row, whatever comes.
        (IN_A_ROW, values(0, 0.06, 0, 0.06), "inconclusive", 90),
        # Without any pass there is nothing that a warning takes half of.
        ({**BETWEEN, "tolerance": {"failures": 1}, "window": "5m"}, values(0.06), "inconclusive", 90),
    ],
)
def test_only_a_warning_earns_half_of_its_weight(
    judged: Any, rules: dict[str, Any], samples: object, verdict: str, points: float
) -> None:
    assert together(judged, rules, samples) == (verdict, points, "inconclusive")
