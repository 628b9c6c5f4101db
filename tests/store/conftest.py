"""Both stores behind one fixture: in memory, and on Azurite through the Azure SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from sandbox.memory_store import MemoryTables
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from shared.store.tables import Tables
from tests.store.samples import resources


@pytest.fixture(params=["memory", "azurite"])
async def tables(request: pytest.FixtureRequest) -> AsyncIterator[Tables]:
    """The tables under test; what holds for one must hold for the other."""
    if request.param == "memory":
        yield MemoryTables()
        return
    service = AzureTables.from_connection_string(request.getfixturevalue("azurite").connection_string)
    yield service
    await service.close()


@pytest.fixture
def store(tables: Tables) -> TableStore:
    """The store over them."""
    return TableStore(tables, resources)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A fleet name that no other test uses, because Azurite is the same for all of them."""
    return f"fleet-{sha256(request.node.nodeid.encode()).hexdigest()[:12]}"
