"""The API over a whole Switchyard in memory, and requests in one line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.api.access import Role
from shared.api.handlers import Api
from shared.api.http import Request, Response, respond
from shared.api.identity import Caller, Principal
from shared.api.intake import Intake
from shared.store.evidence import EvidenceRows
from tests.engine.rig import Rig
from tests.fleets import FLEET

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "contoso-public.yaml"
RINGS = EXAMPLE.with_name("contoso-rings.yaml")


OLIVIA = Principal(name="olivia@contoso.com", roles=frozenset(Role))
"""Somebody with every role."""


class Client:
    """Calls handlers as the function app does, for somebody with every role."""

    def __init__(self) -> None:
        self.rig = Rig(FLEET)
        self.intake = Intake(self.rig.store, self.rig.engine, self.rig.clock)
        self.api = Api(
            self.rig.store, EvidenceRows(self.rig.tables), self.intake, self.rig.clock, self.rig.observed
        )

    async def swept(self) -> None:
        """The timer ticks the fleets whose turn it is."""
        for name in await self.rig.engine.sweep():
            await self.rig.engine.tick(name)

    async def call(
        self,
        handler: Callable[[Request], Awaitable[Response]],
        body: Any = None,
        headers: dict[str, str] | None = None,
        method: str = "POST",
        path: dict[str, str] | None = None,
        caller: Caller = OLIVIA,
        query: dict[str, str] | None = None,
        **names: str,
    ) -> Response:
        """One request; `body` is sent as it is if it is bytes, else as JSON. `names` are of the path too."""
        raw = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        request = Request(
            method=method,
            path={**(path or {}), **names},
            headers=headers or {},
            query=query or {},
            body=raw,
            caller=caller,
        )
        return await respond(handler, request)


def content(response: Response) -> Any:
    """The response's JSON."""
    return msgspec.json.decode(response.body)


@pytest.fixture
async def client() -> Client:
    """An API that knows the fleet `contoso`."""
    client = Client()
    await client.rig.applied()
    return client
