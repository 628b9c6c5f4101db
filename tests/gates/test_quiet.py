"""Between rollouts users were on one slot, which the rollouts themselves tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from shared.gates.quiet import between_rollouts
from shared.model import Outcome, Rollout
from tests.cli.samples import BLUE, GREEN, ROLLOUT

DAY = datetime(2026, 11, 1, tzinfo=UTC)


def hour(n: float) -> datetime:
    return DAY + timedelta(hours=n)


def over(number: int, begins: float, ends: float | None, outcome: Outcome = Outcome.COMPLETED) -> Rollout:
    """A rollout from blue to green (an odd number) or back (an even one)."""
    live, candidate = (BLUE, GREEN) if number % 2 else (GREEN, BLUE)
    return replace(
        ROLLOUT,
        id=f"r{number}",
        live=live,
        candidate=candidate,
        safe=candidate if outcome is Outcome.COMPLETED else live,
        started_at=hour(begins),
        ended_at=None if ends is None else hour(ends),
        outcome=None if ends is None else outcome,
    )


def told(rollouts: list[Rollout], live: str = GREEN, since: float = 0, until: float = 24) -> list[str]:
    """The times in hours, in order, each with its slot or why it is left out."""
    quiet, left = between_rollouts(rollouts, BLUE if live == BLUE else GREEN, hour(since), hour(until))
    found = [(each.since, each.until, str(each.slot)) for each in quiet]
    found += [(each.since, each.until, each.because) for each in left]
    return [
        f"{(a - DAY) / timedelta(hours=1):g}-{(b - DAY) / timedelta(hours=1):g} {w}"
        for a, b, w in sorted(found)
    ]


def test_without_a_rollout_users_were_always_where_they_are() -> None:
    assert told([]) == ["0-24 green"]


def test_a_completed_rollout_changes_the_slot_and_others_do_not() -> None:
    back = over(2, 10, 12, Outcome.ROLLED_BACK)
    stopped = over(2, 14, 15, Outcome.STOPPED)
    assert told([stopped, replace(back, id="r3"), over(1, 2, 4)]) == [
        "0-2 blue",
        "2-4 r1 was under way",
        "4-10 green",
        "10-12 r3 was under way",
        "12-14 green",
        "14-15 r2 was under way",
        "15-24 green",
    ]


def test_what_lies_before_or_after_the_time_that_is_asked_about_is_cut_off() -> None:
    assert told([over(1, 2, 4)], since=3, until=5) == ["3-4 r1 was under way", "4-5 green"]
    assert told([over(1, 2, 4), over(2, 8, None)], live=GREEN, since=5) == [
        "5-8 green",
        "8-24 r2 was under way",
    ]
    assert told([over(1, -9, -8), over(2, 30, 31)]) == ["0-24 green"]


@pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.ROLLED_BACK, Outcome.ROLLBACK_FAILED])
def test_a_rollout_in_shadow_changed_nothing_so_that_its_time_is_quiet(outcome: Outcome) -> None:
    shadow = replace(over(2, 8, 10, outcome), shadow=True)
    assert told([over(1, 2, 4), shadow]) == ["0-2 blue", "2-4 r1 was under way", "4-24 green"]


@pytest.mark.parametrize(
    ("rollouts", "live", "because"),
    [
        (
            [over(1, 2, 4, Outcome.ROLLBACK_FAILED)],
            BLUE,
            "4-24 the way back of r1 failed, and nobody knows where users were then",
        ),
        ([over(1, 2, 4)], BLUE, "4-24 r1 ended with users on green, and blue was found live after it"),
        (
            [over(1, 2, 4, Outcome.ROLLED_BACK), over(2, 23, None)],
            GREEN,
            "4-23 r1 ended with users on blue, and green was found live after it",
        ),
    ],
)
def test_where_nobody_knows_the_slot_the_time_is_left_out(
    rollouts: list[Rollout], live: str, because: str
) -> None:
    found = told(rollouts, live)
    assert because in found
    assert found[0] == "0-2 blue"
