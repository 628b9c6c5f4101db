"""The soak in short: two rollouts at the same time, on one host and on two, with about ten kills in all."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.demo.scenarios import SCENARIOS
from tests.soak import checks, logs
from tests.soak.run import run

RATE = 150.0
KILLS = 5
PLAYED = (("good", 1), ("alert", 2))


async def test_a_host_that_is_killed_again_and_again_costs_a_rollout_nothing_but_time(tmp_path: Path) -> None:
    async def play(scenario: str, hosts: int) -> int:
        place = tmp_path / scenario
        place.mkdir()
        ran = await run(
            SCENARIOS[scenario], f"short:{scenario}", place, rate=RATE, hosts=hosts, kills_max=KILLS
        )
        found = [*checks.problems(ran), *logs.problems(sorted(place.glob("*.log")), ran.place.secrets)]
        assert found == [], f"the logs are in {place}"
        return len(ran.blows)

    blows = await asyncio.gather(*(play(*each) for each in PLAYED))
    assert min(blows) >= 3, "too few to mean anything"
