"""What a verdict leads to. Silence is not success; a provider's trouble is never the candidate's fault."""

from __future__ import annotations

from shared.model import HoldKind, Rollout, Verdict
from stages.step import Move, advance, fail, hold, wait


def before_switch(rollout: Rollout, verdict: Verdict, because: str, passed: str) -> Move:
    """T1 and T2: pass advances, fail stops, inconclusive holds and asks, the rest waits for its deadline."""
    if verdict is Verdict.PASS:
        return advance(rollout, passed)
    if verdict is Verdict.FAIL:
        return fail(rollout, because)
    if verdict is Verdict.INCONCLUSIVE:
        return hold(rollout, because, HoldKind.GATE)
    failures = rollout.failures + 1 if verdict is Verdict.PROVIDER_ERROR else 0
    return wait(rollout, because, failures=failures)


def unseen(rollout: Rollout, because: str) -> Move:
    """The provider could not say; look again at the next poll, on a budget of its own."""
    return wait(rollout, because, failures=rollout.failures + 1)
