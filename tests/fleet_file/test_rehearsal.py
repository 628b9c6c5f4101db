"""The shipped examples are no decoration: on the stand-in each walks a whole rollout, and its gates bite."""

from __future__ import annotations

import pytest

from sandbox.world import Faults
from shared.fleet_file import parse
from shared.model import Outcome, SignalKind
from tests.engine.rig import VERSION, Rig
from tests.fleet_file.examples import FRONT_DOOR, NAMES, ONE_GATEWAY, TEXTS, TRAFFIC_MANAGER

MINUTES_MAX = {FRONT_DOOR: 300, TRAFFIC_MANAGER: 180, ONE_GATEWAY: 120}
"""Of those that bake for an hour; a ramp through Front Door waits for it three times."""


async def rolled_out(name: str, faults: Faults) -> tuple[Outcome | None, float, str]:
    """How a rollout of an example ended, after how many minutes, and because of what."""
    rig = await Rig(parse(TEXTS[name]), faults).applied()
    begun = rig.clock.at
    await rig.send(SignalKind.VERSION_AVAILABLE, versions={"supported": VERSION})
    rollout = await rig.ended(hours_max=6)
    return rollout.outcome, (rig.clock.at - begun).total_seconds() / 60, rollout.because


@pytest.mark.parametrize("name", NAMES)
async def test_an_example_completes_in_the_time_that_a_person_would_give_it(name: str) -> None:
    outcome, minutes, because = await rolled_out(name, Faults())

    assert outcome is Outcome.COMPLETED, because
    assert minutes <= MINUTES_MAX.get(name, 90)


async def test_the_platform_gates_stop_a_cluster_with_bad_nodes() -> None:
    outcome, _, because = await rolled_out("contoso-public", Faults(bad_nodes=True))

    assert outcome is Outcome.STOPPED
    assert "nodes-not-ready on green" in because


async def test_the_switch_gates_send_a_slow_burn_back() -> None:
    outcome, _, because = await rolled_out("contoso-public", Faults(slow_burn=True))

    assert outcome is Outcome.ROLLED_BACK
    assert "beyond" in because
