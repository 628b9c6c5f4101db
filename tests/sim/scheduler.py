"""A scheduler of our own: coroutines driven by `send`, a virtual clock, and one seed for every interleaving.

Decides who runs next, and nothing about what they do. There is no event loop: a coroutine that awaits `pause`
goes back into one heap with the time at which it wants to go on.
"""

from __future__ import annotations

import heapq
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

EPOCH = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
"""Virtual second 0. A Saturday morning, as is every other instant to a controller."""

CRASH = -1.0
BRIEF_SECONDS = 0.2
"""The longest that one read, write or action takes while nothing is wrong."""


def at(seconds: float) -> datetime:
    """That virtual second as an instant."""
    return EPOCH + timedelta(seconds=seconds)


@types.coroutine
def pause(seconds: float) -> Generator[float]:
    """Let others run; go on that many virtual seconds later. `CRASH` never goes on."""
    yield seconds


class _Over(tuple[()]):
    """A wait that is over: whoever awaits it goes on at once, with no frame of its own."""

    __slots__ = ()
    __await__ = tuple.__iter__


_OVER = cast("Awaitable[None]", _Over())


class Task:
    """One invocation: a coroutine in a worker process. `ended` gets its result, its error, or `Crashed`."""

    __slots__ = (
        "alive",
        "claiming",
        "coroutine",
        "ended",
        "looked_at",
        "name",
        "slept_seconds",
        "started_at",
        "worker",
    )

    def __init__(
        self,
        name: str,
        coroutine: Coroutine[float, None, Any],
        worker: object,
        started_at: float,
        ended: Callable[[object, BaseException | None], None] | None,
    ) -> None:
        self.name = name
        self.coroutine = coroutine
        self.worker = worker
        self.started_at = started_at
        self.ended = ended
        self.alive = True
        self.claiming: Any = None
        self.looked_at = started_at
        self.slept_seconds = 0.0


class Crashed(Exception):
    """The process that ran the invocation is gone."""


class Scheduler:
    """Runs tasks and calls in the order of virtual time; ties are broken by the seed."""

    def __init__(self, chance: Random) -> None:
        self.seconds = 0.0
        self.current: Task | None = None
        self.points = 0
        self._random = chance.random
        self._heap: list[tuple[float, int, Task | Callable[[], None]]] = []
        self._pushed = 0
        self._tasks: dict[Task, None] = {}  # in the order of their start, which a set would not keep
        self._now = (0.0, EPOCH)
        self._until = 0.0

    def now(self) -> datetime:
        """The true time: that of the services."""
        if self._now[0] != self.seconds:
            self._now = self.seconds, EPOCH + timedelta(seconds=self.seconds)
        return self._now[1]

    def call(self, after_seconds: float, what: Callable[[], None]) -> None:
        """Call `what` later."""
        self._push(after_seconds, what)

    def spawn(
        self,
        name: str,
        coroutine: Coroutine[float, None, Any],
        worker: object,
        ended: Callable[[object, BaseException | None], None] | None = None,
    ) -> None:
        """Start an invocation now."""
        task = Task(name, coroutine, worker, self.seconds, ended)
        self._tasks[task] = None
        self._push(self.briefly(), task)

    def busy(self) -> bool:
        """Whether an invocation is under way."""
        return bool(self._tasks)

    def crash(self, worker: object) -> None:
        """End every invocation of a worker process where it stands."""
        for task in [task for task in self._tasks if task.worker is worker]:
            self._finish(task, None, Crashed(f"{task.name} crashed"))

    def briefly(self) -> float:
        """The seconds of an ordinary wait, from the seed: what orders those who wait."""
        return BRIEF_SECONDS * self._random()

    def brief_pause(self) -> Awaitable[None]:
        """Let others run for the time of an ordinary wait. It is over at once where none of them is due."""
        brief = BRIEF_SECONDS * self._random()
        at, heap = self.seconds + brief, self._heap
        if at > self._until or (heap and heap[0][0] <= at):
            return pause(brief)
        self.seconds = at
        self.points += 1
        return _OVER

    def stop(self) -> None:
        """Let `run` return after what runs now."""
        self._until = -1.0

    def run(self, until: float) -> None:
        """Run until that second, or until nothing is left or somebody stops it."""
        self._until = until
        heap = self._heap
        while heap and heap[0][0] <= self._until:
            self.seconds, _, what = heapq.heappop(heap)
            if what.__class__ is not Task:
                what()  # type: ignore[operator]
            elif what.alive:
                self._step(what)
        self.seconds = max(self.seconds, self._until)

    def _step(self, task: Task) -> None:
        self.points += 1
        self.current = task
        try:
            wish = task.coroutine.send(None)
        except StopIteration as stopped:
            self._finish(task, stopped.value, None)
        except Exception as error:  # noqa: BLE001 - whoever started the task judges it
            self._finish(task, None, error)
        else:
            if wish == CRASH:
                self.crash(task.worker)
            else:
                self._push(wish, task)
        finally:
            self.current = None

    def _finish(self, task: Task, result: object, error: BaseException | None) -> None:
        task.alive = False
        self._tasks.pop(task, None)
        if isinstance(error, Crashed):
            task.coroutine.close()
        if task.ended is not None:
            task.ended(result, error)

    def _push(self, after_seconds: float, what: Task | Callable[[], None]) -> None:
        self._pushed += 1
        heapq.heappush(self._heap, (self.seconds + after_seconds, self._pushed, what))
