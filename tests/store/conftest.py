"""Both stores behind one fixture: in memory, and on Azurite through the Azure SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.azurite import Azurite
from sandbox.memory_store import MemoryStore
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from tests.store.samples import resources


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """One Azurite for all tests of a process; each test uses fleets of its own name."""
    with Azurite() as running:
        yield running


@pytest.fixture
async def tables(azurite: Azurite) -> AsyncIterator[AzureTables]:
    """The table service of Azurite."""
    service = AzureTables.from_connection_string(azurite.connection_string)
    yield service
    await service.close()


@pytest.fixture(params=["memory", "azurite"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[TableStore]:
    """The store under test; what holds for one must hold for the other."""
    if request.param == "memory":
        yield MemoryStore(resources)
        return
    service = AzureTables.from_connection_string(request.getfixturevalue("azurite").connection_string)
    yield TableStore(service, resources)
    await service.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A fleet name that no other test uses."""
    return "fleet-" + "".join(c if c.isalnum() else "-" for c in request.node.name)[:80]
