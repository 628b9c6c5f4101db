"""Says in plain English what a gate asks: every rule of it in a sentence. Decides nothing."""

from __future__ import annotations

from shared.fleet import Gate
from shared.gate_rules import Anomaly, Comparison, Direction, Objective, Schedule, Scores, Tolerance
from shared.gates.anomaly import CONSTANT_MIN
from shared.gates.asking import asks
from shared.gates.burning import beyond
from shared.gates.figures import exactly, many, span, times
from shared.gates.measuring import advises, counted
from shared.gates.reckoning import filling
from shared.gates.statistics import NEGLIGIBLE
from shared.measured import Phase

_WORSE = {
    Direction.INCREASE: "higher",
    Direction.DECREASE: "lower",
    Direction.EITHER: "different in either direction",
}
_SIDE = {Direction.INCREASE: "above", Direction.DECREASE: "below", Direction.EITHER: "from"}
_LONGER = (
    "An alert that looks further back than the gate blocks no pass where users are not watched for long "
    "enough to know; it fails where it burns all the same."
)
_BUDGET = (
    "In switch and bake no rollout begins once the budget of live is spent, and no step puts more users at "
    "risk than what is left of it can bear."
)
_FILLING = {1: "Only passes", 2: "Passes and failures", 3: "Passes, failures and inconclusive measurements"}
_EARNED = "A warning is half a pass; silence and doubt earn nothing."
_SCORES = Scores()
_BY_THEMSELVES = "Samples that are beyond it by themselves are no evidence for a pass."


def explained(gate: Gate, scores: Scores = _SCORES) -> tuple[str, ...]:
    """The sentences of a gate, in the order in which they matter. `scores` are those of its group."""
    return (asks(gate), *_limits(gate), *_rules(gate), *_evidence(gate), *_role(gate, scores))


def _limits(gate: Gate) -> list[str]:
    told = []
    if gate.max_value is not None:
        told.append(f"A value above {exactly(gate.max_value, gate.unit)} fails.")
    if gate.min_value is not None:
        told.append(f"A value below {exactly(gate.min_value, gate.unit)} fails.")
    if gate.pass_max is not None:
        told.append(f"One above {exactly(gate.pass_max, gate.unit)} that does not fail is inconclusive.")
    if gate.pass_min is not None:
        told.append(f"One below {exactly(gate.pass_min, gate.unit)} that does not fail is inconclusive.")
    if gate.max_over_baseline is not None:
        what = "value" if counted(gate) else "mean"
        told.append(
            f"A {what} of more than {times(exactly(gate.max_over_baseline))} the recorded baseline fails; "
            "without a baseline it is inconclusive."
        )
        told += [_BY_THEMSELVES] if not counted(gate) else []
    if gate.max_over_live is not None:
        told.append(
            f"A mean of more than {times(exactly(gate.max_over_live))} the live slot's over the same window "
            "fails. Without data of live it has no data, and where live has 0 anything above 0 is "
            "inconclusive."
        )
        told.append(_BY_THEMSELVES)
    return told


def _rules(gate: Gate) -> list[str]:
    told = _compares(gate.compare) if gate.compare is not None else []
    told += _burns(gate, gate.slo) if gate.slo is not None else []
    return told + (_learns(gate.anomaly) if gate.anomaly is not None else [])


def _compares(rule: Comparison) -> list[str]:
    return [
        (
            "It compares with live's samples of the same window (Mann-Whitney U), and fails where "
            f"the candidate is {_WORSE[rule.direction]} with {exactly(rule.confidence * 100)} % confidence "
            f"and an effect above {exactly(rule.effect_max)} (Cliff's delta)."
        ),
        (
            "Where only one of the two holds it is inconclusive, but for a certain effect of at most "
            f"{exactly(min(NEGLIGIBLE, rule.effect_max))}, which passes."
        ),
        (
            f"With fewer than {many(rule.samples_min, 'sample', 'samples')} on a side it has no data, "
            "or a provider error where errors are among them."
        ),
    ]


def _burns(gate: Gate, rule: Objective) -> list[str]:
    return [
        f"The objective is {exactly(rule.objective * 100)} % good events over {span(rule.period_seconds)}.",
        *(
            f"It fails where the error budget burns at more than {times(exactly(burn.rate))} the sustainable "
            f"speed over {span(burn.long_seconds)} and over {span(burn.short_seconds)}."
            for burn in rule.burns
        ),
        *([_LONGER] if beyond(rule, gate.window_seconds) else []),
        "What samples hardly cover, or so few requests that one bad one would be too many, is no data.",
        *([] if gate.dry_run else [_BUDGET]),
    ]


def _learns(rule: Anomaly) -> list[str]:
    weeks = "week" if rule.weeks == 1 else f"{rule.weeks} weeks"
    few = f"Fewer than {rule.weeks_min} of those weeks with values are inconclusive."
    return [
        (
            f"It learns from the same hour of the week in the last {weeks}: more than "
            f"{exactly(rule.deviations_max)} robust deviations {_SIDE[rule.direction]} their median fail."
        ),
        "Where half of the past is one value, what the past has seen is inconclusive, however far it is.",
        f"Beside fewer than {CONSTANT_MIN} values that are all equal, any other is inconclusive.",
        "What would not pass by itself is no evidence that the others are usual.",
        "In a rollout those are the live slot's weeks.",
        "Without values of that time it is inconclusive." if rule.weeks_min == 1 else few,
    ]


