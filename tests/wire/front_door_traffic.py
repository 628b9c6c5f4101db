"""Every order and every question of both Front Doors, with what goes well and what is refused."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.cdn.aio import CdnManagementClient

from shared.actions import Action, Purge, SetMatch, SetWeights
from shared.azure.connection import Connection
from shared.azure.world import AzureWorld
from shared.levers import Match
from shared.probes import BalancerState
from tests.azure.rig import WireCredential, trust
from tests.fleets import BLUE, GREEN
from tests.wire import test_front_door
from tests.wire.rig import Rig


async def refused(call: Awaitable[Any], status: int) -> None:
    """Expect that status."""
    with pytest.raises(HttpResponseError) as caught:
        await call
    assert caught.value.status_code == status


async def balancer_traffic(rig: Rig) -> None:
    """What the adapters ask and order, from a cut-over to a rollback, with a canary before each."""
    connection = Connection(
        arm_endpoint=rig.wire.arm_endpoint, credential=WireCredential(rig.wire), tls=trust(rig.wire)
    )
    world, lever = AzureWorld(connection), rig.world.fleet.balancers[0]
    header, cookie = Match(value="c", header="x-switchyard"), Match(value="c", cookie="switchyard")
    orders: list[Action] = [
        SetMatch(lever, header, GREEN),
        SetMatch(lever, cookie, GREEN),
        SetWeights(lever, {BLUE: 90, GREEN: 10}),
        SetMatch(lever, cookie, None),
        *[SetWeights(lever, {BLUE: 0, GREEN: 100})] * 2,
        Purge(lever),
        *[SetWeights(lever, {BLUE: 100, GREEN: 0})] * 2,
    ]
    for epoch, order in enumerate(orders):
        await world.observe(rig.world.fleet, frozenset({BalancerState(lever)}), rig.clock.now())
        await world.perform(rig.world.fleet, order, epoch=epoch)
        rig.clock.pass_seconds(1800)
    await connection.aclose()


async def profile_traffic(rig: Rig) -> None:
    """The same, and what is looked at and refused of a profile."""
    await balancer_traffic(rig)
    cdn, where = await rig.client(CdnManagementClient), test_front_door
    await cdn.afd_origins.get(*where.GREEN_ORIGIN)
    alone = cdn.afd_origins.list_by_origin_group(*where.PROFILE, "only-green")
    assert [each.name async for each in alone] == ["aks-green"]
    await refused(cdn.afd_origins.get(*where.ORIGINS, "other"), 404)
    await refused(cdn.rules.get(*where.RULE), 404)
    await cdn.rules.begin_delete(*where.RULE, polling=False)
    await refused(cdn.rules.begin_create(*where.RULE, where.rule(group="aks"), polling=False), 400)
