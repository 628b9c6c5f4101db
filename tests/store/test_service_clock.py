"""What a worker makes of the dates of the store's answers, whatever its own clock shows and does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import DATE_SECONDS, LocalClock, RehearsalClock, ServiceClock

TRUE = datetime(2026, 11, 21, 4, 0, 0, 250_000, tzinfo=UTC)
RATE = 60.0


class Machine:
    """A true time, and what a worker has: a clock that is off, and seconds since it was switched on."""

    def __init__(self, off_seconds: float = 0.0) -> None:
        self.true = TRUE
        self.off = timedelta(seconds=off_seconds)
        self.passed = 4711.0

    def now(self) -> datetime:
        """What the worker's own clock shows."""
        return self.true + self.off

    def at(self, real: datetime) -> datetime:
        """The same."""
        return real

    def elapsed(self) -> float:
        """Seconds since the machine was switched on."""
        return self.passed

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.true += timedelta(seconds=seconds)
        self.passed += seconds

    def asks(
        self, clock: ServiceClock, before: float = 0.01, after: float = 0.01, ahead: float = 0.0
    ) -> None:
        """One exchange with a store that is `ahead`; it dates its answer `before` and `after` so long."""
        sent_at = clock.elapsed()
        self.sleep(before)
        date = int((self.true + timedelta(seconds=ahead)).timestamp())
        self.sleep(after)
        clock.heard(date, sent_at)


def clock_of(machine: Machine, local: LocalClock | None = None, trust_seconds: float = 0.0) -> ServiceClock:
    return ServiceClock(local or machine, trust_seconds=trust_seconds, elapsed=machine.elapsed)


def within(clock: ServiceClock, true: datetime, seconds: float) -> bool:
    return (
        true - timedelta(seconds=seconds)
        <= clock.now()
        <= true
        <= clock.latest()
        <= true + timedelta(seconds=seconds)
    )


@pytest.mark.parametrize("off_seconds", [-300, -1, 0, 1, 300])
def test_a_clock_that_is_wrong_counts_for_nothing_once_the_store_has_answered(off_seconds: float) -> None:
    machine = Machine(off_seconds)
    clock = clock_of(machine)
    assert clock.now() == clock.latest() == machine.now()
    machine.asks(clock)
    assert within(clock, machine.true, DATE_SECONDS + 0.1)


@pytest.mark.parametrize("jump_seconds", [-300, 300])
def test_a_clock_that_is_set_meanwhile_changes_nothing(jump_seconds: float) -> None:
    machine = Machine()
    clock = clock_of(machine)
    machine.asks(clock)
    machine.off = timedelta(seconds=jump_seconds)
    machine.sleep(120)
    assert within(clock, machine.true, DATE_SECONDS + 0.1)


@pytest.mark.parametrize(("before", "after"), [(300.0, 0.01), (0.01, 300.0), (150.0, 150.0)])
def test_a_worker_that_slept_over_its_first_answer_knows_no_more_than_that(
    before: float, after: float
) -> None:
    machine = Machine()
    clock = clock_of(machine)
    machine.asks(clock, before=before, after=after)
    assert within(clock, machine.true, 303)
    assert clock.latest() - clock.now() > timedelta(seconds=299)


def test_a_worker_that_slept_over_a_later_answer_keeps_what_it_knows() -> None:
    machine = Machine()
    clock = clock_of(machine)
    machine.asks(clock)
    machine.asks(clock, before=200, after=100)
    assert within(clock, machine.true, DATE_SECONDS + 0.2)


def test_answers_at_different_moments_of_a_second_bound_it_closer() -> None:
    machine = Machine()
    clock = clock_of(machine)
    machine.asks(clock)
    width = clock.latest() - clock.now()
    for _ in range(20):
        machine.sleep(0.35)
        machine.asks(clock)
    assert clock.latest() - clock.now() < width
    assert within(clock, machine.true, DATE_SECONDS)


def test_of_two_servers_that_disagree_the_newest_answer_counts() -> None:
    machine = Machine()
    clock = clock_of(machine)
    machine.asks(clock)
    machine.asks(clock, ahead=30)
    assert within(clock, machine.true + timedelta(seconds=30), DATE_SECONDS + 0.1)


class Rehearsing(Machine):
    """A machine on which a rehearsal runs: a minute a second."""

    rehearsal = RehearsalClock(origin=datetime(2030, 1, 1, tzinfo=UTC), start=TRUE, rate=RATE)

    def now(self) -> datetime:
        """What the rehearsal's clock shows."""
        return self.rehearsal.at(self.true + self.off)

    def at(self, real: datetime) -> datetime:
        """What it shows at a real moment."""
        return self.rehearsal.at(real)


@pytest.mark.parametrize("off_seconds", [0.0, -0.5, 1.0])
def test_a_rehearsal_is_exact_because_its_processes_share_one_clock(off_seconds: float) -> None:
    machine = Rehearsing(off_seconds)
    clock = clock_of(machine, trust_seconds=10)
    for _ in range(20):
        machine.sleep(0.35)
        machine.asks(clock)
    machine.sleep(7.003)
    assert clock.now() == clock.latest() == machine.now()


@pytest.mark.parametrize("off_seconds", [-300, 300])
def test_a_rehearsal_on_a_machine_that_is_wrong_follows_the_store(off_seconds: float) -> None:
    machine = Rehearsing(off_seconds)
    clock = clock_of(machine, trust_seconds=10)
    machine.asks(clock)
    true = machine.rehearsal.at(machine.true)
    assert within(clock, true, (DATE_SECONDS + 0.1) * RATE)
