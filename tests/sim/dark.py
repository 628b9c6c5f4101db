"""A night in which a candidate has to go back while nobody can read a lever. Drawn, as all of a scenario."""

from __future__ import annotations

from random import Random

import msgspec

from sandbox.world import Faults
from sandbox.world.settings import Family, Outage
from shared.fleet import Fleet
from tests.sim.scenario import START_SECONDS


def dark_way_back(chance: Random, fleet: Fleet) -> tuple[Fleet, Faults]:
    """A candidate that has to go back while nobody can read a record."""
    begin = START_SECONDS + chance.uniform(1500, 2700)
    dark = Outage(family=Family.ARM, from_seconds=begin, until_seconds=begin + chance.uniform(1200, 3600))
    deadlines = {**fleet.policy.deadlines, "divert": 300}
    policy = msgspec.structs.replace(fleet.policy, deadlines=deadlines, settle_seconds=120)
    return msgspec.structs.replace(fleet, policy=policy), Faults(slow_burn=True, outages=(dark,))
