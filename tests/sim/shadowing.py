"""Some seeds over fleets in shadow: the same life, in which nothing may change.

Drawn by itself, so that every other seed means what it meant. Decides nothing but that.
"""

from __future__ import annotations

from random import Random

import msgspec

from shared.model import Outcome
from tests.sim.scenario import Scenario

_SHARE = 0.05


def over_shadows(scenario: Scenario) -> Scenario:
    """The scenario, now and then with its fleet in shadow."""
    if Random(f"shadows {scenario.seed}").random() >= _SHARE:
        return scenario
    fleet = msgspec.structs.replace(scenario.fleet, shadow=True)
    expected = scenario.expected
    if expected is not None and not scenario.faults.check_objects:
        # What is wrong with a candidate never shows: there is none.
        expected = Outcome.COMPLETED
    return msgspec.structs.replace(scenario, fleet=fleet, expected=expected)
