"""One Azurite for all tests of a session, started when the first of them asks for it."""

from collections.abc import Iterator

import pytest

from sandbox.azurite import Azurite


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    with Azurite() as storage:
        yield storage
