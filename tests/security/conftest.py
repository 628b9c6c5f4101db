"""The API over a whole Switchyard in memory, as `tests/api` has it."""

from __future__ import annotations

from tests.api.conftest import client

__all__ = ["client"]
