"""Says in plain English what a gate asks: every rule of it in a sentence. Decides nothing."""

from __future__ import annotations

from shared.fleet import Gate, Source
from shared.gate_rules import Direction, Tolerance
from shared.gates.burning import beyond
from shared.gates.figures import percent, shown, span
from shared.gates.measuring import advises, counted

_WORSE = {
    Direction.INCREASE: "higher",
    Direction.DECREASE: "lower",
    Direction.EITHER: "different in either direction",
}


def explained(gate: Gate) -> tuple[str, ...]:
    """The sentences of a gate, in the order in which they matter."""
    return (_asks(gate), *_limits(gate), *_rules(gate), *_evidence(gate), *_role(gate))


def _asks(gate: Gate) -> str:
    where = f" where {gate.filter}" if gate.filter else ""
    what = "how long they take" if gate.unit == "ms" else "the share that fails"
    told = {
        Source.METRICS: (
            f"It reads the {gate.aggregation.lower()} of {gate.metric} on the {gate.target}{where}."
        ),
        Source.LOGS: f"It runs its query on the logs of the {gate.target}.",
        Source.HTTP: f"It sends {gate.requests} requests to {gate.path} on the slot's own host name: {what}.",
    }
    return told.get(gate.source, f"It asks {gate.source}.")


def _limits(gate: Gate) -> list[str]:
    told = []
    unit = gate.unit
    if gate.max_value is not None:
        told.append(f"A value above {shown(gate.max_value, unit)} fails.")
    if gate.min_value is not None:
        told.append(f"A value below {shown(gate.min_value, unit)} fails.")
    if gate.pass_max is not None:
        told.append(f"One above {shown(gate.pass_max, unit)} that does not fail is inconclusive.")
    if gate.pass_min is not None:
        told.append(f"One below {shown(gate.pass_min, unit)} that does not fail is inconclusive.")
    if gate.max_over_baseline is not None:
        times = shown(gate.max_over_baseline)
        told.append(
            f"A mean of more than {times} times the recorded baseline fails; without a baseline it is "
            "inconclusive."
        )
    if gate.max_over_live is not None:
        times = shown(gate.max_over_live)
        told.append(
            f"A mean of more than {times} times the live slot's over the same window fails. Without data of "
            "live it has no data, and where live has 0 anything above 0 is inconclusive."
        )
    return told


def _rules(gate: Gate) -> list[str]:
    told = []
    if gate.compare is not None:
        rule = gate.compare
        told += [
            (
                "It compares with live's samples of the same window (Mann-Whitney U), and fails where "
                f"the candidate is {_WORSE[rule.direction]} with {percent(rule.confidence)} confidence and "
                f"an effect above {shown(rule.effect_max)} (Cliff's delta)."
            ),
            f"Each side needs {rule.samples_min} samples.",
        ]
    if gate.slo is not None:
        wanted = f"{gate.slo.objective * 100:g} %"
        told.append(f"The objective is {wanted} good events over {span(gate.slo.period_seconds)}.")
        told += [
            f"It fails where the error budget burns at more than {shown(burn.rate)} times the sustainable "
            f"speed over {span(burn.long_seconds)} and over {span(burn.short_seconds)}."
            for burn in gate.slo.burns
        ]
        if beyond(gate.slo, gate.window_seconds):
            told.append(
                "An alert that looks further back than the gate blocks no pass where users are not watched "
                "for long enough to know; it fails where it burns all the same."
            )
    if gate.anomaly is not None:
        rule_ = gate.anomaly
        told.append(
            f"It learns from the same hour of the week in the last {rule_.weeks} weeks: more than "
            f"{shown(rule_.deviations_max)} robust deviations from their median is an anomaly. "
            "In a rollout those are the live slot's weeks."
        )
    return told


def _evidence(gate: Gate) -> list[str]:
    told = _schedule(gate) if counted(gate) else _window(gate)
    if gate.requests_min:
        told.append(f"Fewer than {gate.requests_min} requests behind the samples are no data.")
    told.append("Silence, NaN, infinities and errors of the source never pass.")
    return told


def _window(gate: Gate) -> list[str]:
    lag = f", and ends {span(gate.ingestion_seconds)} ago" if gate.ingestion_seconds else ""
    told = [
        f"Its window is {span(gate.window_seconds)} long{lag}.",
        f"Fewer than {gate.min_samples} samples are no data.",
    ]
    if gate.breaches_max:
        told.append(f"Up to {gate.breaches_max} samples beyond a limit are inconclusive, more of them fail.")
    return told


def _schedule(gate: Gate) -> list[str]:
    told = []
    schedule = gate.schedule
    if schedule is not None and schedule.initial_delay_seconds:
        told.append(f"It begins after {span(schedule.initial_delay_seconds)}.")
    if schedule is not None and schedule.interval_seconds:
        every = span(schedule.interval_seconds)
        told.append(f"It measures every {every}; of several samples in that time the worst counts.")
    else:
        told.append("Each sample is a measurement.")
    if schedule is not None and schedule.consecutive_passes:
        told.append(
            f"{schedule.consecutive_passes} passes in a row complete it; without them it does not pass."
        )
    if schedule is not None and schedule.count:
        told.append(f"It is over after {schedule.count} measurements, and has no verdict if it is cut short.")
    elif schedule is None or not schedule.consecutive_passes:
        told.append(
            f"It needs {gate.min_samples} passes, the newest at most {span(gate.window_seconds)} old, "
            "and goes on for as long as the step."
        )
    return told + _tolerated(gate.tolerance or Tolerance())


def _tolerated(allowed: Tolerance) -> list[str]:
    among = f" among the newest {allowed.of}" if allowed.of else ""
    limits = (
        (allowed.failures_max, f"failures{among}", "it fails"),
        (allowed.consecutive_failures_max, "failures in a row", "it fails"),
        (allowed.inconclusives_max, "inconclusive measurements", "it is inconclusive"),
        (allowed.consecutive_inconclusives_max, "inconclusive in a row", "it is inconclusive"),
        (allowed.errors_max, "errors of the provider", "it is a provider error"),
        (allowed.consecutive_errors_max, "errors in a row", "it is a provider error"),
    )
    return [f"With more than {limit} {what} {end}." for limit, what, end in limits if limit is not None]


def _role(gate: Gate) -> list[str]:
    told = []
    if gate.group:
        vital = ", and the group needs it to pass" if gate.critical else ""
        told.append(f"It is scored in the group {gate.group} with a weight of {shown(gate.weight)}{vital}.")
    if advises(gate):
        told.append("It is recorded and decides nothing.")
    return told
