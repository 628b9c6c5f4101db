"""Whoever asks for patience is asked again no earlier, and a rollback's write waits for no read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.world import Faults
from shared.model import Outcome, Rollout, SignalKind
from tests.engine.rig import Rig
from tests.fleets import FLEET
from tests.limits.impatience import AFTER_SECONDS, Story, Throttling, walk


async def nothing(_rig: Rig, _rollout: Rollout) -> None:
    """Nobody does anything."""


def alert(step: str) -> Story:
    """An alert on the candidate, once, in that step."""

    async def story(rig: Rig, rollout: Rollout) -> None:
        if rollout.step == step and rollout.rollback_because is None and rollout.held is None:
            await rig.fire()

    return story


async def pause(rig: Rig, rollout: Rollout) -> None:
    """A person holds the observation for ten minutes."""
    if rollout.step != "observe" or rollout.clean_since is None:
        return
    minutes = (rig.clock.at - rollout.entered_at).total_seconds() / 60
    if rollout.held is None and minutes < 6:
        await rig.send(SignalKind.PAUSE)
    elif rollout.held is not None and minutes > 16:
        await rig.send(SignalKind.RESUME)


STORIES: dict[str, tuple[Story, Faults, Outcome]] = {
    "good": (nothing, Faults(), Outcome.COMPLETED),
    "rollback from the observation": (alert("observe"), Faults(), Outcome.ROLLED_BACK),
    "rollback from a stopped cluster": (alert("stop"), Faults(), Outcome.ROLLED_BACK),
    "paused": (pause, Faults(), Outcome.COMPLETED),
    "stopped": (nothing, Faults(sync_fails="no such path"), Outcome.STOPPED),
}


async def test_a_version_that_waits_for_a_provider_keeps_no_timer_busy() -> None:
    rig = await Rig(FLEET).applied()
    world = Throttling(rig.observed, rig.clock, 0)
    rig.observed = world  # type: ignore[assignment]
    rig.restart()
    await rig.store.mark(rig.fleet.name, active=True, now=rig.clock.now())
    await rig.publish_version()
    rig.clock.at += timedelta(seconds=AFTER_SECONDS - 1)
    assert await rig.engine.sweep() == ()
    rig.clock.at += timedelta(seconds=1)
    assert await rig.engine.sweep() == (rig.fleet.name,)


@pytest.mark.parametrize("name", STORIES)
async def test_nobody_is_asked_again_before_the_time_that_he_asked_for(name: str) -> None:
    story, faults, outcome = STORIES[name]
    asked = (await walk(await Rig(FLEET, faults).applied(), story, None)).asked
    assert asked > 40
    for nth in range(0, asked, 5):
        rig = await Rig(FLEET, faults).applied()
        world = await walk(rig, story, nth)
        assert (await rig.rollout()).outcome is outcome
        assert world.early == [], f"refused number {nth}: {world.refused}"
