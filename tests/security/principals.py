"""Principals as App Service Authentication writes them, for tests that have to be somebody."""

from __future__ import annotations

import json
from base64 import b64encode

ROLE_KIND = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
EVENT_GRID = "4962773b-9cdb-44cf-a8bf-237846a00ab7"
ACTION_GROUPS = "461e8683-5575-4561-ac7f-899cc907d62a"


def encoded(*claims: tuple[str, str], auth_typ: str = "aad", **fields: str) -> str:
    """The value of the header `X-MS-CLIENT-PRINCIPAL`."""
    told = {
        "auth_typ": auth_typ,
        "claims": [{"typ": kind, "val": value} for kind, value in claims],
        "name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "role_typ": ROLE_KIND,
        **fields,
    }
    return b64encode(json.dumps(told).encode()).decode()


def person(*roles: str, name: str = "olivia@contoso.com") -> str:
    """Somebody who is signed in, with these app roles."""
    return encoded(
        ("preferred_username", name),
        ("oid", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"),
        *(("roles", role) for role in roles),
    )
