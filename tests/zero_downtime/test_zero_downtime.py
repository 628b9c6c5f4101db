"""Zero downtime in short: a switch of each family under some hundred requests, and what must be noticed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from sandbox.traffic.websocket import CUT
from tests.zero_downtime.place import ABOVE, Scale
from tests.zero_downtime.report import lines
from tests.zero_downtime.story import Move, Share, Story
from tests.zero_downtime.trial import tried

SCALE = Scale(
    rate=300, users=24, sockets=2, per_second=200, requests=150, watch_seconds=0.3, hitch_seconds=1.0
)


@pytest.mark.parametrize("switch", ["azure_dns", "front_door", "traffic_manager", "application_gateway"])
async def test_nobody_notices_a_cutover_and_a_rollback(switch: str, tmp_path: Path) -> None:
    rate = 1500 if switch == "front_door" else SCALE.rate
    story = await tried(switch, msgspec.structs.replace(SCALE, rate=rate), tmp_path, short=True)
    assert story.problems == (), "\n".join(lines(story))
    assert [entry.what for entry in story.entries if isinstance(entry, Move)] == ["cut-over", "rollback"]
    assert story.pings > 0


async def test_nobody_notices_that_front_door_goes_past_a_record_and_back_to_it(
    tmp_path: Path,
) -> None:
    story = await tried(ABOVE, msgspec.structs.replace(SCALE, rate=1500), tmp_path, short=True)
    assert story.problems == (), "\n".join(lines(story))
    assert [entry.what for entry in story.entries if isinstance(entry, Move)] == [
        "cut-over",
        "realigned, cut-over",
        "rollback",
        "realigned, rollback",
    ]


async def test_sessions_that_a_slot_keeps_to_itself_are_lost_and_that_is_said(tmp_path: Path) -> None:
    scale = msgspec.structs.replace(SCALE, apart=True)
    story = await tried("application_gateway", scale, tmp_path, short=True)
    assert story.lost > 0
    assert f"{story.lost} sessions were lost" in story.problems


MOVE = Move(
    what="cut-over", to="green", right_after_seconds=150, bound_seconds=90, bound="90", slack_seconds=60
)
GOOD = Story(
    switch="azure_dns",
    requests=600,
    requests_wanted=600,
    failed=Counter(),
    sessions=30,
    lost=0,
    sockets=2,
    pings=9,
    told=2,
    dropped=Counter({CUT: 2}),
    refused=Counter(),
    cut=2,
    entries=(MOVE, Share(percent=10, got=0.04)),
    notes=(),
    seconds=1.0,
    world_seconds=60.0,
)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, None),
        ({"failed": Counter({"502 from blue": 3})}, "3 requests failed: 502 from blue"),
        ({"lost": 1}, "1 sessions were lost"),
        ({"cut": 1}, f"1 websockets were dropped: {CUT}"),
        ({"dropped": Counter({"a ping was not answered": 1})}, "1 websockets were dropped: a ping"),
        ({"refused": Counter({"503": 1})}, "1 websockets were refused: 503"),
        ({"requests": 599}, "599 requests are fewer than 600"),
        ({"entries": (msgspec.structs.replace(MOVE, right_after_seconds=151),)}, "not at green within 90 s"),
        ({"entries": (msgspec.structs.replace(MOVE, right_after_seconds=None),)}, "not at green within 90 s"),
        ({"entries": (Share(percent=10, got=0.02),)}, "was to get 10 %, and got 2.0%"),
        ({"entries": (Share(percent=50, got=1.0),)}, "was to get 50 %, and got 100.0%"),
        ({"entries": (Share(percent=50, got=None),)}, "was to get 50 %, and got 0.0%"),
    ],
)
def test_a_problem_is_whatever_the_lever_does_not_excuse(
    changed: dict[str, object], problem: str | None
) -> None:
    story = msgspec.structs.replace(GOOD, **changed)
    assert len(story.problems) == (problem is not None)
    assert problem is None or problem in story.problems[0]
    assert ("NOT SO" in "\n".join(lines(story))) == (problem is not None)
