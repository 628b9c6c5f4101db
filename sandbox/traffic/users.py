"""Virtual users over HTTP: they look a name up, connect, ask, and remember what became of it.

Decides nothing for the better: a user asks nothing twice, believes a name for its TTL alone, and keeps a
connection for as long as the other side does. Refuses to know which slot is the right one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from sandbox.traffic.caller import Failed, Line, call
from sandbox.traffic.gateway import SLOW
from sandbox.traffic.listener import Address
from sandbox.traffic.messages import Request, Response, closes
from sandbox.traffic.names import Names, Resolver
from sandbox.traffic.sessions import Kept

ANSWER_SECONDS_MAX = 10.0
"""A user's patience, in real seconds."""

SLOW_EVERY = 25
SLOW_SECONDS = 20.0


class Visit(NamedTuple):
    """One request: when it was made by the world's clock, who served it, why it failed (empty: it did not).

    `session` is `new`, `kept` or `lost`, empty where the user has none or nothing was answered.
    """

    started: datetime
    slot: str
    why: str
    session: str


class Habits(Struct, frozen=True, kw_only=True):
    """What a user does: keeps connections, carries cookies, asks for something slow now and then."""

    keeps: bool
    cookies: bool
    slow: bool


HABITS = (
    Habits(keeps=True, cookies=True, slow=False),
    Habits(keeps=False, cookies=True, slow=False),
    Habits(keeps=True, cookies=False, slow=True),
    Habits(keeps=False, cookies=False, slow=False),
)


class Street(NamedTuple):
    """What every client needs: whom to ask for names, where addresses are, and what time it is."""

    names: Names
    places: Mapping[str, Address]
    now: Callable[[], datetime]


class User:
    """One user of one host name."""

    def __init__(self, street: Street, host: str, habits: Habits) -> None:
        self._street = street
        self._host = host
        self._habits = habits
        self._resolver = Resolver(street.names, street.now)
        self._line: Line | None = None
        self._cookie = ""
        self._number = 0
        self._asked = 0

    async def visit(self) -> Visit:
        """Make one request."""
        started = self._street.now()
        self._asked += 1
        target = f"{SLOW}{SLOW_SECONDS:g}" if self._habits.slow and self._asked % SLOW_EVERY == 0 else "/"
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                response = await self._ask(target)
        except Failed as failed:
            return Visit(started, "", str(failed), "")
        except TimeoutError:
            self.close()
            return Visit(started, "", f"no answer within {ANSWER_SECONDS_MAX:.0f} s", "")
        slot = response.headers.get("x-slot", "")
        if response.status != 200:
            server = slot or response.headers.get("server", "nobody")
            return Visit(started, slot, f"{response.status} from {server}", "")
        return Visit(started, slot, "", self._remember(response))

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def _ask(self, target: str) -> Response:
        if self._line is None:
            self._line = await call(await locate(self._street, self._resolver, self._host))
        headers = {"host": self._host}
        if self._cookie:
            headers["cookie"] = self._cookie
        if not self._habits.keeps:
            headers["connection"] = "close"
        try:
            response = await self._line.ask(Request("GET", target, headers))
        except Failed:
            self.close()
            raise
        if not self._habits.keeps or closes(response.headers):
            self.close()
        return response

    def _remember(self, response: Response) -> str:
        """What became of the session, by this request's number in it: the gateway's word is not enough."""
        if not self._habits.cookies:
            return ""
        number, before = int(response.headers["x-session-requests"]), self._number
        found = Kept.NEW if not self._cookie else Kept.KEPT if number > before else Kept.LOST
        cookie = response.headers.get("set-cookie", "").partition(";")[0]
        self._cookie, self._number = cookie or self._cookie, number
        return found


async def locate(street: Street, resolver: Resolver, host: str) -> Address:
    """Where a host name leads to. Raises Failed."""
    address = await resolver.address(host)
    place = street.places.get(address)
    if place is None:
        raise Failed(f"nobody listens at {address}" if address else "the name leads nowhere")
    return place
