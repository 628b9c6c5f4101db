"""What happens once: a deployment of the app, a body that is none, a storm of alerts, a lost live cluster.

Decides what a blow is; the scenario decides when, the checkers what is right afterwards.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandbox.world import events
from sandbox.world.errors import ArmError
from tests.sim.checkers.base import Violation
from tests.sim.scenario import Blow

if TYPE_CHECKING:
    from tests.sim.simulation import Process, Simulation

STORM_ALERTS = 45
"""More than one claim may consume."""
GARBAGE: tuple[Any, ...] = (
    {"eventType": "Microsoft.ContainerService.NewKubernetesVersionAvailable"},
    [{"id": 1}],
    {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": {}}},
    {"specversion": "9.9", "type": "x", "source": "/", "id": ""},
    "text",
)


def strike(sim: Simulation, blow: Blow) -> None:
    """Let it happen now."""
    match blow.kind:
        case "redeploy":
            sim.redeploy()
        case "garbage":
            _garbage(sim)
        case "storm":
            _storm(sim)
        case "stop live" | "delete live":
            _lose(sim, delete=blow.kind.startswith("delete"))
        case _:
            raise AssertionError(f"nobody knows the blow {blow.kind}")


def _garbage(sim: Simulation) -> None:
    body = sim.chance.choice(GARBAGE)
    sim.told("mallory", "sends a body that is no signal")

    def answered(result: object, error: BaseException | None) -> None:
        if error is None and result:
            raise Violation(f"invariant 6: a body that is no signal was taken for {result}")

    def handle(process: Process) -> Any:
        return sim.chance.choice((process.intake.events, process.intake.alert))(body)

    sim.invoke("garbage", handle, answered)


def _storm(sim: Simulation) -> None:
    slot = sim.chance.choice(sim.scenario.fleet.slots)
    sim.told("weather", f"{STORM_ALERTS} alerts on {slot.name} fire at once")
    for number in range(STORM_ALERTS):
        guid = sim.world.estate.hex_of(32, "storm", sim.scheduler.seconds, number)
        fired_at = sim.scheduler.now() - timedelta(seconds=number % 7)
        sim.people.deliver("alert", events.metric_alert(slot.gateway_id, fired_at, alert_guid=guid))


def _lose(sim: Simulation, *, delete: bool) -> None:
    """Somebody stops or deletes the cluster that was live when the rollout began."""
    facts = sim.facts
    name = facts.rollout.live if facts.rollout is not None else facts.state.live
    cluster = sim.scenario.fleet.slot(name).cluster_id
    try:
        (sim.world.clusters.delete if delete else sim.world.clusters.stop)(cluster)
    except ArmError:
        return
    facts.lost_slots[name] = sim.scheduler.now()
    sim.told("mallory", f"{'deletes' if delete else 'stops'} the cluster of {name}")
