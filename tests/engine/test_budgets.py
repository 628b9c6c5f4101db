"""Whole rollouts of fleets with objectives: the budget is read where the fleet's gates read, and decides."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from sandbox.world import Faults
from shared.fleet import Fleet, Gate
from shared.gate_rules import Burn, Objective
from shared.levers import SwitchKind
from shared.model import Outcome, Rollout, SignalKind, Stage, Verdict
from tests.engine.balanced import balanced
from tests.engine.rig import Rig
from tests.engine.test_balancers import told
from tests.fleets import BLUE, FLEET, GREEN
from tests.sources import APP, SHARE

HOUR = Burn(rate=14.4, long_seconds=3_600, short_seconds=300)
OBJECTIVES = [SHARE, APP]


def with_objective(gate: Gate, objective: float, fleet: Fleet = FLEET) -> Fleet:
    """The fleet whose users are judged by that objective besides."""
    rule = Objective(objective=objective, burns=(HOUR,))
    judged = msgspec.structs.replace(
        gate, name="availability", max_value=None, slo=rule, window_seconds=3_600, min_samples=1
    )
    gates = msgspec.structs.replace(fleet.gates, bake=(*fleet.gates.bake, judged))
    return msgspec.structs.replace(fleet, gates=gates)


@pytest.mark.parametrize("gate", OBJECTIVES, ids=lambda gate: gate.source.value)
async def test_a_fleet_with_budget_left_completes_and_shows_how_much_there_was(gate: Gate) -> None:
    rig = await Rig(with_objective(gate, 0.99)).applied()
    await rig.publish_version()

    rollout = await rig.ended()

    assert rollout.outcome is Outcome.COMPLETED, rollout.because
    judged = await rig.store.judgements("contoso", rollout.id)
    evidence = next(each for each in judged if each.gate == "availability budget")
    assert (evidence.slot, evidence.verdict) == (BLUE, Verdict.PASS)
    assert evidence.value is not None
    assert evidence.value < 1


@pytest.mark.parametrize("gate", OBJECTIVES, ids=lambda gate: gate.source.value)
async def test_a_fleet_whose_budget_is_spent_begins_nothing(gate: Gate) -> None:
    rig = await Rig(with_objective(gate, 0.999_999), Faults(slow_burn=True)).applied()
    await rig.publish_version()

    rollout = await rig.ended()

    assert rollout.outcome is Outcome.STOPPED
    assert rollout.failed_step == f"{Stage.PREPARE.value} admit"
    assert "of the error budget of 30 days is spent" in rollout.because
    assert rig.world.clusters.find(FLEET.slot(GREEN).cluster_id) is None


@pytest.mark.parametrize("gate", OBJECTIVES, ids=lambda gate: gate.source.value)
async def test_a_ramp_goes_as_far_as_the_budget_bears_and_then_as_far_as_a_person_says(gate: Gate) -> None:
    # A sixth of the month's budget is left: 7 minutes for everybody. The gate of the bake looks at an hour.
    fleet = with_objective(gate, 0.999, balanced(SwitchKind.TRAFFIC_MANAGER, steps=True))
    rig = await Rig(fleet).applied()
    await rig.publish_version()

    rollout = await held(rig)
    assert "would put 50% of the users at risk at once" in rollout.because
    assert (rollout.step, told(rig)) == ("ramp", [0, 10])

    await rig.send(SignalKind.PROMOTE, by="a person")
    rollout = await held(rig)
    assert "would put 100% of the users at risk at once" in rollout.because
    assert (rollout.step, told(rig)) == ("ramp", [0, 10, 50])

    await rig.send(SignalKind.PROMOTE, by="a person")
    rollout = await rig.ended()
    assert rollout.outcome is Outcome.COMPLETED, rollout.because
    assert told(rig) == [0, 10, 50, 100]


async def test_an_objective_that_the_switch_asks_lets_more_be_risked() -> None:
    # The same budget, and a gate that would notice in minutes.
    fleet = with_objective(APP, 0.999, balanced(SwitchKind.TRAFFIC_MANAGER, steps=True))
    gate = fleet.gates.bake[-1]
    steps = tuple(msgspec.structs.replace(step, gates=(*step.gates, gate)) for step in fleet.shift.steps)
    gates = msgspec.structs.replace(fleet.gates, switch=(*fleet.gates.switch, gate))
    shift = msgspec.structs.replace(fleet.shift, steps=steps)
    rig = await Rig(msgspec.structs.replace(fleet, gates=gates, shift=shift)).applied()
    await rig.publish_version()

    rollout = await held(rig)

    assert "would put 100% of the users at risk at once" in rollout.because
    assert told(rig) == [0, 10, 50]


@pytest.mark.parametrize("gate", OBJECTIVES, ids=lambda gate: gate.source.value)
async def test_a_short_bake_is_judged_by_the_alerts_that_it_can_know(gate: Gate) -> None:
    fleet = with_objective(gate, 0.99)
    judged = msgspec.structs.replace(fleet.gates.bake[-1], slo=Objective(objective=0.99))
    gates = msgspec.structs.replace(fleet.gates, bake=(*FLEET.gates.bake, judged))
    rig = await Rig(msgspec.structs.replace(fleet, gates=gates)).applied()
    await rig.publish_version()

    rollout = await rig.ended()

    assert rollout.outcome is Outcome.COMPLETED, rollout.because
    assert rollout.ended_at is not None
    assert rollout.ended_at - rollout.started_at < timedelta(hours=2)
    verdicts = await rig.store.judgements("contoso", rollout.id)
    last = [each for each in verdicts if each.gate == "availability"][-1]
    assert last.verdict is Verdict.PASS
    assert "of 6 hours and 3 days nothing is known while users are watched for 10 minutes" in last.because
    assert rollout.kept["availability on green"].since is not None


async def held(rig: Rig) -> Rollout:
    """Let time pass until the rollout asks a person."""
    for _ in range(180):
        rollout = await rig.rollout()
        if rollout.held is not None:
            return rollout
        await rig.minute()
    raise AssertionError(f"nobody was asked: {await rig.rollout()}")