def _evidence(gate: Gate) -> list[str]:
    told = _schedule(gate) if counted(gate) else _window(gate)
    if gate.requests_min and counted(gate):
        requests = many(gate.requests_min, "request", "requests")
        told.append(f"A sample with fewer than {requests} behind it is no data.")
    elif gate.requests_min:
        requests = many(gate.requests_min, "request behind all samples is", "requests behind all samples are")
        told.append(f"Fewer than {requests} no data.")
    told.append("Silence, NaN, infinities and errors of the source never pass.")
    return told


def _window(gate: Gate) -> list[str]:
    lag = f", and ends {span(gate.ingestion_seconds)} ago" if gate.ingestion_seconds else ""
    few = f"Fewer than {gate.min_samples} samples are no data"
    least = f"{few}, or a provider error where errors are among them."
    if gate.min_samples == 1:
        least = "Without a sample it has no data, or is a provider error where there are errors."
    told = [f"Its window is {span(gate.window_seconds)} long{lag}.", least]
    if gate.breaches_max:
        samples = many(gate.breaches_max, "sample that fails is", "samples that fail are")
        told.append(f"Up to {samples} inconclusive, and more of them fail the gate.")
    return told


def _schedule(gate: Gate) -> list[str]:
    told = []
    schedule = gate.schedule
    if schedule is not None and schedule.initial_delay_seconds:
        told.append(f"It begins after {span(schedule.initial_delay_seconds)}.")
    if schedule is not None and schedule.interval_seconds:
        every = span(schedule.interval_seconds).removeprefix("1 ")
        told.append(f"It measures every {every}; of several samples in that time the worst counts.")
    else:
        told.append("Each sample is a measurement.")
    if schedule is not None and schedule.consecutive_passes == 1:
        told.append("A pass completes it; without one it does not pass.")
    elif schedule is not None and schedule.consecutive_passes:
        told.append(
            f"{schedule.consecutive_passes} passes in a row complete it; without them it does not pass."
        )
    if schedule is not None and schedule.count:
        told += _places(gate, schedule)
    elif schedule is None or not schedule.consecutive_passes:
        told.append(
            f"It needs {many(gate.min_samples, 'pass', 'passes')}, the newest at most "
            f"{span(gate.window_seconds)} old, and goes on for as long as the step."
        )
    return told + _tolerated(gate.tolerance or Tolerance())


def _places(gate: Gate, schedule: Schedule) -> list[str]:
    """What `count` asks for: it is not over yet where failures that are tolerated filled places of it."""
    count, fills = schedule.count, filling(gate)
    failures = (gate.tolerance or Tolerance()).failures_max
    measurements = many(count, "measurement", "measurements")
    filled = f"{_FILLING[len(fills)]} fill a place of them."
    if not failures or Phase.FAIL not in fills or schedule.consecutive_passes:
        return [f"It is over after {measurements}, and has no verdict if it is cut short.", filled]
    told = [
        f"It has a verdict after {measurements}, and none if it is cut short.",
        filled,
        f"Where failures do, what comes until {many(count, 'has', 'have')} passed still counts against it.",
    ]
    return told + (["Without any pass it is inconclusive."] if failures >= count else [])


def _tolerated(allowed: Tolerance) -> list[str]:
    among = f" among the newest {allowed.of}" if allowed.of else ""
    limits = (
        (allowed.failures_max, "failure", "failures", among, "it fails"),
        (allowed.consecutive_failures_max, "failure", "failures", " in a row", "it fails"),
        (allowed.inconclusives_max, "inconclusive measurement", "inconclusive measurements", "",
         "it is inconclusive"),
        (allowed.consecutive_inconclusives_max, "inconclusive measurement", "inconclusive measurements",
         " in a row", "it is inconclusive"),
        (allowed.errors_max, "error", "errors", " of the provider", "it is a provider error"),
        (allowed.consecutive_errors_max, "error", "errors", " in a row", "it is a provider error"),
    )  # fmt: skip
    told = []
    for limit, one, several, where, end in limits:
        if limit == 0:
            told.append(f"With {'an' if one[0] in 'aeiou' else 'a'} {one} {end}.")
        elif limit is not None:
            told.append(f"With more than {many(limit, one, several)}{where} {end}.")
    return told


def _role(gate: Gate, scores: Scores) -> list[str]:
    if advises(gate):
        group = f", and the group {gate.group} is scored without it" if gate.group else ""
        return [f"It is recorded and decides nothing{group}."]
    if not gate.group:
        return []
    vital = ", and the group needs it to pass" if gate.critical else ""
    passing, marginal = exactly(scores.passing), exactly(scores.marginal)
    return [
        f"It is scored in the group {gate.group} with a weight of {exactly(gate.weight)}{vital}.",
        f"The group passes from {passing} of 100 points on, and fails where it cannot reach {marginal}.",
        _EARNED,
    ]
