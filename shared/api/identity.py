"""Who calls: what App Service Authentication says about a request, read into a value.

Decides what is believed: the header that the platform writes, and only where the app says that the platform
does so, because anybody can send it to an app without App Service Authentication. Refuses to know what
anybody may do (`access`), and keeps nothing of a token but the roles and two names.

Source: https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from shared.errors import Refused
from shared.signals.body import shown, text

HEADER = "x-ms-client-principal"
ENTRA = "aad"

_UNTRUSTED = (
    "nobody can sign in here: turn on App Service Authentication for this app, "
    "and then set SWITCHYARD_TRUST_EASY_AUTH to true"
)
_UNSIGNED = "nobody is signed in: send an access token of Microsoft Entra ID as Authorization: Bearer"
_CHARACTERS_MAX = 64 * 1024
# App Service maps some claims of a token to the long names of older tokens.
_SCHEMAS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_SIGN_IN_NAMES = ("preferred_username", "upn", f"{_SCHEMAS}/upn")
_ROLES = ("roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role")
_APPLICATIONS = ("azp", "appid")


class Principal(Struct, frozen=True, kw_only=True):
    """Somebody whom the platform has verified.

    `name` is a person's sign-in name, or `application` and its id where no person is behind the token: the
    only attribute that is kept of them. `application` is the client id that the token was issued to.
    """

    name: str
    roles: frozenset[str] = frozenset()
    application: str | None = None


class Nobody(Struct, frozen=True):
    """Nobody is verified; `because` says to the caller what is missing."""

    because: str = _UNTRUSTED


Caller = Principal | Nobody


class _Claim(Struct, frozen=True):
    typ: str
    val: str


class _Told(Struct, frozen=True):
    auth_typ: str
    claims: tuple[_Claim, ...]
    name_typ: str | None = None
    role_typ: str | None = None

    def first(self, *kinds: str | None) -> str | None:
        """The value of the first kind of claim that there is."""
        return next((c.val for kind in kinds for c in self.claims if kind and c.typ == kind and c.val), None)


def caller(headers: Mapping[str, str], *, trusted: bool) -> Caller:
    """Who sent a request. `trusted` says that the platform alone writes the principal's header."""
    if not trusted:
        return Nobody(_UNTRUSTED)
    header = headers.get(HEADER)
    if not header:
        return Nobody(_UNSIGNED)
    try:
        return _principal(header)
    except Refused as refusal:
        return Nobody(str(refusal))


def _principal(header: str) -> Principal:
    told = _read(header)
    if told.auth_typ != ENTRA:
        raise Refused(f"sign-in: got {shown(told.auth_typ)}, expected Microsoft Entra ID ({ENTRA})")
    application = told.first(*_APPLICATIONS)
    name = told.first(*_SIGN_IN_NAMES, told.name_typ) or (application and f"application {application}")
    kinds = {*_ROLES, told.role_typ}
    return Principal(
        name=text(name, "sign-in", "a token with a person's sign-in name or an application's id"),
        roles=frozenset(claim.val for claim in told.claims if claim.typ in kinds),
        application=application,
    )


def _read(header: str) -> _Told:
    """What the platform has written. A refusal never quotes it: it holds a person's claims."""
    if len(header) <= _CHARACTERS_MAX:
        try:
            return msgspec.json.decode(b64decode(header, validate=True), type=_Told)
        except (ValueError, RecursionError):
            pass
    raise Refused(f"{HEADER}: got something else, expected what App Service Authentication writes")
