"""The hooks of the fleet's people: what they answer, and when.

Decides that a hook works for as long as `Timings` says on each question, by the question's id, and what it
finds then. A hook is at any host name whose first label is `hooks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.world.errors import ArmError
from sandbox.world.estate import Estate

LABEL = "hooks."
CALL_BACK_SECONDS = 20


class Hooks:
    """Every hook; `asked` holds each question that came, repeats included."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._first: dict[str, datetime] = {}
        self.asked: list[Mapping[str, Any]] = []

    def is_at(self, host: str) -> bool:
        """Whether a hook answers at this host name."""
        return host.lower().startswith(LABEL)

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer, in the words of the contract. Raises ArmError for a question without an id."""
        identity = question.get("id")
        if not isinstance(identity, str):
            raise ArmError(400, "BadRequest", "The question has no id.")
        self.asked.append(question)
        now = self._estate.now()
        first = self._first.setdefault(identity, now)
        if (now - first).total_seconds() < self._estate.timings.hook_seconds:
            return {"hookStatus": "IN_PROGRESS", "callBackDelay": CALL_BACK_SECONDS}
        bad = self._estate.faults.hook_fails and question.get("slot") == self._estate.candidate
        return {"hookStatus": "FAILED" if bad else "SUCCEEDED"}
