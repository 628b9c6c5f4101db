"""A hundred thousand requests that nobody should send: no error of ours, and nothing half accepted.

`make fuzz BODIES=1000000 SEED=7` sends others, and more.
"""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.cases import draw
from tests.fuzz.checks import check
from tests.fuzz.estate import Estate
from tests.fuzz.run import BLOCK, SCENES, run
from tests.fuzz.samples import PAYLOADS, published

BODIES = 100_000
PARTS = 20


@pytest.mark.parametrize("part", range(PARTS))
async def test_whatever_is_sent_is_taken_whole_or_refused_by_name(part: int) -> None:
    blocks = BODIES // BLOCK // PARTS

    report = await run("tests", range(part * blocks, (part + 1) * blocks))

    assert report.bodies == BODIES // PARTS
    assert {"200", "201", "202", "400", "404", "409", "412"} <= set(report.statuses)
    assert report.accepted > report.bodies // 10, "most of it never got past the first check"


async def test_whatever_is_made_of_microsofts_own_payloads_is_taken_whole_or_refused_by_name() -> None:
    if not published("eventgrid_") or not published("alert_"):
        pytest.skip(f"the published payloads are not at {PAYLOADS}")

    report = await run("published", range(20), published=True)

    assert report.statuses["200"] > 500


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.sampled_from(SCENES), st.integers(1, 4))
def test_no_few_requests_in_a_row_break_a_promise(random: Random, scene: str, times: int) -> None:
    async def go() -> None:
        estate = await Estate().reach(scene)
        for _ in range(times):
            case = draw(random)
            await check(estate, case, await estate.send(case))

    asyncio.run(go())


async def test_a_case_is_known_by_its_seed() -> None:
    first, again = await run("same", range(2)), await run("same", range(2))

    assert (first.statuses, first.accepted, first.bytes) == (again.statuses, again.accepted, again.bytes)
