"""Where users' sessions live: in one gateway's memory, or in a store that both slots share.

Decides whether a session is still known. The guide asks for a shared store, because whatever a slot keeps to
itself its users lose in a switch.
"""

from __future__ import annotations

import secrets
from enum import StrEnum

COOKIE = "sid"


class Kept(StrEnum):
    """What became of a request's session."""

    NEW = "new"
    KEPT = "kept"
    LOST = "lost"


class Sessions:
    """The requests that were made in each session so far, by its id."""

    def __init__(self) -> None:
        self._requests: dict[str, int] = {}

    def visit(self, session: str) -> tuple[str, int, Kept]:
        """Count a request; its session's id, number within it, and whether the session was known.

        An empty `session` opens one, and so does one that is not known here.
        """
        known = self._requests.get(session)
        if known is not None:
            self._requests[session] = known + 1
            return session, known + 1, Kept.KEPT
        # No other store may have given the same name: a user who meets it there has lost the session.
        opened = secrets.token_hex(8)
        self._requests[opened] = 1
        return opened, 1, Kept.LOST if session else Kept.NEW


def session_in(cookies: str) -> str:
    """The session's id in a `Cookie` header, empty where there is none."""
    for cookie in cookies.split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
