"""The sides that every promise is held against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sandbox.world import Faults
from tests.contract import subscription
from tests.contract.doors import DOORS, EVERYWHERE, ITSELF, STAND_IN, name
from tests.contract.levers import Lever
from tests.contract.sides import Side, Sides
from tests.contract.stand_in import StandIn, fleet_of


@pytest.fixture(params=DOORS)
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sides]:
    """Both doors to the same world."""
    async with AsyncExitStack() as stack:
        yield Sides(request.param, stack, tmp_path)


@pytest.fixture
async def side(make: Sides) -> Side:
    """A world in which nothing goes wrong."""
    return await make()


@pytest.fixture(params=STAND_IN, ids=name)
async def start(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[StandIn]]]:
    """Starts every lever behind both doors to the same world: `await start(faults)`."""
    door, row = request.param
    async with AsyncExitStack() as stack:
        sides = Sides(door, stack, tmp_path)

        async def started(faults: Faults | None = None) -> StandIn:
            return StandIn(await sides(fleet_of(row), faults), row)

        yield started


@pytest.fixture
async def stand_in(start: Callable[..., Awaitable[StandIn]]) -> StandIn:
    """Every lever in a world in which nothing goes wrong."""
    return await start()


@pytest.fixture(params=EVERYWHERE, ids=name)
async def lever(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lever]:
    """Every lever behind both doors to the world, and on Azure itself where it is named there."""
    door, row = request.param
    async with AsyncExitStack() as stack:
        if door == ITSELF:
            azure = await stack.enter_async_context(subscription.azure())
            yield await stack.enter_async_context(subscription.opened(row, azure))
        else:
            yield StandIn(await Sides(door, stack, tmp_path)(fleet_of(row)), row)
