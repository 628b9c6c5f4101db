"""Rings: fleets of other users that get a version one after the other, each with a way back of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec

from sandbox.world import Faults
from shared.fleet import Fleet, Ring
from shared.fleet_file import read
from shared.model import Outcome
from tests.engine.rings import Rings
from tests.fleets import ERRORS, FLEET

HOLD_SECONDS = 3600
EXAMPLE = Path(__file__).parents[2] / "examples" / "contoso-rings.yaml"
BAD = Faults(slow_burn=True, slow_burn_share=0.3, slow_burn_seconds=60)


def two(after: str = "contoso-ring0") -> list[Fleet]:
    """Two rings: users of the second get a version an hour after the first is well on it."""
    ring = Ring(after=after, hold_seconds=HOLD_SECONDS, gates=(ERRORS,))
    return [
        msgspec.structs.replace(FLEET, name="contoso-ring0"),
        msgspec.structs.replace(FLEET, name="contoso-ring1", ring=ring),
    ]


def three() -> tuple[Fleet, ...]:
    """The rings of one file: the second waits 2 hours, the third 3."""
    text = EXAMPLE.read_text("utf-8").replace("hold: 1d", "hold: 2h").replace("hold: 2d", "hold: 3h")
    return read(text.replace("    approvals: {switch: true}", "    approvals: {switch: false}")).fleets


async def test_the_second_ring_waits_until_the_first_has_been_well_for_as_long_as_the_plan_asks() -> None:
    rings = Rings(two())
    await rings.publish()
    first = await rings.until_ended(0)
    waiting = await rings.rollout(1)
    assert (first.outcome, waiting.step) == (Outcome.COMPLETED, "follow")
    second = await rings.until_ended(1)
    assert second.outcome is Outcome.COMPLETED
    assert first.ended_at is not None
    trail = await rings.store.audit("contoso-ring1")
    went_on = next(entry for entry in trail if "has been well on 1.32.6 for 60 minutes" in entry.because)
    assert went_on.at - first.ended_at >= timedelta(seconds=HOLD_SECONDS)
    deployed = next(entry for entry in trail if entry.actions)
    assert deployed.at >= went_on.at


async def test_a_ring_that_goes_back_keeps_the_next_from_beginning_and_moves_nobody_there() -> None:
    rings = Rings(two(), {0: BAD})
    await rings.publish()
    assert (await rings.until_ended(0)).outcome is Outcome.ROLLED_BACK
    second = await rings.until_ended(1)
    assert second.outcome is Outcome.STOPPED
    assert "contoso-ring0, which comes first, did not keep 1.32.6" in second.because
    assert not any(entry.actions for entry in await rings.store.audit("contoso-ring1"))


async def test_a_ring_that_gets_worse_while_it_is_watched_keeps_the_next_from_beginning() -> None:
    # Its users notice nothing before the bake is over, and more and more after that.
    rings = Rings(two(), {0: Faults(slow_burn=True, slow_burn_share=0.05, slow_burn_seconds=6 * 3600)})
    await rings.publish()
    first = await rings.until_ended(0)
    assert first.outcome is Outcome.COMPLETED
    second = await rings.until_ended(1)
    assert second.outcome is Outcome.STOPPED
    assert "on contoso-ring0: failed-share" in second.because
    assert not any(entry.actions for entry in await rings.store.audit("contoso-ring1"))


async def test_a_ring_that_cannot_be_read_is_waited_for() -> None:
    rings = Rings(two(after="contoso-nowhere"))
    await rings.publish()
    await rings.until_ended(0)
    waiting = await rings.rollout(1)
    assert waiting.step == "follow"
    assert "the ring before could not be read" in waiting.because


async def test_the_rings_of_one_file_get_a_version_one_after_the_other() -> None:
    rings = Rings(three())
    await rings.publish()
    ends = []
    for place, hold in ((0, timedelta(0)), (1, timedelta(hours=2)), (2, timedelta(hours=3))):
        for later in range(place + 1, 3):
            assert (await rings.rollout(later)).step == "follow"
        ended = await rings.until_ended(place)
        assert ended.outcome is Outcome.COMPLETED, ended.because
        assert ended.ended_at is not None
        ends.append(ended.ended_at)
        moved = next(entry for entry in await rings.store.audit(rings.fleets[place].name) if entry.actions)
        assert place == 0 or moved.at >= ends[place - 1] + hold


async def test_a_ring_in_the_middle_goes_back_by_itself_and_the_last_says_why_it_does_not_begin() -> None:
    rings = Rings(three())
    await rings.publish()
    await rings.until_ended(0)
    await rings.until_step(1, "bake")
    before = await rings.store.load("contoso-ring0")
    await rings.roll_back(1, "olivia@contoso.com saw complaints")
    second = await rings.until_ended(1)
    assert second.outcome is Outcome.ROLLED_BACK
    third = await rings.until_ended(2)
    assert third.outcome is Outcome.STOPPED
    assert third.because.startswith("contoso-ring1, which comes first, did not keep 1.32.6")
    assert not any(entry.actions for entry in await rings.store.audit("contoso-ring2"))
    first = (await rings.store.load("contoso-ring0")).state
    assert first.rollout is not None
    assert first.rollout.outcome is Outcome.COMPLETED
    assert (first.live, first.held_versions) == (before.state.live, ())
    assert (await rings.store.load("contoso-ring1")).state.live == "blue"


def shadows(first: bool, second: bool) -> list[Fleet]:
    """Two rings, each in shadow or not."""
    return [
        msgspec.structs.replace(each, shadow=shadow)
        for each, shadow in zip(two(), (first, second), strict=True)
    ]


async def test_a_real_ring_never_follows_a_shadow() -> None:
    rings = Rings(shadows(True, False))
    await rings.publish()
    assert (await rings.until_ended(0)).outcome is Outcome.COMPLETED
    await rings.pass_minutes(180)
    waiting = await rings.rollout(1)
    assert (waiting.step, waiting.shadow) == ("follow", False)
    assert waiting.because == "contoso-ring0 comes first with 1.32.6: it has not begun with anything yet"


async def test_a_shadow_follows_a_shadow() -> None:
    rings = Rings(shadows(True, True))
    await rings.publish()
    await rings.until_ended(0)
    second = await rings.until_ended(1)
    assert (second.outcome, second.shadow) == (Outcome.COMPLETED, True)


async def test_a_shadow_is_kept_from_beginning_by_one_that_turned_back() -> None:
    rings = Rings(shadows(True, True))
    await rings.publish()
    await rings.until_step(0, "bake")
    await rings.roll_back(0, "olivia@contoso.com saw complaints")
    assert (await rings.until_ended(0)).outcome is Outcome.ROLLED_BACK
    second = await rings.until_ended(1)
    assert second.outcome is Outcome.STOPPED
    assert "contoso-ring0, which comes first, did not keep 1.32.6" in second.because


async def test_a_shadow_in_the_ring_before_keeps_nobody_waiting_for_what_is_there() -> None:
    rings = Rings(two())
    await rings.publish()
    await rings.until_ended(0)
    await rings.pass_minutes(10)
    etag = (await rings.store.load("contoso-ring0")).fleet_etag
    await rings.store.apply(shadows(True, False)[0], if_match=etag, now=rings.clock.now())
    await rings.start(0, "1.33.0")
    assert (await rings.rollout(0)).shadow
    assert (await rings.until_ended(1)).outcome is Outcome.COMPLETED
