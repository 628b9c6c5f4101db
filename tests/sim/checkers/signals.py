"""Invariants 6 and 7: what was acknowledged is applied once; what can be observed need not arrive at all."""

from __future__ import annotations

from collections import Counter

import msgspec

import stages
from shared.model import COMMANDS, Outcome, Signal, SignalKind
from tests.sim.checkers.base import Checker
from tests.sim.facts import ClaimMade, Ending

_OBSERVABLE = frozenset(
    {
        SignalKind.RESOURCE_CHANGED,
        SignalKind.NODE_POOL_ROLLING,
        SignalKind.SUPPORT_ENDED,
        SignalKind.SUPPORT_ENDING,
    }
)
_VERSIONS = (SignalKind.VERSION_AVAILABLE, SignalKind.VERSION_PUBLISHED)
"""Not judged before the live cluster's version could be read."""


class AppliedOnce(Checker):
    """An acknowledged signal is stored, and consumed by one claim, whose row says what became of it."""

    invariant = "6"

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._consumed: Counter[str] = Counter()

    def claimed(self, claim: ClaimMade) -> None:
        if not claim.seen.signals and not claim.decision.dispositions:
            return
        answered = {disposition.id for disposition in claim.decision.dispositions}
        left = [s for s in claim.seen.signals if s.id not in answered and s.kind not in _VERSIONS]
        if left:
            self.broken(f"epoch {claim.decision.state.epoch} leaves a {left[0].kind.value} without an answer")
        for disposition in claim.decision.dispositions:
            self._consumed[disposition.id] += 1
            if self._consumed[disposition.id] > 1:
                self.broken(f"{disposition.id} was applied twice")
            if not disposition.because:
                self.broken(f"{disposition.id} was answered without a reason")

    def acknowledged(self, signal: Signal, pending: tuple[Signal, ...]) -> None:
        waits = any(each.id == signal.id for each in pending)
        if not waits and not self._consumed[signal.id]:
            self.broken(f"{signal.kind.value} {signal.id} was acknowledged and is not stored")

    def ended(self, ending: Ending) -> None:
        for id_, because in ending.dispositions.items():
            if self._consumed[id_] != 1 or not because:
                kind = self.facts.acknowledged[id_].kind.value
                self.broken(f"{kind} {id_} was acknowledged and never applied, and nothing says why")


class LatencyOnly(Checker):
    """News changes nothing that a poll at the same moment would not; weather never changes the ending."""

    invariant = "7"

    def claimed(self, claim: ClaimMade) -> None:
        signals = claim.seen.signals
        if not signals or any(signal.kind not in _OBSERVABLE for signal in signals) or not claim.stays:
            return
        silent = msgspec.structs.replace(claim.seen, signals=())
        polled = stages.decide(claim.row.fleet, claim.row.plan, claim.row.state, silent)
        if polled.state != claim.decision.state or polled.actions != claim.decision.actions:
            kinds = ", ".join(signal.kind.value for signal in signals)
            self.broken(f"{kinds} changed what a poll would have decided: {claim.decision.because}")

    def ended(self, ending: Ending) -> None:
        expected = self.facts.scenario.expected
        commanded = any(s.kind in COMMANDS for s in self.facts.acknowledged.values())
        if expected is None or commanded or self.facts.plan != self.facts.fleet:
            return
        first: Outcome | None = ending.rollouts[-1].outcome if ending.rollouts else None
        if first is not expected:
            because = ending.rollouts[-1].because if ending.rollouts else "nothing started"
            self.broken(f"weather alone made it end {first}, {expected} was due: {because}")
