"""The sides that every promise is held against."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sandbox.world import Faults
from tests.contract import subscription
from tests.contract.balancers import ROWS, Balanced, StandIn
from tests.contract.sides import Side, Sides
from tests.fleets_balanced import balanced_fleet

DOORS = ("ports", "azure")
ITSELF = "subscription"
STAND_IN = [pytest.param((door, row), id=f"{door}-{row.kind}") for door in DOORS for row in ROWS]
SUBSCRIPTION = [
    pytest.param((ITSELF, row), id=f"{ITSELF}-{row.kind}") for row in ROWS if subscription.declared(row.kind)
]


@pytest.fixture(params=DOORS)
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sides]:
    """Both doors to the same world."""
    async with AsyncExitStack() as stack:
        yield Sides(request.param, stack, tmp_path)


@pytest.fixture
async def side(make: Sides) -> Side:
    """A world in which nothing goes wrong."""
    return await make()


@pytest.fixture(params=STAND_IN)
async def start(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[StandIn]]]:
    """Starts every balancer behind both doors to the same world: `await start(faults)`."""
    door, row = request.param
    async with AsyncExitStack() as stack:
        sides = Sides(door, stack, tmp_path)

        async def started(faults: Faults | None = None) -> StandIn:
            return StandIn(await sides(balanced_fleet(row.kind), faults), row)

        yield started


@pytest.fixture
async def stand_in(start: Callable[..., Awaitable[StandIn]]) -> StandIn:
    """Every balancer in a world in which nothing goes wrong."""
    return await start()


@pytest.fixture(params=[*STAND_IN, *SUBSCRIPTION])
async def balanced(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Balanced]:
    """Every balancer behind both doors to the world, and on Azure itself where it is named there."""
    door, row = request.param
    async with AsyncExitStack() as stack:
        if door == ITSELF:
            yield await stack.enter_async_context(subscription.opened(row))
        else:
            yield StandIn(await Sides(door, stack, tmp_path)(balanced_fleet(row.kind)), row)
