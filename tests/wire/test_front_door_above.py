"""A Front Door above a record, on the wire and by the Azure adapters: it passes on, or sends straight."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from azure.mgmt.cdn.aio import CdnManagementClient

from shared.actions import SetWeights
from shared.azure.connection import Connection
from shared.azure.world import AzureWorld
from shared.levers import THROUGH, SwitchKind
from shared.probes import BalancerSeen, BalancerState
from tests.azure.rig import WireCredential, trust
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import composite_fleet
from tests.wire.rig import Rig

STRAIGHT: dict[str, int] = {BLUE: 0, GREEN: 100, THROUGH: 0}
ON: dict[str, int] = {BLUE: 0, GREEN: 0, THROUGH: 100}
TAKE_SECONDS = 1800

type Start = Callable[..., Awaitable[Rig]]


@asynccontextmanager
async def azure(rig: Rig) -> AsyncIterator[AzureWorld]:
    """The adapters over the wire."""
    endpoint, credential = rig.wire.arm_endpoint, WireCredential(rig.wire)
    connection = Connection(arm_endpoint=endpoint, credential=credential, tls=trust(rig.wire))
    try:
        yield AzureWorld(connection)
    finally:
        await connection.aclose()


async def told(world: AzureWorld, rig: Rig) -> dict[str, int]:
    """Percent by member, as the adapter reads them."""
    assert rig.world.fleet.above is not None
    probe = BalancerState(rig.world.fleet.above)
    found = (await world.observe(rig.world.fleet, frozenset({probe}), rig.clock.now()))[probe]
    assert isinstance(found, BalancerSeen), found
    return found.weights


async def test_the_origin_that_passes_on_is_on_the_records_own_name(start: Start) -> None:
    rig = await start(composite_fleet())
    cdn: Any = await rig.client(CdnManagementClient)
    listed = cdn.afd_origins.list_by_origin_group("rg-network", "contoso-edge", "aks")
    hosts = {o.name: (o.properties.host_name, o.properties.enabled_state) async for o in listed}
    assert hosts == {
        "aks-blue": ("aks-blue.contoso.com", "Disabled"),
        "aks-green": ("aks-green.contoso.com", "Disabled"),
        "aks-contoso-com": ("aks.contoso.com", "Enabled"),
    }


@pytest.mark.parametrize("kind", [SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC])
async def test_users_go_straight_to_a_slot_and_through_again_and_never_nowhere(
    start: Start, kind: SwitchKind
) -> None:
    rig = await start(composite_fleet(kind))
    above = rig.world.fleet.above
    assert above is not None
    async with azure(rig) as world:
        assert await told(world, rig) == {THROUGH: 100}
        for epoch, weights in enumerate([STRAIGHT, STRAIGHT, ON, ON]):
            await world.perform(rig.world.fleet, SetWeights(above, weights), epoch=epoch)
            rig.clock.pass_seconds(TAKE_SECONDS)
            if epoch == 1:
                assert await told(world, rig) == {GREEN: 100}
        assert await told(world, rig) == {THROUGH: 100}
    enabled = [
        {slot for slot in (BLUE, GREEN, THROUGH) if change.members[above.member(slot).name].enabled}
        for change in rig.world.balancers.history(above)
    ]
    assert all(enabled), "somebody takes the requests at every moment"
    both = {GREEN, THROUGH}
    steps = [{THROUGH}, both, {GREEN}, both, {THROUGH}]
    classic = [{THROUGH}, {GREEN}, {THROUGH}]
    # The classic one is told again by each epoch, and all of its backends in one change.
    distinct = [each for before, each in zip([None, *enabled], enabled, strict=False) if each != before]
    assert distinct == (steps if kind is SwitchKind.FRONT_DOOR else classic)
