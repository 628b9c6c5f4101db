"""Decides for how long the steps that ask a gate watch users. Refuses to know what it says."""

from __future__ import annotations

from collections.abc import Iterable

from shared.fleet import Fleet


def watched_seconds(fleet: Fleet, questions: Iterable[str]) -> int:
    """The longest time, of the steps that ask these questions; 0 where none has users."""
    portions = (*((fleet.shift.match,) if fleet.shift.match else ()), *fleet.shift.steps)
    seconds = {
        "switch": fleet.policy.observe_seconds,
        "bake": fleet.policy.bake_seconds,
        "ramp": max((portion.hold_seconds for portion in portions), default=0),
    }
    return max((seconds.get(question, 0) for question in questions), default=0)
