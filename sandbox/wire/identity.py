"""Managed identity as App Service offers it, and the tokens that the other services accept.

Decides who gets a token, for which audience and for how long, and whether a token that comes back is good.
Refuses to know what is done with one. Tokens live by real time: the client library compares `expires_on`
with the system's clock, whatever a rehearsal's clock shows.

Source: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sandbox.wire.errors import Unauthorized

API_VERSION = "2019-08-01"
LIFETIME_SECONDS = 86_400
PATH = "/msi/token"


class Identity:
    """The managed identity of the controller. `header` is the secret that its requests must carry.

    `issued` holds every token that it gave.
    """

    def __init__(self) -> None:
        self.issued: list[str] = []
        self.header = secrets.token_hex(16)
        self._key = secrets.token_bytes(32)

    def application(self) -> web.Application:
        """The endpoint, over plain HTTP as on App Service."""
        app = web.Application()
        app.router.add_get(PATH, self._handle)
        return app

    def issue(self, resource: str) -> tuple[str, int]:
        """A token for an audience, and when it expires in seconds since 1970."""
        expires_on = int(time.time()) + LIFETIME_SECONDS
        claims = {"aud": resource, "exp": expires_on, "iss": "https://sts.windows.net/stand-in/"}
        content = f"{_encode({'alg': 'HS256', 'typ': 'JWT'})}.{_encode(claims)}"
        self.issued.append(f"{content}.{self._sign(content)}")
        return self.issued[-1], expires_on

    def check(self, headers: Mapping[str, str], audiences: tuple[str, ...]) -> None:
        """Accept a request's bearer token. Raises Unauthorized."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "Authentication failed. The 'Authorization' header is missing."
            raise Unauthorized("AuthenticationFailed", message)
        claims = self._claims(token)
        if claims["exp"] <= time.time():
            raise Unauthorized(
                "ExpiredAuthenticationToken", "The access token expiry UTC time is in the past."
            )
        if str(claims["aud"]).rstrip("/") not in {each.rstrip("/") for each in audiences}:
            allowed = ",".join(f"'{each}'" for each in audiences)
            raise Unauthorized(
                "InvalidAuthenticationTokenAudience",
                f"The access token has been obtained for wrong audience or resource '{claims['aud']}'. "
                f"It should exactly match with one of the allowed audiences {allowed}.",
            )

    def _claims(self, token: str) -> dict[str, Any]:
        content, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(content).encode()):
            raise Unauthorized("InvalidAuthenticationToken", "The access token is invalid.")
        claims: dict[str, Any] = json.loads(_decode(content.split(".")[1]))
        return claims

    def _sign(self, content: str) -> str:
        return _text(hmac.digest(self._key, content.encode(), "sha256"))

    async def _handle(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(
            request.headers.get("X-IDENTITY-HEADER", "").encode(), self.header.encode()
        ):
            return _refuse(401, "The X-IDENTITY-HEADER is missing or wrong.")
        if request.query.get("api-version") != API_VERSION:
            return _refuse(400, f"api-version must be {API_VERSION}.")
        resource = request.query.get("resource")
        if not resource:
            return _refuse(400, "resource is missing.")
        token, expires_on = self.issue(resource)
        return web.json_response(
            {
                "access_token": token,
                "client_id": "00000000-0000-0000-0000-000000000001",
                "expires_on": str(expires_on),
                "resource": resource,
                "token_type": "Bearer",
            }
        )


def _refuse(status: int, message: str) -> web.Response:
    return web.json_response({"statusCode": status, "message": message}, status=status)


def _encode(value: object) -> str:
    return _text(json.dumps(value).encode())


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
