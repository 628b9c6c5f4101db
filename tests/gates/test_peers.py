"""What the peers' published rules come to here. The differences on purpose are a table in docs/gates.md."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from shared.fleet_file.gate_file import parse_gates
from shared.gate_rules import Scores
from shared.gates import combine, grouped
from shared.gates.recorded import Beneath, recorded
from shared.levers import SlotName
from shared.model import Judgement, Sample, Verdict
from tests.gates.peers import (
    ARGO,
    FAIL,
    FLAGGER,
    INCONCLUSIVE,
    KAYENTA,
    KEPTN,
    KEPTN_RELATIVE,
    NO_DATA,
    PASS,
    PROVIDER_ERROR,
    START,
    Case,
    declared,
    samples,
)


@pytest.mark.parametrize("case", [*ARGO, *FLAGGER, *KEPTN], ids=lambda case: case.name)
def test_a_published_rule_has_the_verdict_of_its_table(case: Case) -> None:
    found = recorded(declared(**case.rules).gates[0], samples(*case.values))
    assert (found.verdict, found.complete) == (case.verdict, case.complete), found.because


@pytest.mark.parametrize(("name", "direction", "ours", "live", "verdict"), KAYENTA)
def test_a_comparison_with_live_goes_by_direction_and_never_passes_without_data(
    name: str, direction: str, ours: tuple[float, ...], live: tuple[float, ...], verdict: Verdict
) -> None:
    gate = declared(window="1h", compare={"direction": direction}).gates[0]
    now = START + timedelta(minutes=50)
    found = recorded(gate, samples(*ours), now, Beneath(live=samples(*live)))
    assert found.verdict is verdict, (name, found.because)


def of(verdict: Verdict, weight: float = 1.0, *, critical: bool = False, group: str = "g") -> Judgement:
    return Judgement(
        gate="a", slot=SlotName("green"), verdict=verdict, because="", at=START, group=group, weight=weight,
        critical=critical,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("members", "verdict", "score"),
    [
        # Kayenta and Keptn: weighted shares of what passed, pass at 95, marginal at 75.
        ([of(PASS, 95), of(FAIL, 5)], PASS, 95),
        ([of(PASS, 94), of(FAIL, 6)], INCONCLUSIVE, 94),
        ([of(PASS, 75), of(FAIL, 25)], INCONCLUSIVE, 75),
        ([of(PASS, 74), of(FAIL, 26)], FAIL, 74),
        # Keptn's warning counts half.
        ([of(PASS), of(INCONCLUSIVE)], INCONCLUSIVE, 75),
        # A critical metric (Kayenta), a key SLI (Keptn).
        ([of(PASS, 99), of(FAIL, 1, critical=True)], FAIL, 0),
        # Kayenta gives 100 points when every metric errors.
        ([of(PROVIDER_ERROR), of(PROVIDER_ERROR)], PROVIDER_ERROR, None),
        ([of(NO_DATA), of(NO_DATA)], NO_DATA, None),
    ],
)
def test_a_group_is_scored_by_weight(members: list[Judgement], verdict: Verdict, score: float | None) -> None:
    assert combine(members) is verdict
    assert grouped(members)["g"].score == score


def test_the_scores_of_a_group_are_the_fleets_own() -> None:
    members = [of(PASS, 90), of(FAIL, 10)]
    assert combine(members, Scores(passing=90, marginal=75)) is PASS


def test_a_group_passes_beside_a_gate_that_fails_alone() -> None:
    assert combine([of(PASS), of(FAIL, group="")]) is FAIL


@pytest.mark.parametrize(("baseline", "value", "verdict"), KEPTN_RELATIVE)
def test_ten_percent_more_than_before_is_the_most_that_is_tolerated(
    baseline: float | None, value: float, verdict: Verdict
) -> None:
    gate = declared(max_over_baseline=1.1, min_samples=1).gates[0]
    found = recorded(gate, samples(value), beneath=Beneath(baseline=baseline))
    assert found.verdict is verdict


# Source: the SRE workbook, "Alerting on SLOs", for 99.9 %: 14.4 times in 1 h and 5 min.
@pytest.mark.parametrize(
    ("share", "minutes", "verdict"),
    [(0.0145, 60, FAIL), (0.0143, 60, PASS), (0.02, 60, FAIL), (0.0, 60, PASS), (0.0001, 3, NO_DATA)],
)
def test_a_budget_burns_by_the_workbooks_table(share: float, minutes: int, verdict: Verdict) -> None:
    rule = {"objective": "99.9%", "burns": [{"rate": 14.4, "long": "1h", "short": "5m"}]}
    gate = parse_gates(
        json.dumps({"name": "slo", "source": "http", "path": "/", "window": "1h", "slo": rule})
    ).gates[0]
    found = [
        Sample(at=START + timedelta(minutes=n), value=share, requests=10_000.0) for n in range(1, minutes + 1)
    ]
    until = START + timedelta(minutes=minutes)
    assert recorded(gate, found, until).verdict is verdict, recorded(gate, found, until).because


def test_live_at_zero_is_no_multiple_of_anything() -> None:
    gate = declared(max_over_live=1.5).gates[0]
    nothing = Beneath(live=samples(0, 0, 0))
    assert recorded(gate, samples(0, 0, 0), beneath=nothing).verdict is PASS
    assert recorded(gate, samples(0, 0, 0.1), beneath=nothing).verdict is INCONCLUSIVE


@pytest.mark.parametrize(
    ("ours", "live", "verdict"),
    [
        ((15, 15, 15), (10, 10, 10), PASS),
        ((15, 15, 15.1), (10, 10, 10), FAIL),
        ((1, 1, 1), (), NO_DATA),
        ((1, 1, 1), (None, None, None), NO_DATA),
        ((1, 1, 1), None, PROVIDER_ERROR),
    ],
)
def test_a_multiple_of_live_needs_live(
    ours: tuple[float, ...], live: tuple[float | None, ...] | None, verdict: Verdict
) -> None:
    gate = declared(max_over_live=1.5).gates[0]
    beneath = Beneath(live=None if live is None else samples(*live))
    assert recorded(gate, samples(*ours), beneath=beneath).verdict is verdict
