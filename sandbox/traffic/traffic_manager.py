"""Traffic Manager: a name whose every answer is drawn by the weights in force.

Decides which endpoint one answer names, and that it may be kept for the profile's TTL. No request goes
through it, so that nothing can be drained.
"""

from __future__ import annotations

from sandbox.traffic.caller import Failed
from sandbox.traffic.proxy import draw, host_of
from sandbox.wire.dns_answers import Named
from sandbox.world.model import World
from shared.levers import Balancer


class TrafficManager:
    """The name of one profile."""

    def __init__(self, world: World, balancer: Balancer) -> None:
        self._world = world
        self._balancer = balancer
        self._asked = 0

    def say(self) -> Named:
        """The endpoint of one more answer; nothing where no endpoint is enabled."""
        self._asked += 1
        try:
            slot = draw(self._world, self._balancer, self._asked)
        except Failed:
            return Named(())
        return Named((host_of(self._world, self._balancer, slot),), self._balancer.ttl_seconds)
