"""Which seeds have a Front Door above their record, and what goes wrong there: drawn apart from all the rest.

A seed that draws nothing here is the same as if this module were not there. Decides when the record's control
plane is out, on the way forward and back; refuses to know what becomes of it.
"""

from __future__ import annotations

from random import Random

import msgspec

from sandbox.world.settings import Family, Outage
from shared.levers import MATCHING, SwitchKind
from tests.fleets_balanced import under_a_front_door
from tests.sim.scenario import CHAOS_SECONDS, START_SECONDS, Scenario

SHARE = 0.06
_PROPAGATION_SECONDS = 150
"""A little longer than the world takes."""


def above_a_record(scenario: Scenario) -> Scenario:
    """The scenario, in a part of the seeds with a Front Door that passes users on to its one record."""
    chance = Random(f"above {scenario.seed}")
    fleet = scenario.fleet
    public = [each.kind is SwitchKind.AZURE_DNS for each in fleet.live_records]
    if chance.random() >= SHARE or fleet.balancers or public != [True]:
        return scenario
    above = under_a_front_door(chance.choice(sorted(MATCHING)), propagation_seconds=_PROPAGATION_SECONDS)
    outages = [_outage(chance, Family.DNS, (300, 900, 3600))] if chance.random() < 0.9 else []
    outages += [_outage(chance, Family.FRONT_DOOR, (120, 900))] if chance.random() < 0.25 else []
    burns = scenario.faults.slow_burn or chance.random() < 0.5
    faults = msgspec.structs.replace(
        scenario.faults, slow_burn=burns, outages=(*scenario.faults.outages, *outages)
    )
    weather = bool(outages) or burns != scenario.faults.slow_burn
    return msgspec.structs.replace(
        scenario,
        fleet=msgspec.structs.replace(fleet, above=above),
        faults=faults,
        meddlings=(),
        expected=None if weather else scenario.expected,
    )


def _outage(chance: Random, family: Family, lasts: tuple[int, ...]) -> Outage:
    begin = START_SECONDS + chance.uniform(500, 2000)
    return Outage(
        family=family,
        from_seconds=begin,
        until_seconds=min(begin + chance.choice(lasts), START_SECONDS + CHAOS_SECONDS),
        status=chance.choice((403, 409, 429, 503, 0)),
        retry_after_seconds=chance.choice((None, 30.0, 120.0)),
    )
