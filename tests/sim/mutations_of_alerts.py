"""The mutants of what an alert does to a rollout. See `tests.sim.mutations`."""

from __future__ import annotations

from tests.sim.edits import Mutant, mutant

ALERTS: tuple[Mutant, ...] = (
    mutant(
        "an alert of before counts",
        ("stages.alerting", "is_earlier", "signal.fired_at < rollout.started_at", "False"),
    ),
    mutant(
        "a mapping counts in every stage",
        ("stages.alerting", "_meets", "rollout.stage.value in mapping.stages", "True"),
    ),
    mutant(
        "a hold never expires",
        ("stages.alerting", "lapsed", "at <= now", "False"),
    ),
    mutant(
        "resolved lifts any hold",
        ("stages.react", "_release", "(alarm is None or alert_id not in alarm.alert_ids)", "False"),
    ),
    mutant(
        "a person's hold forgets an alert",
        ("stages.react", "_covered", "held.kind is HoldKind.PERSON", "False"),
    ),
)
