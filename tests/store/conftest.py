"""Both stores behind one fixture: in memory, and on Azurite through the Azure SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from sandbox.memory_store import MemoryStore
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from tests.store.samples import resources


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
    """A fleet name that no other test uses, because Azurite is the same for all of them."""
    return f"fleet-{sha256(request.node.nodeid.encode()).hexdigest()[:12]}"
