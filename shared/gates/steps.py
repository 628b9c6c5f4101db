"""Decides for how long the steps that ask a gate watch users, and whose budget bounds what they do to them.

Refuses to know what a gate says.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.fleet import Fleet, Gate
from shared.gate_rules import Objective


def watched_seconds(fleet: Fleet, questions: Iterable[str]) -> int:
    """The longest time, of the steps that ask these questions; 0 where none has users."""
    portions = (*((fleet.shift.match,) if fleet.shift.match else ()), *fleet.shift.steps)
    seconds = {
        "switch": fleet.policy.observe_seconds,
        "bake": fleet.policy.bake_seconds,
        "ramp": max((portion.hold_seconds for portion in portions), default=0),
    }
    return max((seconds.get(question, 0) for question in questions), default=0)


def objectives(fleet: Fleet) -> list[tuple[Gate, Objective]]:
    """The gates with an objective, each once: what is asked in the switch may be asked in the bake again."""
    gates = {gate.name: gate for gate in (*fleet.gates.switch, *fleet.gates.bake) if not gate.dry_run}
    return [(gate, gate.slo) for gate in gates.values() if gate.slo is not None]
