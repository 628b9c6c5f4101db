"""What samples mean. Each outcome is named, and silence is never a pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.fleet import Gate, Source, Target
from shared.gate_rules import Anomaly, Comparison, Objective, Schedule, Tolerance
from shared.gates import Beyond, combine, grouped, judge
from shared.gates.anomaly import usual
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


@pytest.mark.parametrize("rule", [{"max_over_live": 1.5}, {"compare": Comparison(samples_min=3)}])
def test_lives_samples_are_kept_with_a_verdict_that_they_were_held_against(rule: dict[str, object]) -> None:
    beside_live = gate(max_value=None, **rule)
    live = reading(3, 4, 5)
    judgement = judge(beside_live, GREEN, reading(3, 3, 3), NOW, live=live)
    assert judgement.beside == live.samples
    assert judge(beside_live, GREEN, reading(3, 3, 3), NOW).beside == ()


@pytest.mark.parametrize("rule", [{}, {"schedule": Schedule(count=3)}])
def test_the_sentence_says_the_baseline_that_a_limit_is_a_multiple_of(rule: dict[str, object]) -> None:
    relative = gate(max_value=None, max_over_baseline=1.5, unit=" ms", **rule)
    judgement = judge(relative, GREEN, reading(4, 4, 4), NOW, 2.0)
    assert judgement.limit == 3.0
    assert "1.5 times the baseline of 2 ms" in judgement.because


UNUSUAL = gate(max_value=None, anomaly=Anomaly(weeks=1, weeks_min=1, decides=True))
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)


def week_before(*values: float) -> Reading:
    samples = tuple(Sample(at=NOW - WEEK + timedelta(minutes=n), value=v) for n, v in enumerate(values))
    return Reading(samples, "a query", NOW - WEEK, NOW - WEEK + HOUR)


def known(*values: float) -> Beyond:
    """The week before, read at this look."""
    answer = week_before(*values)
    assert UNUSUAL.anomaly is not None
    return Beyond(usual=usual(UNUSUAL.anomaly, NOW, NOW + HOUR, answer.samples), answer=answer)


@pytest.mark.parametrize(
    ("beyond", "verdict", "words"),
    [
        (known(1, 2, 3, 2, 1), Verdict.PASS, "2 is usual at this hour in 1 week"),
        (known(101, 102, 103), Verdict.FAIL, "beyond the limit of 3.5, which is 96.81"),
        (known(), Verdict.INCONCLUSIVE, "0 of the 1 past week it needs has values for this hour"),
        (Beyond(), Verdict.INCONCLUSIVE, "nobody can say what was usual in the weeks before"),
        (
            Beyond(answer=Unavailable("throttled")),
            Verdict.PROVIDER_ERROR,
            "its source gave no answer on the time before: throttled",
        ),
    ],
)
def test_a_past_that_nobody_tells_is_never_a_pass(beyond: Beyond, verdict: Verdict, words: str) -> None:
    judgement = judge(UNUSUAL, GREEN, reading(2, 2, 2), NOW, beyond=beyond)
    assert (judgement.verdict, judgement.dry_run) == (verdict, False)
    assert words in judgement.because
    read = beyond.answer.samples if isinstance(beyond.answer, Reading) else ()
    silent = judge(UNUSUAL, GREEN, reading(2, None, None), NOW, beyond=beyond)
    assert silent.verdict is Verdict.NO_DATA
    assert (judgement.beside, silent.beside) == (read, read), "the rollout remembers what it says"


def test_an_unusual_value_is_shown_beside_the_value_that_was_its_limit() -> None:
    judgement = judge(UNUSUAL, GREEN, reading(200, 200, 200), NOW, beyond=known(101, 102, 103))
    assert judgement.value == 200
    assert judgement.limit == pytest.approx(102 + 3.5 * 1.4826)


def test_a_longer_window_that_its_source_does_not_tell_is_the_providers_error() -> None:
    slow = gate(max_value=None, slo=Objective(objective=0.999), window_seconds=300, min_samples=1)
    beyond = Beyond(answer=Unavailable("throttled"), watched_seconds=86_400)
    judgement = judge(slow, GREEN, reading(0, 0, 0, 0, 0), NOW, beyond=beyond)
    assert judgement.verdict is Verdict.PROVIDER_ERROR
    assert "throttled" in judgement.because
    fails = judge(slow, GREEN, reading(1, 1, 1, 1, 1), NOW, beyond=beyond)
    assert fails.verdict is not Verdict.PASS
