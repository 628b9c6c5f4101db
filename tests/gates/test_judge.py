"""What samples mean. Each outcome is named, and silence is never a pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.fleet import Gate, Source, Target
from shared.gate_rules import Anomaly, Comparison, Objective, Schedule, Tolerance
from shared.gates import combine, grouped, judge
from shared.model import Judgement, Sample, Verdict
from shared.probes import Answer, Reading, Unavailable
from tests.fleets import GREEN

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def gate(**changes: object) -> Gate:
    known = {"name": "errors", "source": Source.METRICS, "target": Target.GATEWAY, "max_value": 5.0}
    return Gate(**{**known, **changes})  # type: ignore[arg-type]


def reading(*values: float | None) -> Reading:
    samples = tuple(Sample(at=NOW + timedelta(minutes=n), value=v) for n, v in enumerate(values))
    return Reading(samples, "a query", NOW, NOW + timedelta(minutes=5))


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("answer", "changes", "verdict"),
    [
        (reading(5, 5, 5), {}, Verdict.PASS),
        (reading(5, 5, 5.0001), {}, Verdict.FAIL),
        (reading(9, 0, 0), {"breaches_max": 1}, Verdict.INCONCLUSIVE),
        (reading(9, 9, 0), {"breaches_max": 1}, Verdict.FAIL),
        (reading(1, 1), {}, Verdict.NO_DATA),
        (reading(), {}, Verdict.NO_DATA),
        (reading(None, None, None), {}, Verdict.NO_DATA),
        (reading(NAN, NAN, NAN), {}, Verdict.NO_DATA),
        (reading(1, INF, 1), {}, Verdict.NO_DATA),
        (reading(1, 1, 1, NAN), {}, Verdict.PASS),
        (reading(3, 3, 3), {"max_value": None, "min_value": 3.0}, Verdict.PASS),
        (reading(3, 3, 2.9), {"max_value": None, "min_value": 3.0}, Verdict.FAIL),
        (Unavailable("throttled"), {}, Verdict.PROVIDER_ERROR),
        (None, {}, Verdict.PROVIDER_ERROR),
    ],
)
def test_a_reading_has_the_verdict_that_its_samples_deserve(
    answer: Answer | None, changes: dict[str, object], verdict: Verdict
) -> None:
    assert judge(gate(**changes), GREEN, answer, NOW).verdict is verdict


@pytest.mark.parametrize(
    ("changes", "limits"),
    [
        ({}, {"max": 5, "min_samples": 3}),
        (
            {"min_value": 1.0, "pass_max": 4.0, "pass_min": 2.0, "breaches_max": 1, "requests_min": 100},
            {
                "max": 5,
                "min": 1,
                "pass_max": 4,
                "pass_min": 2,
                "breaches_max": 1,
                "min_samples": 3,
                "min_requests": 100,
            },
        ),
        ({"max_value": None, "max_over_baseline": 1.5}, {"max_over_baseline": 1.5, "min_samples": 3}),
        ({"max_value": None, "max_over_live": 2.0}, {"max_over_live": 2, "min_samples": 3}),
        ({"max_value": None, "compare": Comparison()}, {"effect_max": 0.33, "min_samples": 3}),
        ({"max_value": None, "slo": Objective(objective=0.99)}, {"objective": 0.99, "min_samples": 3}),
        ({"max_value": None, "anomaly": Anomaly()}, {"deviations_max": 3.5, "min_samples": 3}),
        (
            {
                "schedule": Schedule(count=20, consecutive_passes=5),
                "tolerance": Tolerance(failures_max=2, of=10, consecutive_failures_max=1),
            },
            {
                "max": 5,
                "min_samples": 3,
                "count": 20,
                "consecutive_passes": 5,
                "failures": 2,
                "of": 10,
                "consecutive_failures": 1,
                "inconclusives": 0,
                "consecutive_errors": 4,
            },
        ),
    ],
)
@pytest.mark.parametrize("answer", [reading(1, 2, 3), reading(), Unavailable("throttled")])
def test_a_verdict_carries_every_limit_of_its_gate(
    answer: Answer, changes: dict[str, object], limits: dict[str, float]
) -> None:
    assert judge(gate(**changes), GREEN, answer, NOW).limits == limits


@pytest.mark.parametrize(
    ("minutes", "verdict"),
    [((0, 2, 5), Verdict.PASS), ((-1, 0, 5), Verdict.NO_DATA), ((0, 5, 6), Verdict.NO_DATA)],
)
@pytest.mark.parametrize("value", [1.0, 9.0])
def test_a_sample_outside_of_its_readings_window_is_no_evidence(
    minutes: tuple[int, ...], verdict: Verdict, value: float
) -> None:
    samples = tuple(Sample(at=NOW + timedelta(minutes=n), value=value) for n in minutes)
    found = judge(gate(), GREEN, Reading(samples, "a query", NOW, NOW + timedelta(minutes=5)), NOW)
    assert found.verdict is (Verdict.FAIL if value > 5 and verdict is Verdict.PASS else verdict)


def test_a_group_is_scored_without_those_of_it_that_only_advise() -> None:
    def member(name: str, value: float, *, dry_run: bool = False) -> Judgement:
        asked = gate(name=name, group="users", critical=dry_run, dry_run=dry_run)
        return judge(asked, GREEN, reading(value, value, value), NOW)

    advice = member("advice", 9, dry_run=True)
    scored = grouped([member("errors", 1), advice])
    assert {name: (each.verdict, each.score) for name, each in scored.items()} == {
        "users": (Verdict.PASS, 100.0)
    }
    assert grouped([advice]) == {}
    assert combine([member("errors", 1), advice]) is Verdict.PASS


def test_a_verdict_shows_the_worst_value_beside_its_limit() -> None:
    judgement = judge(gate(unit=" ms"), GREEN, reading(1, 7, 9), NOW)
    assert (judgement.value, judgement.limit, judgement.unit) == (9, 5, " ms")
    assert judgement.because == "errors on green: 9 ms is beyond the limit of 5 ms in 2 of 3 samples"
    assert [sample.value for sample in judgement.samples] == [1, 7, 9]


@pytest.mark.parametrize(
    ("baseline", "verdict"), [(2.0, Verdict.PASS), (1.99, Verdict.FAIL), (None, Verdict.INCONCLUSIVE)]
)
def test_a_limit_relative_to_the_baseline_needs_a_baseline(baseline: float | None, verdict: Verdict) -> None:
    relative = gate(max_value=None, max_over_baseline=1.5)
    assert judge(relative, GREEN, reading(3, 3, 3), NOW, baseline).verdict is verdict


def test_a_limit_in_either_direction_names_the_side_that_was_crossed() -> None:
    both = gate(max_value=10.0, min_value=2.0)
    assert judge(both, GREEN, reading(5, 5, 1), NOW).limit == 2.0
    assert judge(both, GREEN, reading(5, 5, 11), NOW).limit == 10.0


def test_several_gates_are_as_good_as_the_worst_and_none_is_no_data() -> None:
    def of(verdict: Verdict) -> Judgement:
        return Judgement(gate="g", slot=GREEN, verdict=verdict, because="", at=NOW)

    assert combine([]) is Verdict.NO_DATA
    assert combine([of(Verdict.PASS), of(Verdict.INCONCLUSIVE)]) is Verdict.INCONCLUSIVE
    assert combine([of(Verdict.NO_DATA), of(Verdict.PROVIDER_ERROR)]) is Verdict.PROVIDER_ERROR
    assert combine([of(v) for v in Verdict]) is Verdict.FAIL


def test_of_two_oddities_of_one_instant_always_the_same_is_said() -> None:
    odd = (Sample(at=NOW, value=-1.0), Sample(at=NOW, error="the source was away"))
    both = (Reading(samples, "a query", NOW, NOW) for samples in (odd, odd[::-1]))
    assert len({judge(gate(), GREEN, each, NOW).because for each in both}) == 1
