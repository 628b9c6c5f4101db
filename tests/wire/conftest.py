"""Rigs for the tests of the wire door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sandbox.world import Faults
from shared.fleet import Fleet
from tests.fleets import FLEET
from tests.wire.rig import Rig, begin


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Rig]]]:
    """Starts a rig: `await start(fleet, faults=..., record=...)`."""
    async with AsyncExitStack() as stack:

        async def started(
            fleet: Fleet = FLEET, faults: Faults | None = None, record: Path | None = None
        ) -> Rig:
            return await begin(stack, tmp_path, fleet, faults or Faults(), record)

        yield started


@pytest.fixture
async def rig(start: Callable[..., Awaitable[Rig]]) -> Rig:
    """A rig of the public fleet without faults."""
    return await start()
