"""What the demo says of its real users, and what it must not let pass."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest

from sandbox.demo.checks import real_users
from sandbox.demo.real import Real, front, real, seconds_max, users
from sandbox.world import Faults
from tests.fleets import BLUE, GREEN
from tests.traffic.rig import seen
from tests.world.manual_clock import Estate

GOOD = Real(requests=4812, failed=Counter(), lost=0, dropped=Counter(), moved=True, right_after_seconds=80.0)
LIMIT = 60 + 300 + 30 + 120
"""Propagation, the old TTL, a kept connection, a real second."""


async def test_users_follow_the_record_and_the_last_move_of_it_counts() -> None:
    estate = Estate()
    async with front(estate.world) as found, users(found) as load:
        await seen(lambda: len(load.visits) > 20)
        unmoved = real(estate.world, load)
        estate.point(GREEN)
        estate.clock.pass_seconds(1000)
        estate.point(BLUE)
        estate.clock.pass_seconds(100)
        now = len(load.visits)
        await seen(lambda: len(load.visits) > now + 50)
        estate.clock.pass_seconds(1)
        moved = real(estate.world, load)
    assert (unmoved.moved, unmoved.right_after_seconds) == (False, None)
    assert moved.moved
    assert moved.right_after_seconds == 100, "the users that asked since then met blue"
    assert estate.world.traffic.cutover_seconds(estate.fleet.levers[0]) == 90
    assert seconds_max(estate.world, 120) == 90 + 30 + 120


@pytest.mark.parametrize(
    ("changed", "faults", "wrong"),
    [
        ({}, Faults(), ""),
        ({"failed": Counter({"503 from blue": 1})}, Faults(), "no real request failed"),
        ({"failed": Counter({"503 from green": 9})}, Faults(slow_burn=True), ""),
        ({"failed": Counter({"503 from blue": 1})}, Faults(slow_burn=True), "failed on green alone"),
        ({"requests": 0}, Faults(), "no real request failed"),
        ({"lost": 1}, Faults(), "lost a session"),
        ({"dropped": Counter({"closed without a word": 1})}, Faults(), "websocket"),
        ({"right_after_seconds": LIMIT}, Faults(), ""),
        ({"right_after_seconds": LIMIT + 1}, Faults(), "followed the last write"),
        ({"right_after_seconds": None}, Faults(), "followed the last write"),
        ({"right_after_seconds": None, "moved": False}, Faults(), ""),
    ],
)
def test_whatever_real_users_must_not_meet_fails_a_check(
    changed: dict[str, Any], faults: Faults, wrong: str
) -> None:
    estate = Estate(faults=faults)
    estate.clock.pass_seconds(1)
    estate.point(GREEN)
    failed = [
        c.what for c in real_users(msgspec.structs.replace(GOOD, **changed), estate.world) if not c.passed
    ]
    assert len(failed) == bool(wrong)
    assert not wrong or wrong in failed[0]
