"""The load generator: so many users at such a rate, for as long as its owner wants and no request longer.

Decides who is what kind of user, and when each of them asks. Refuses to judge what they met: `tally` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Self

from sandbox.traffic.front import Front
from sandbox.traffic.sockets import SocketUser
from sandbox.traffic.users import HABITS, Street, User, Visit

ARRIVAL_SECONDS = 1.0
"""In how many real seconds all users come, so that their connections are of every age."""


class Load:
    """Users of a front; an async context manager that ends with all of them hung up.

    `per_second` is in real seconds, because it is this machine that has to bear it; when each of them looks a
    name up, and what they see, goes by the world's clock. They stop by themselves at `requests_max`. They
    come by `hosts` in turn, by default by every name of the front.

    Attributes: `visits`, in the order in which they were answered; `sockets`, of which each has its story.
    """

    def __init__(
        self,
        front: Front,
        *,
        users: int,
        sockets: int,
        per_second: float,
        requests_max: int,
        hosts: Sequence[str] = (),
    ) -> None:
        street = Street(front.names, front.places, front.world.now)
        hosts = hosts or front.hosts
        self.visits: list[Visit] = []
        self.sockets = [
            SocketUser(street, hosts[number % len(hosts)], front.world.estate.clock)
            for number in range(sockets)
        ]
        # The habits go round within each host, so that every lever meets every kind of user.
        self._users = [
            User(street, hosts[number % len(hosts)], HABITS[number // len(hosts) % len(HABITS)])
            for number in range(users)
        ]
        self._every_seconds = users / per_second
        self._requests_max = requests_max
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        dice = Random(len(self._users))
        for user in self._users:
            first = dice.uniform(0, max(self._every_seconds, ARRIVAL_SECONDS))
            self._tasks.append(asyncio.create_task(self._use(user, first)))
        self._tasks += [asyncio.create_task(socket.run()) for socket in self.sockets]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _use(self, user: User, first_after_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + first_after_seconds
        try:
            while True:
                await asyncio.sleep(due - loop.time())
                if len(self.visits) >= self._requests_max:
                    return
                self.visits.append(await user.visit())
                # Whoever is late goes on from now: a rush to catch up is nothing that users do.
                due = max(due + self._every_seconds, loop.time())
        finally:
            user.close()
