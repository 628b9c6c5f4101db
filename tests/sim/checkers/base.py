"""What a checker is: one invariant of the design, told everything that really happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NoReturn

from shared.model import Signal
from shared.ports import OutboxEntry
from tests.sim.facts import ClaimMade, EffectMade, Ending, Facts


class Violation(Exception):
    """An invariant was broken."""


class Checker:
    """One invariant. Every method is called at the moment of what it is named after."""

    invariant: ClassVar[str]

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def claimed(self, claim: ClaimMade) -> None:
        """A claim is in the tables; `facts.state` is still the one before."""

    def performed(self, effect: EffectMade) -> None:
        """A worker has changed the world."""

    def published(self, entry: OutboxEntry) -> None:
        """A topic took an event."""

    def acknowledged(self, signal: Signal, pending: tuple[Signal, ...]) -> None:
        """A sender was told that its signal is in safe hands; `pending` wait in the tables."""

    def ended(self, ending: Ending) -> None:
        """Faults have stopped, and nothing moves any more."""

    def broken(self, sentence: str) -> NoReturn:
        """Raise the violation."""
        raise Violation(f"invariant {self.invariant}: {sentence}")


_HOOKS = ("claimed", "performed", "published", "acknowledged", "ended")


def asked(checkers: Sequence[Checker]) -> dict[str, list[Callable[..., Any]]]:
    """Whom to tell of what: for each hook of `Checker`, those that have one of their own."""
    return {hook: [getattr(each, hook) for each in checkers if hook in vars(type(each))] for hook in _HOOKS}
