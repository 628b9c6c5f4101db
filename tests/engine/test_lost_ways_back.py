"""A rollback that fails because the safe slot's cluster cannot take anybody: what becomes of users then."""

from __future__ import annotations

import msgspec

from shared.model import Outcome
from shared.probes import Answer, ClusterState, Probe, Unavailable
from tests.engine.test_second_lever import started, users_on
from tests.engine.test_trouble import minutes, nowhere_to_go, rig
from tests.fleets import ADDRESSES, BLUE, GREEN, policy


async def test_users_stay_where_they_are_after_a_rollback_that_has_nowhere_to_go() -> None:
    it, _ = await nowhere_to_go()
    assert (await it.ended()).outcome is Outcome.ROLLBACK_FAILED
    await minutes(it, 20)
    assert it.traffic_at() == ADDRESSES[GREEN]
    told = [entry.because for entry in await it.store.audit("contoso")]
    assert told[-1].endswith("blue has no cluster any more: users stay where they are")


async def test_users_are_brought_back_after_a_failed_rollback_once_the_cluster_has_been_started() -> None:
    it, _ = await rig(policy=policy(deadlines={"divert": 60}))
    it.world.estate.timings = msgspec.structs.replace(it.world.estate.timings, start_seconds=1800)
    await it.publish_version()
    await it.until("bake")
    it.world.clusters.stop(it.fleet.slot(BLUE).cluster_id)
    await minutes(it, 8)
    await it.fire()
    assert (await it.ended()).outcome is Outcome.ROLLBACK_FAILED
    await minutes(it, 20)
    assert it.traffic_at() == ADDRESSES[GREEN], "the cluster still starts"
    await minutes(it, 20)
    assert it.traffic_at() == ADDRESSES[BLUE]


async def test_nobody_is_sent_to_a_lost_cluster_while_nobody_can_say_whether_it_is_back() -> None:
    it, world = await nowhere_to_go()

    def dark(probe: Probe) -> Answer | None:
        return Unavailable("503") if probe == ClusterState(BLUE) else None

    world.instead = dark
    await minutes(it, 20)
    assert it.traffic_at() == ADDRESSES[GREEN]
    world.instead = lambda _: None
    await minutes(it, 5)
    assert it.traffic_at() == ADDRESSES[BLUE], "it was there all along"


async def test_a_front_door_above_the_record_leaves_users_where_they_are_as_well() -> None:
    it = await started()
    await it.until("bake")
    it.world.clusters.delete(it.fleet.slot(BLUE).cluster_id)
    await minutes(it, 8)
    await it.fire()
    assert (await it.ended()).outcome is Outcome.ROLLBACK_FAILED
    await minutes(it, 60)
    assert users_on(it) == {GREEN: 1.0}
