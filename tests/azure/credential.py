"""Credentials and trust for tests."""

from __future__ import annotations

import ssl
import time
from typing import Any, Self

from azure.core.credentials import AccessToken

from sandbox.wire.tls import Authority


class FixedCredential:
    """A credential whose token is the scope that it was asked for."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token for one scope."""
        self.scopes.extend(scopes)
        return AccessToken(scopes[0], int(time.time()) + 3600)

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""


def context(authority: Authority) -> ssl.SSLContext:
    """Trust in that authority alone."""
    return ssl.create_default_context(cafile=str(authority.file))
