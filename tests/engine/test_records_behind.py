"""Live records that are read as they were before their latest write: two of them are moved all the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import cycle

import pytest

from shared.engine import Engine
from shared.fleet import Fleet
from shared.model import Outcome
from shared.probes import Answer, Probe, RecordState
from tests.engine.rig import Rig
from tests.fleets import ADDRESSES, BLUE, GREEN, fleet, record
from tests.sim.distortion import stale

TWO = (record("aks"), record("api"))


class Behind:
    """A world in which each look, in turns, finds one of two records as it was before its latest write.

    It does so for as long as a replica may be behind.
    """

    def __init__(self, it: Rig) -> None:
        self._it = it
        self._turns = cycle(TWO)
        self.perform = it.observed.perform

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """The world's answers, but for the record whose turn it is."""
        answers = dict(await self._it.observed.observe(fleet, probes, now))
        probe = RecordState(next(self._turns))
        before = stale(self._it.world, probe.record, now)
        return {**answers, probe: before} if probe in answers and before is not None else answers


async def behind_from(step: str) -> Rig:
    """A rollout of two live records that has come to that step, from where on reads are behind."""
    it = await Rig(fleet(live_records=TWO)).applied()
    await it.publish_version()
    await it.until(step)
    it.engine = Engine(it.store, Behind(it), it.topic, it.clock)
    return it


def points_at(it: Rig) -> list[str]:
    """Where each live record points."""
    sets = (it.world.zones.get(each.zone_id, each.name, each.type) for each in TWO)
    return [", ".join(each.targets) for each in sets]


async def test_a_switch_of_two_records_goes_on_though_each_is_read_behind_after_a_write() -> None:
    it = await behind_from("platform_gate")
    assert (await it.until("converge")).step == "converge"
    assert points_at(it) == [ADDRESSES[GREEN]] * 2


@pytest.mark.parametrize("step", ["converge", "bake"])
async def test_a_way_back_of_two_records_ends_though_each_is_read_behind_after_a_write(step: str) -> None:
    it = await behind_from(step)
    await it.fire()
    assert (await it.ended()).outcome is Outcome.ROLLED_BACK
    assert points_at(it) == [ADDRESSES[BLUE]] * 2
