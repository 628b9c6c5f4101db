"""The two sides that every promise is held against."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.contract.sides import Side, Sides


@pytest.fixture(params=["ports", "azure"])
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sides]:
    """Both doors to the same world."""
    async with AsyncExitStack() as stack:
        yield Sides(request.param, stack, tmp_path)


@pytest.fixture
async def side(make: Sides) -> Side:
    """A world in which nothing goes wrong."""
    return await make()
