"""When hosts are killed, or stall for a while: a plan that a seed decides, and the one who carries it out.

A moment is a span of time, and then either at once or right after the next thing that matters: a claim, a
change of the world, a publication. Random times alone would mostly find hosts that wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from enum import StrEnum
from random import Random

from msgspec import Struct

from tests.soak.hosts import Hosts

LOOK_SECONDS = 0.003
PATIENCE_SECONDS = 2.0
"""How long the next claim, change or publication is waited for; then it is now."""


STALL_SECONDS_MIN = 0.5
"""Longer than a round of the engine takes."""


class Moment(StrEnum):
    """What a kill waits for."""

    NOW = "now"
    CLAIM = "claim"
    CHANGE = "change"
    PUBLICATION = "publication"


class Kill(Struct, frozen=True, kw_only=True):
    """One kill: real seconds after the last one was over, then the moment and its delay, then the pause.

    `stall`: where another worker goes on, the victim only stalls for the time that it would have been down.
    """

    after_seconds: float
    moment: Moment
    delay_seconds: float
    down_seconds: float
    everybody: bool
    stall: bool
    chance: float


def plan(dice: Random) -> Iterator[Kill]:
    """Kills without end. The first comes about when the start event does."""
    after_seconds = dice.uniform(0.0, 0.8)
    while True:
        yield Kill(
            after_seconds=after_seconds,
            moment=dice.choice(list(Moment)),
            delay_seconds=dice.choice((0.0, dice.uniform(0.0, 0.02), dice.uniform(0.0, 0.2))),
            down_seconds=dice.choice((0.0, dice.uniform(0.0, 1.2))),
            everybody=dice.random() < 0.3,
            stall=dice.random() < 0.4,
            chance=dice.random(),
        )
        after_seconds = dice.uniform(0.3, 5.0)


class Killer:
    """Carries a plan out until it is told to stop; whoever is down then is started once more.

    `changes` and `publications` count what they name. `strike` asks for a kill before its time.
    """

    def __init__(
        self,
        hosts: Hosts,
        kills: Iterator[Kill],
        changes: Callable[[], int],
        publications: Callable[[], int],
    ) -> None:
        self._hosts = hosts
        self._plan = kills
        self._counts = {Moment.CHANGE: changes, Moment.PUBLICATION: publications}
        self._stopping = asyncio.Event()
        self._struck = asyncio.Event()

    def stop(self) -> None:
        """Kill nobody any more."""
        self._stopping.set()
        self._struck.set()

    def strike(self) -> None:
        """Kill everybody now."""
        self._struck.set()

    async def run(self) -> None:
        """Kill and start until stopped, or until the plan ends. Raises ChildFailed."""
        for kill in self._plan:
            struck = await self._wait(kill.after_seconds)
            if self._stopping.is_set():
                return
            victims = self._victims(kill, everybody=struck or kill.everybody)
            if not struck:
                await self._moment(kill, victims[0])
            if self._stopping.is_set():
                return
            why = "the alert" if struck else kill.moment.value
            if kill.stall and len(victims) < len(self._hosts.running):
                await self._hosts.stall(victims[0], why, STALL_SECONDS_MIN + kill.down_seconds)
                continue
            await asyncio.gather(*(self._hosts.kill(worker, why) for worker in victims))
            self._struck.clear()
            await asyncio.sleep(kill.down_seconds)
            for worker in victims:
                await self._hosts.start(worker)

    async def _wait(self, seconds: float) -> bool:
        """True: somebody asked for a kill meanwhile."""
        try:
            await asyncio.wait_for(self._struck.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _victims(self, kill: Kill, *, everybody: bool) -> list[int]:
        running = self._hosts.running
        return running if everybody else [running[int(kill.chance * len(running))]]

    async def _moment(self, kill: Kill, worker: int) -> None:
        if kill.moment is not Moment.NOW:
            count = self._counts.get(kill.moment, lambda: self._hosts.claims(worker))
            before, until = count(), asyncio.get_running_loop().time() + PATIENCE_SECONDS
            while count() == before and not self._struck.is_set():
                if asyncio.get_running_loop().time() > until:
                    return
                await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(kill.delay_seconds)
