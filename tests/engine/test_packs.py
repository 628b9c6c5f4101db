"""A fleet that declares packs and no gate of its own goes all the way, and back where users are not well."""

from __future__ import annotations

import msgspec
import pytest

from sandbox.world import Faults
from shared.fleet import Fleet
from shared.fleet_file import parse_json
from shared.levers import SwitchKind
from shared.model import Outcome, Verdict
from tests.engine.rig import Rig
from tests.fleet_file.examples import data
from tests.fleets import FLEET, GREEN
from tests.fleets_balanced import balanced_fleet
from tests.sources import ENDPOINT

PACKS = ["platform", "gateway", {"pack": "slo-http", "objective": "99%"}]


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """A fleet with the gates of packs."""
    document = {**data(), "gates": {"packs": PACKS}}
    return msgspec.structs.replace(FLEET, gates=parse_json(document).gates)


async def test_a_fleet_with_nothing_but_packs_completes_a_rollout(fleet: Fleet) -> None:
    rig = await Rig(fleet).applied()
    await rig.publish_version()

    rollout = await rig.ended()

    assert (rollout.outcome, rollout.held) == (Outcome.COMPLETED, None)
    judged = await rig.store.judgements(fleet.name, rollout.id)
    last = {each.gate: each.verdict for each in judged if each.slot == GREEN}
    declared = {gate.name for gate in (*fleet.gates.platform, *fleet.gates.bake)}
    assert last == dict.fromkeys(declared, Verdict.PASS)


async def test_a_platform_that_prometheus_watches_is_told_by_it(fleet: Fleet) -> None:
    packs = [{"pack": "platform", "prometheus": ENDPOINT}, *PACKS[1:]]
    gates = parse_json({**data(), "gates": {"packs": packs}}).gates
    rig = await Rig(msgspec.structs.replace(fleet, gates=gates)).applied()
    await rig.publish_version()

    rollout = await rig.ended()

    assert (rollout.outcome, rollout.held) == (Outcome.COMPLETED, None)
    judged = await rig.store.judgements(fleet.name, rollout.id)
    told = [each for each in judged if each.gate in ("kubelet-errors", "system-pods-not-running")]
    assert told
    assert all("kube" in each.source and 'cluster="aks-green"' in each.source for each in told)


async def test_users_who_are_not_well_are_brought_back_by_the_gates_of_a_pack(fleet: Fleet) -> None:
    rig = await Rig(fleet, Faults(slow_burn=True)).applied()
    await rig.publish_version()

    rollout = await rig.ended()

    assert rollout.outcome is Outcome.ROLLED_BACK
    assert rollout.rollback_because is not None
    assert rollout.rollback_because.startswith("failed-requests on green")


async def test_a_front_door_that_moves_users_is_asked_about_its_own_origins() -> None:
    balanced = balanced_fleet(SwitchKind.FRONT_DOOR)
    profile = balanced.balancers[0].resource_id
    document = data("contoso-front-door")
    document["gates"] = {"packs": [*PACKS, {"pack": "front-door", "profile": profile}]}
    document["live_records"][0]["profile"] = profile
    document["shift"] = "full"
    rig = await Rig(msgspec.structs.replace(balanced, gates=parse_json(document).gates)).applied()
    await rig.publish_version()

    rollout = await rig.ended()

    assert (rollout.outcome, rollout.held) == (Outcome.COMPLETED, None), rollout.because
    judged = await rig.store.judgements("contoso", rollout.id)
    passed = {each.gate for each in judged if each.slot == GREEN and each.verdict is Verdict.PASS}
    assert passed >= {"origin-health", "front-door-errors", "front-door-latency"}
