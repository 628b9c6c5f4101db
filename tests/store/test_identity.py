"""With a managed identity the store shows a token that is meant for storage, and asks for it late."""

from __future__ import annotations

import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from azure.core.credentials import AccessToken, AccessTokenInfo

from shared.errors import NotFound
from shared.store.azure_tables import AzureTables
from shared.store.table_store import TableStore
from tests.store.samples import resources


class Identity:
    """A credential that remembers which scopes it was asked for."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token for an hour."""
        self.scopes.extend(scopes)
        return AccessToken("token-for-storage", int(time.time()) + 3600)

    async def get_token_info(self, *scopes: str, **_: Any) -> AccessTokenInfo:
        """The same in the newer form."""
        return AccessTokenInfo((await self.get_token(*scopes)).token, int(time.time()) + 3600)

    async def close(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> Identity:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_the_identity_is_asked_for_a_storage_token_at_the_first_request(tmp_path: Path) -> None:
    shown: list[str | None] = []

    async def answer(request: web.Request) -> web.Response:
        shown.append(request.headers.get("Authorization"))
        return web.json_response({"value": []})

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    identity = Identity()
    endpoint = f"https://127.0.0.1:{runner.addresses[0][1]}"
    tables = AzureTables.from_endpoint(endpoint, lambda: identity, connection_verify=str(tmp_path / "ca.pem"))
    assert identity.scopes == []
    with pytest.raises(NotFound):
        await TableStore(tables, resources).load("contoso-public")
    assert identity.scopes == ["https://storage.azure.com/.default"]
    assert shown == ["Bearer token-for-storage"]
    await tables.close()
    await runner.cleanup()
