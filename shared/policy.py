"""The policies of a fleet: where a person has to say yes, and the times and limits of a rollout.

Frozen values that a fleet declares. They import nothing of ours and refuse to know who keeps to them.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Approvals(Struct, frozen=True, kw_only=True):
    """Where a person has to say yes."""

    start: bool = False
    switch: bool = False
    destroy: bool = False


class DriftPolicy(StrEnum):
    """What to do when somebody else moves a live record."""

    HOLD = "hold"
    REPAIR = "repair"


class Policy(Struct, frozen=True, kw_only=True):
    """Times and limits of a rollout. `deadlines` maps a step to seconds and overrides the runbook's.

    Verdicts are kept for `evidence_seconds` after a rollout's end, and for ever where that is 0.
    """

    observe_seconds: int = 600
    bake_seconds: int = 1800
    poll_seconds: int = 60
    propagation_seconds: int = 60
    settle_seconds: int = 600
    switch_ttl_seconds: int = 30
    keep_candidate: bool = True
    drift: DriftPolicy = DriftPolicy.HOLD
    alert_severities: tuple[str, ...] = ("Sev0", "Sev1", "Sev2", "Sev3", "Sev4")
    deadlines: dict[str, int] = {}
    evidence_seconds: int = 0
