"""When timers tick, what they catch up on, and what is remembered of them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.host.inventory import Binding, Function, Retry
from sandbox.host.messages import TypedData
from sandbox.host.timers import Schedule, Status, StatusFile, Timer
from sandbox.host.worker import Attempt, Outcome

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class FakeClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Enough(Exception):
    """The function ran as often as the test wants to see."""


class Recorder:
    """A function that remembers its ticks, takes its time, and fails as often as it is told."""

    def __init__(self, clock: FakeClock, wanted: int, *, takes: float = 0, failures: int = 0) -> None:
        self.ticks: list[tuple[datetime, dict[str, Any], int]] = []
        self._clock = clock
        self._wanted = wanted
        self._takes = takes
        self._failures = failures

    async def __call__(self, data: TypedData, attempt: Attempt) -> Outcome:
        self.ticks.append((self._clock.at, json.loads(data.json), attempt.number))
        if len(self.ticks) == self._wanted:
            raise Enough
        self._clock.at += timedelta(seconds=self._takes)
        return Outcome(error="failed" if len(self.ticks) <= self._failures else None)

    @property
    def offsets(self) -> list[float]:
        return [(when - NOON).total_seconds() for when, _, _ in self.ticks]


def timer_function(schedule: str, retry: Retry | None = None, **options: Any) -> Function:
    return Function("t", "t", Binding("timerTrigger", "timer", {"schedule": schedule} | options), retry=retry)


async def ticks_of(
    function: Function, recorder: Recorder, clock: FakeClock, path: Path | None = None
) -> None:
    with pytest.raises(Enough):
        await Timer(function, recorder, clock, StatusFile(path)).run()


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("*/10 * * * * *", NOON + timedelta(seconds=10)),
        ("0 */5 * * * *", NOON + timedelta(minutes=5)),
        ("30 0 6 * * Mon-Fri", datetime(2026, 11, 23, 6, 0, 30, tzinfo=UTC)),
        ("0 0 0 13 * 5", datetime(2027, 8, 13, tzinfo=UTC)),
        ("*/5 * * * *", NOON + timedelta(minutes=5)),
    ],
)
def test_keeps_an_ncrontab_schedule(schedule: str, expected: datetime) -> None:
    assert Schedule(schedule).next_after(NOON) == expected


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "* * * *",
        "00:05:00",
        "0 0 0 L * *",
        "0 0 0 * * 5#1",
        "0 0 0 * * 7",
        "0 60 * * * *",
        "0 0 0 31 2 *",
    ],
)
def test_refuses_what_is_no_ncrontab(schedule: str) -> None:
    with pytest.raises(ValueError, match="schedule"):
        Schedule(schedule)


async def test_ticks_on_its_schedule_and_tells_when_it_last_did() -> None:
    clock = FakeClock()
    recorder = Recorder(clock, 2)
    await ticks_of(timer_function("0 */5 * * * *"), recorder, clock)
    assert recorder.offsets == [300, 600]
    assert recorder.ticks[1][1] == {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": {
            "Last": "2026-11-21T12:05:00+00:00",
            "LastUpdated": "2026-11-21T12:05:00+00:00",
            "Next": "2026-11-21T12:10:00+00:00",
        },
        "IsPastDue": False,
    }


async def test_what_a_long_run_missed_comes_once_and_at_once() -> None:
    clock = FakeClock()
    recorder = Recorder(clock, 3, takes=150)
    await ticks_of(timer_function("0 * * * * *"), recorder, clock)
    assert recorder.offsets == [60, 210, 360]


async def test_runs_on_startup_where_wanted() -> None:
    clock = FakeClock()
    recorder = Recorder(clock, 2)
    await ticks_of(timer_function("0 * * * * *", runOnStartup=True), recorder, clock)
    assert recorder.offsets == [0, 60]


async def test_is_past_due_after_an_outage(tmp_path: Path) -> None:
    path = tmp_path / "timers.json"
    missed = NOON - timedelta(hours=1)
    StatusFile(path).save("t", "0 0 * * * *", Status(missed - timedelta(hours=1), missed, missed))
    clock = FakeClock()
    recorder = Recorder(clock, 2)
    await ticks_of(timer_function("0 0 * * * *"), recorder, clock, path)
    assert recorder.offsets == [0, 3600]
    assert [info["IsPastDue"] for _, info, _ in recorder.ticks] == [True, False]


async def test_another_schedule_is_never_past_due(tmp_path: Path) -> None:
    path = tmp_path / "timers.json"
    StatusFile(path).save("t", "0 0 * * * *", Status(NOON, NOON - timedelta(hours=1), NOON))
    clock = FakeClock()
    recorder = Recorder(clock, 1)
    await ticks_of(timer_function("0 30 * * * *"), recorder, clock, path)
    assert recorder.offsets == [1800]


async def test_a_fast_timer_has_no_status() -> None:
    clock = FakeClock()
    recorder = Recorder(clock, 1)
    await ticks_of(timer_function("*/5 * * * * *"), recorder, clock)
    assert recorder.ticks[0][1]["ScheduleStatus"] is None


async def test_retries_as_its_policy_says() -> None:
    clock = FakeClock()
    recorder = Recorder(clock, 5, failures=4)
    retry = Retry(3, fixed=timedelta(seconds=2))
    await ticks_of(timer_function("0 0 * * * *", retry), recorder, clock)
    assert recorder.offsets == [3600, 3602, 3604, 3606, 7200]
    assert [number for _, _, number in recorder.ticks] == [0, 1, 2, 3, 0]
