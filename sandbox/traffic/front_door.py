"""Front Door as a real proxy: by weight, or by the canary's header or cookie.

Decides which origin takes a request: the weights that have come through to the edge, and before them the rule
of a canary. A websocket stays with the origin that it was opened to: Front Door drains no connection.

Source: https://learn.microsoft.com/azure/frontdoor/front-door-faq (connection draining is not supported)
and https://learn.microsoft.com/azure/frontdoor/standard-premium/websocket (Standard and Premium alone)
"""

from __future__ import annotations

from sandbox.traffic.listener import Connection
from sandbox.traffic.messages import Request, Response
from sandbox.traffic.proxy import Proxy
from shared.levers import Match, SlotName, SwitchKind


class FrontDoor(Proxy):
    """An endpoint of Front Door, of either kind."""

    server = "front-door"

    def pick(self, request: Request) -> SlotName:
        """The canary's slot for a request that matches, a draw for any other. Raises Failed."""
        change = self._world.balancers.through(self._balancer, self._world.now())
        if change.matched is not None and change.match is not None and matches(change.match, request):
            return change.matched
        return self.drawn()

    async def _answer(self, request: Request, connection: Connection) -> Response | None:
        if request.upgrades and self._balancer.kind is SwitchKind.FRONT_DOOR_CLASSIC:
            return Response(400, {"server": self.server}, b"Front Door (classic) carries no websockets\n")
        return await super()._answer(request, connection)


def matches(match: Match, request: Request) -> bool:
    """Whether a request carries the canary's header or cookie with its value."""
    if match.header:
        return request.headers.get(match.header.lower()) == match.value
    cookies = request.headers.get("cookie", "").split(";")
    return f"{match.cookie}={match.value}" in (cookie.strip() for cookie in cookies)
