"""The guide's ten measures: what was not measured is never met."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gates.scorecard import Beside, Line, Met, Told, of_period, of_rollout
from shared.model import Outcome

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
IDS = tuple(f"M{n}" for n in range(1, 11))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def beside(times: float, baseline: float = 2.0) -> Beside:
    return Beside(value=times * baseline, baseline=baseline)


GOOD = Told(
    id="contoso-0001",
    outcome=Outcome.COMPLETED,
    ended_at=later(3600),
    shifted=True,
    ordered_at=NOW,
    moved_at=later(60),
    errors=beside(1),
    latency=beside(1),
    checks=12,
    checks_passed=12,
    signals=20,
    signals_seen=20,
    sessions_lost=0.0,
    database_errors=beside(1),
    cost=beside(1.9),
)
BACK = msgspec.structs.replace(
    GOOD, id="contoso-0002", outcome=Outcome.ROLLED_BACK, failed_at=later(100), restored_at=later(200)
)


def line(name: str, told: Told, cost_max: float | None = 2.0) -> Line:
    return next(found for found in of_rollout(told, cost_max).lines if found.id == name)


def test_a_rollout_has_all_ten_measures_in_order() -> None:
    card = of_rollout(GOOD, 2.0)
    assert tuple(found.id for found in card.lines) == IDS
    assert {found.met for found in card.lines if found.id != "M3"} == {Met.MET}
    assert all(found.because and found.target for found in card.lines)


@pytest.mark.parametrize(
    ("name", "facts", "met", "value"),
    [
        ("M1", {"outcome": Outcome.COMPLETED}, Met.MET, 1.0),
        ("M1", {"outcome": Outcome.ROLLED_BACK}, Met.MISSED, 0.0),
        ("M1", {"outcome": Outcome.ROLLBACK_FAILED}, Met.MISSED, 0.0),
        ("M1", {"outcome": Outcome.STOPPED, "shifted": False}, Met.NOT_DUE, None),
        ("M2", {"moved_at": later(119.9)}, Met.MET, 119.9),
        ("M2", {"moved_at": later(120)}, Met.MISSED, 120.0),
        ("M2", {"moved_at": later(-1)}, Met.NOT_MEASURED, None),
        ("M2", {"ordered_at": None}, Met.NOT_MEASURED, None),
        ("M2", {"outcome": Outcome.ROLLED_BACK, "moved_at": None}, Met.NOT_DUE, None),
        ("M3", {}, Met.NOT_DUE, None),
        ("M4", {"errors": beside(2)}, Met.MET, 2.0),
        ("M4", {"errors": beside(2.01)}, Met.MISSED, 2.01),
        ("M4", {"errors": Beside(value=0, baseline=0)}, Met.MET, 0.0),
        ("M4", {"errors": Beside(value=0.1, baseline=0)}, Met.MISSED, None),
        ("M4", {"errors": Beside(value=float("nan"), baseline=1)}, Met.NOT_MEASURED, None),
        ("M4", {"errors": Beside(value=-1, baseline=1)}, Met.NOT_MEASURED, None),
        ("M5", {"latency": beside(1.5)}, Met.MET, 1.5),
        ("M5", {"latency": beside(1.51)}, Met.MISSED, 1.51),
        ("M6", {"checks_passed": 11}, Met.MISSED, 11 / 12),
        ("M6", {"checks": 0, "checks_passed": 0}, Met.NOT_MEASURED, None),
        ("M7", {"signals_seen": 19}, Met.MISSED, 0.95),
        ("M8", {"sessions_lost": 0.0009}, Met.MET, 0.0009),
        ("M8", {"sessions_lost": 0.001}, Met.MISSED, 0.001),
        ("M8", {"sessions_lost": float("nan")}, Met.NOT_MEASURED, None),
        ("M9", {"database_errors": beside(1)}, Met.MET, 1.0),
        ("M9", {"database_errors": beside(1.01)}, Met.MISSED, 1.01),
        ("M10", {"cost": beside(2.1)}, Met.MISSED, 2.1),
    ],
)
def test_a_measure_meets_the_target_of_the_guide_or_does_not(
    name: str, facts: dict[str, object], met: Met, value: float | None
) -> None:
    found = line(name, msgspec.structs.replace(GOOD, **facts))
    assert found.met is met
    assert found.value == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize(("seconds", "met"), [(299, Met.MET), (300, Met.MISSED)])
def test_the_way_back_is_measured_from_knowing_to_being_back(seconds: float, met: Met) -> None:
    found = line("M3", msgspec.structs.replace(BACK, restored_at=later(100 + seconds)))
    assert (found.met, found.value) == (met, seconds)
    assert line("M3", msgspec.structs.replace(BACK, restored_at=None)).met is Met.NOT_MEASURED


@pytest.mark.parametrize("name", [name for name in IDS if name not in ("M1", "M3")])
def test_what_nobody_measured_is_not_met(name: str) -> None:
    bare = Told(id="contoso-0003", outcome=Outcome.COMPLETED, ended_at=NOW, shifted=True)
    found = line(name, bare)
    assert (found.met, found.value, found.measured) == (Met.NOT_MEASURED, None, 0)
    assert "nobody measured it" in found.because


def test_a_cost_without_a_target_is_not_met() -> None:
    found = line("M10", GOOD, cost_max=None)
    assert found.met is Met.NOT_MEASURED
    assert found.value == pytest.approx(1.9)
    assert "no target is set" in found.because


def test_a_period_joins_the_rollouts_that_ended_in_it() -> None:
    old = msgspec.structs.replace(BACK, id="old", ended_at=later(7200) - timedelta(days=30))
    newer = msgspec.structs.replace(BACK, id="newer", ended_at=later(7201))
    slow = msgspec.structs.replace(GOOD, id="slow", moved_at=later(90))
    card = of_period((GOOD, slow, BACK, old, newer), later(7200))
    assert card.rollouts == ("contoso-0001", "slow", "contoso-0002")
    found = {each.id: each for each in card.lines}
    assert found["M1"].met is Met.MISSED
    assert found["M1"].value == pytest.approx(2 / 3)
    assert found["M1"].because == "66.7 % of the cut-overs needed no way back; the target is at least 99 %"
    assert (found["M2"].value, found["M3"].value) == (90, 100)
    assert (found["M3"].measured, found["M3"].due) == (1, 1)


@pytest.mark.parametrize(
    ("name", "facts", "because"),
    [
        ("M2", {"moved_at": later(119.996)}, "it took 119.996 seconds; the target is less than 2 minutes"),
        ("M2", {"moved_at": later(9.243)}, "it took 9.24 seconds; the target is less than 2 minutes"),
        ("M2", {"moved_at": later(120)}, "it took 2 minutes; the target is less than 2 minutes"),
        ("M4", {"errors": beside(2.00001)}, "2.00001 times the baseline; the target is at most 2 times"),
        (
            "M4",
            {"errors": Beside(value=1, baseline=0)},
            "something where there was nothing; the target is at",
        ),
        ("M6", {"checks": 5000, "checks_passed": 4999}, "99.98 % of the critical checks passed"),
        ("M8", {"sessions_lost": 0.00099999}, "0.099999 % of the users lost their session"),
        ("M9", {"database_errors": beside(1)}, "1 time the baseline; the target is at most the baseline"),
        ("M10", {"cost": beside(2.0000001)}, "2.0000001 times the baseline; the target is at most 2 times"),
    ],
)
def test_what_is_read_meets_its_target_as_the_value_does(
    name: str, facts: dict[str, object], because: str
) -> None:
    assert line(name, msgspec.structs.replace(GOOD, **facts)).because.startswith(because)


def test_several_rollouts_are_told_by_which_of_them_it_is() -> None:
    slow = msgspec.structs.replace(GOOD, id="slow", moved_at=later(90), checks_passed=6)
    late = msgspec.structs.replace(BACK, id="late", restored_at=later(220))
    lines = {each.id: each.because for each in of_period((GOOD, slow, BACK, late), later(7200)).lines}
    assert lines["M2"] == "it took 90 seconds at worst; the target is less than 2 minutes"
    assert lines["M3"] == "it took 110 seconds on average; the target is less than 5 minutes"
    assert lines["M6"] == "50 % of the critical checks passed at worst; the target is 100 %"


def test_a_period_is_not_met_where_one_rollout_was_not_measured() -> None:
    blind = msgspec.structs.replace(GOOD, id="blind", latency=None)
    found = {each.id: each for each in of_period((GOOD, blind), later(7200)).lines}["M5"]
    assert (found.met, found.value, found.measured, found.due) == (Met.NOT_MEASURED, 1.0, 1, 2)
    assert "nobody measured it in blind" in found.because
    slow = msgspec.structs.replace(GOOD, id="slow", latency=beside(3))
    found = {each.id: each for each in of_period((blind, slow), later(7200)).lines}["M5"]
    assert found.met is Met.MISSED


def test_a_period_without_rollouts_meets_nothing() -> None:
    assert {each.met for each in of_period((), NOW).lines} == {Met.NOT_DUE}


@given(
    st.lists(
        st.builds(
            Told,
            id=st.just("r"),
            outcome=st.sampled_from(list(Outcome)),
            ended_at=st.just(NOW),
            shifted=st.booleans(),
            errors=st.one_of(st.none(), st.builds(Beside, value=st.floats(), baseline=st.floats())),
            checks=st.integers(0, 3),
            checks_passed=st.integers(0, 3),
            sessions_lost=st.one_of(st.none(), st.floats()),
        ),
        max_size=4,
    )
)
def test_only_what_every_rollout_measured_is_met_and_json_can_say_it(tolds: list[Told]) -> None:
    for found in of_period(tolds, NOW).lines:
        assert found.met is not Met.MET or (found.measured == found.due > 0)
        assert msgspec.json.decode(msgspec.json.encode(found), type=Line) == found
