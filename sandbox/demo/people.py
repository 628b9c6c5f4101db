"""The people of a rehearsal and the keys to it, made anew for each: who may sign in, and as what.

Decides names, roles and secrets. Refuses to know what anybody does with them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from msgspec import Struct

DOMAIN = "contoso.com"
ROLES = {"reader": "Reader", "operator": "Operator", "approver": "Approver"}
OPEN = ("/runtime/webhooks/eventgrid", "/api/events", "/api/alerts", "/api/health", "/api/page")
"""What asks for no sign-in, as `infra/modules/easy-auth.bicep` has it: it takes a key, or holds no data."""


class People(Struct, frozen=True):
    """Tokens and object ids of people by their role in lower case, and the function key of webhooks."""

    tokens: Mapping[str, str]
    key: str
    object_ids: Mapping[str, str]

    def token(self, who: str) -> str:
        """The bearer token of the reader, the operator or the approver."""
        return self.tokens[who]

    def secrets(self) -> tuple[str, ...]:
        """All that must never be read in a log, a person's claims among it."""
        return (*self.tokens.values(), self.key, *self.object_ids.values())

    def write(self, directory: Path) -> Path:
        """The file from which the Functions host knows them; nobody else on the machine may read it."""
        content = {
            "excluded_paths": OPEN,
            "tokens": {
                self.tokens[who]: {
                    "claims": [
                        ["preferred_username", address(who)],
                        ["oid", self.object_ids[who]],
                        ["roles", role],
                    ]
                }
                for who, role in ROLES.items()
            },
        }
        path = directory / "sign-in.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path


def people() -> People:
    """Somebody for each role, with a token that nobody else has."""
    return People(
        tokens={who: secrets.token_urlsafe(32) for who in ROLES},
        key=secrets.token_urlsafe(32),
        object_ids={who: str(uuid4()) for who in ROLES},
    )


def address(who: str) -> str:
    """The sign-in name of the reader, the operator or the approver."""
    return f"{who}@{DOMAIN}"
