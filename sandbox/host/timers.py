"""When a timer function runs.

Decides ticks: six-field NCRONTAB in UTC, one run at a time, a tick that was missed while another ran is made
up for once, and one that was missed while the host was down arrives as past due where a status file
remembers it. It reads no clock of its own and doesn't know what a tick does.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from cronsim import CronSim, CronSimError

from sandbox.host.inventory import Function
from sandbox.host.messages import TypedData
from sandbox.host.worker import Attempt, Outcome

NEVER = datetime(1, 1, 1, tzinfo=UTC)
_FIELD = re.compile(r"[0-9A-Za-z*,/-]+")
_SEVEN = re.compile(r"(?<![/\d])7")  # cron's second Sunday
_LAST = re.compile(r"(?i)\d?L|LW")


class Clock(Protocol):
    """Time as the timers need it."""

    def now(self) -> datetime:
        """The present moment in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""


class Schedule:
    """An NCRONTAB expression: second, minute, hour, day, month, day of week; five fields mean second 0."""

    def __init__(self, text: str) -> None:
        """Raises ValueError where the text is no such expression, or never comes true."""
        self.text = text
        fields = text.split()
        if len(fields) not in (5, 6):
            raise ValueError(f"schedule '{text}' has {len(fields)} fields, not the six of NCRONTAB")
        if any(not _FIELD.fullmatch(item) or _LAST.fullmatch(item) for item in fields) or _SEVEN.search(
            fields[-1]
        ):
            raise ValueError(f"schedule '{text}' uses what NCRONTAB doesn't have")
        try:
            self.next_after(datetime(2024, 1, 1, tzinfo=UTC))  # a leap year
        except (CronSimError, StopIteration) as error:
            raise ValueError(f"schedule '{text}': {str(error) or 'it never comes true'}") from error

    def next_after(self, moment: datetime) -> datetime:
        """The first tick after `moment`."""
        ticks = CronSim(self.text, moment)
        ticks.day_and = True  # cron takes either day field, NCRONTAB both
        return next(ticks)

    def is_faster_than_a_minute(self, moment: datetime) -> bool:
        """Whether ticks lie less than a minute apart: Azure keeps no status of such a timer."""
        for _ in range(5):
            following = self.next_after(moment := self.next_after(moment))
            if following - moment < timedelta(minutes=1):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Status:
    """The last tick and the next, as they stood at `updated`."""

    last: datetime
    next: datetime
    updated: datetime

    def wire(self) -> dict[str, str]:
        """As Azure's host writes it."""
        return {
            "Last": self.last.isoformat(),
            "LastUpdated": self.updated.isoformat(),
            "Next": self.next.isoformat(),
        }


class StatusFile:
    """Remembers the statuses of timers across restarts; with no path it remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._rows: dict[str, dict[str, str]] = {}
        if path is not None and path.exists():
            self._rows = json.loads(path.read_text("utf-8"))

    def load(self, function: str, schedule: str) -> Status | None:
        """None for a timer that was never seen, or was seen with another schedule."""
        row = self._rows.get(function)
        if row is None or row["Schedule"] != schedule:
            return None
        return Status(*(datetime.fromisoformat(row[name]) for name in ("Last", "Next", "LastUpdated")))

    def save(self, function: str, schedule: str, status: Status) -> None:
        """Remember it, in the file where there is one."""
        self._rows[function] = status.wire() | {"Schedule": schedule}
        if self._path is not None:
            part = self._path.with_name(self._path.name + ".part")
            part.write_text(json.dumps(self._rows, indent=1), "utf-8")
            part.replace(self._path)


Fire = Callable[[TypedData, Attempt], Awaitable[Outcome]]


class Timer:
    """One timer function: `run` ticks until cancelled, `data` is what a tick hands to the function."""

    def __init__(self, function: Function, fire: Fire, clock: Clock, statuses: StatusFile) -> None:
        """Raises ValueError where the schedule can't be kept."""
        self.function = function
        self._schedule = Schedule(str(function.trigger.options.get("schedule", "")))
        self._fire = fire
        self._clock = clock
        self._statuses = statuses
        now = clock.now()
        self._monitored = function.trigger.options.get(
            "useMonitor"
        ) is not False and not self._schedule.is_faster_than_a_minute(now)
        stored = statuses.load(function.name, self._schedule.text) if self._monitored else None
        self._past_due = stored is not None and stored.next < now
        self._ticking = self._stopping = False
        self._status = stored or Status(NEVER, self._schedule.next_after(now), NEVER)
        self._save()

    def data(self, *, past_due: bool = False) -> TypedData:
        """The timer's info as Azure's host sends it."""
        status = self._status.wire() if self._monitored else None
        return TypedData(
            json=json.dumps(
                {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": past_due}
            )
        )

    async def run(self) -> None:
        """Make up for a missed tick, then keep the schedule until told to stop."""
        if self._past_due:
            await self._tick(self._clock.now(), past_due=True)
        elif self.function.trigger.options.get("runOnStartup"):
            await self._tick(self._clock.now())
        while not self._stopping:
            await self._sleep_until(self._status.next)
            await self._tick(max(self._clock.now(), self._status.next))

    def stop(self, loop: asyncio.Task[None]) -> None:
        """Tick no more; `loop` is the task of `run`. A tick under way goes on to its end."""
        self._stopping = True
        if not self._ticking:
            loop.cancel()

    async def _sleep_until(self, moment: datetime) -> None:
        while (left := (moment - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(left, 3600.0))

    async def _tick(self, began: datetime, *, past_due: bool = False) -> None:
        """Run once, then count the next tick from when this one began: what a long run missed comes once."""
        self._ticking = True
        await self._with_retries(self.data(past_due=past_due))
        self._ticking = False
        self._status = Status(began, self._schedule.next_after(began), began)
        self._save()

    async def run_by_hand(self) -> Outcome:
        """Run at once, beside the schedule and without a trace in it."""
        return await self._with_retries(self.data())

    async def _with_retries(self, data: TypedData) -> Outcome:
        retry, number = self.function.retry, 0
        outcome = await self._fire(data, Attempt(0, retry.count_max if retry else 0))
        while retry and outcome.error is not None and (retry.count_max < 0 or number < retry.count_max):
            number += 1
            await self._clock.sleep(retry.delay(number).total_seconds())
            outcome = await self._fire(data, Attempt(number, retry.count_max))
        return outcome

    def _save(self) -> None:
        if self._monitored:
            self._statuses.save(self.function.name, self._schedule.text, self._status)
