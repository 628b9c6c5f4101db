"""How a story is entered among those that golden histories tell, and the small fleet that it is told of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.world import Faults
from shared import fleet_file
from shared.fleet import Fleet
from tests.fleet_file.examples import TEXTS
from tests.fleets import FLEET
from tests.golden.recording import Story, Tell

TIMES = {"poll_seconds": 120, "observe_seconds": 240, "bake_seconds": 360, "settle_seconds": 240}
STORIES: dict[str, Story] = {}


def story(name: str, told: str, *, faults: Faults | None = None, **changes: Any) -> Callable[[Tell], Tell]:
    """Enter a story. `changes` are the fleet's; those of its policy come as a dict."""

    def enter(tell: Tell) -> Tell:
        fleet = _fleet(**changes)
        STORIES[name] = Story(name=name, told=told, fleet=fleet, faults=faults or Faults(), tell=tell)
        return tell

    return enter


def _fleet(example: str | None = None, policy: dict[str, Any] | None = None, **changes: Any) -> Fleet:
    """The fleet of the tests, or one of the examples, in a hurry: every poll is a row."""
    fleet = fleet_file.parse(TEXTS[example]) if example else FLEET
    policies = msgspec.structs.replace(fleet.policy, **TIMES, **(policy or {}))
    return msgspec.structs.replace(fleet, policy=policies, **changes)
