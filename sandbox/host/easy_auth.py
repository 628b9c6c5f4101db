"""App Service Authentication as this host plays it: it stands before every route and alone names the caller.

Decides who a bearer token is, by a file of known tokens in place of Microsoft Entra ID, and which paths ask
for no sign-in. It takes away what a client claims to be before it looks. Refuses to know what anybody may
do. A browser signs in at `/.auth/login/aad?token=TOKEN&post_login_redirect_uri=/api/page` and gets a cookie.

The file is JSON: `{"excluded_paths": ["/api/health"], "tokens": {"TOKEN": {"claims": [["roles",
"Reader"]]}}}`. Its lies: no token here is signed, expires or has an audience, and one may be in the address
of the sign-in.

Source: https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
"""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sandbox.host.errors import StartError

HEADER = "x-ms-client-principal"
LOGIN = "/.auth/login/aad"
SESSION = "AppServiceAuthSession"
ENABLED = "WEBSITE_AUTH_ENABLED"
_TAKEN = (HEADER, "x-ms-token-aad-")
_NAME_KIND = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
_ROLE_KIND = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
_NAMES = ("preferred_username", "name", "appid")
_BEARER = "bearer "

Claims = tuple[tuple[str, str], ...]


class EasyAuth(NamedTuple):
    """Known tokens with their claims, and the paths that are open, in lower case."""

    tokens: Mapping[str, Claims]
    excluded_paths: frozenset[str]

    def admit(self, path: str, headers: Mapping[str, str]) -> dict[str, str] | None:
        """The headers that the app gets, names in lower case; None where nobody may pass."""
        kept = {name.lower(): value for name, value in headers.items()}
        kept = {name: value for name, value in kept.items() if not name.startswith(_TAKEN)}
        if path.lower() in self.excluded_paths:
            return kept
        authorization = kept.get("authorization", "")
        bearer = authorization[len(_BEARER) :] if authorization.lower().startswith(_BEARER) else ""
        claims = self._claims(bearer or _session(kept.get("cookie", "")))
        return kept | principal(claims) if claims is not None else None

    def session(self, token: str) -> str | None:
        """The cookie by which a browser stays signed in; None for a token that is not known."""
        if self._claims(token) is None:
            return None
        return f"{SESSION}={token}; Path=/; HttpOnly; SameSite=Strict"

    def _claims(self, token: str) -> Claims | None:
        given = token.strip().encode("utf-8", "surrogateescape")
        return next(
            (claims for token, claims in self.tokens.items() if hmac.compare_digest(given, token.encode())),
            None,
        )


def _session(cookies: str) -> str:
    """The token that a browser's session holds."""
    named = (each.strip().partition("=") for each in cookies.split(";"))
    return next((value for name, _, value in named if name == SESSION), "")


def principal(claims: Claims) -> dict[str, str]:
    """The headers that name a caller."""
    told = {
        "auth_typ": "aad",
        "claims": [{"typ": kind, "val": value} for kind, value in claims],
        "name_typ": _NAME_KIND,
        "role_typ": _ROLE_KIND,
    }
    first = dict(reversed(claims))
    name = next((first[kind] for kind in _NAMES if kind in first), "")
    return {
        HEADER: b64encode(json.dumps(told).encode()).decode(),
        f"{HEADER}-id": first.get("oid", ""),
        f"{HEADER}-name": name,
        f"{HEADER}-idp": "aad",
    }


def read(path: Path) -> EasyAuth:
    """The file. Raises StartError where it is not one."""
    try:
        content = json.loads(path.read_text("utf-8"))
        tokens = {
            str(token): tuple((str(kind), str(value)) for kind, value in about["claims"])
            for token, about in content["tokens"].items()
        }
        return EasyAuth(tokens, frozenset(str(each).lower() for each in content["excluded_paths"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StartError([f"{path}: not a file of tokens: {type(error).__name__}"]) from error
