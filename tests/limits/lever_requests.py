"""What each question about a lever and each order to one costs in requests to Azure."""

from __future__ import annotations

from shared.actions import LeverAction, PointRecord, Purge, SetMatch, SetWeights
from shared.fleet import Fleet
from shared.levers import MATCHING, Balancer, Record, SwitchKind
from shared.probes import (
    BalancerState,
    HostState,
    LastWriter,
    NamesState,
    OpenConnections,
    RecordOwner,
    RecordState,
)

Request = tuple[str, str]
LeverProbe = RecordState | BalancerState | NamesState | RecordOwner | LastWriter | HostState | OpenConnections

_LOG = "providers/Microsoft.Insights/eventtypes/management/values"


def of_lever_probe(fleet: Fleet, probe: LeverProbe) -> list[Request]:
    """What an answer costs."""
    match probe:
        case RecordState(record):
            return [("GET", record_path(record))]
        case BalancerState(balancer):
            return [("GET", _balancer(balancer))]
        case RecordOwner(record):
            return [("GET", f"{record.zone_id}/TXT/{name}") for name in _registry(record)]
        case LastWriter():
            return [("GET", f"/subscriptions/{fleet.subscription_id}/{_LOG}")]
        case OpenConnections():
            return [("POST", f"/subscriptions/{fleet.subscription_id}/metrics:getBatch")]
        case NamesState() | HostState():
            return []


def of_lever_action(action: LeverAction) -> list[Request]:
    """What an order costs where nothing is in its way, in the process that has looked before it."""
    match action:
        case PointRecord(record):
            return [("PUT", record_path(record))]
        case SetWeights(balancer):
            return _weights(balancer)
        case SetMatch(balancer) | Purge(balancer) if balancer.kind not in MATCHING:
            return []
        case SetMatch(balancer):
            return [("PUT", f"{balancer.resource_id}/ruleSets/{balancer.rules}/rules/switchyardCanary")]
        case Purge(balancer):
            return [("POST", f"{balancer.resource_id}/afdEndpoints/{balancer.endpoint}/purge")]


def record_path(record: Record) -> str:
    """The path of a record set."""
    return f"{record.zone_id}/{record.type.value}/{record.name}"


def _balancer(balancer: Balancer) -> str:
    group = f"/originGroups/{balancer.group}/origins" if balancer.kind is SwitchKind.FRONT_DOOR else ""
    return f"{balancer.resource_id}{group}"


def _weights(balancer: Balancer) -> list[Request]:
    names = [member.name for member in balancer.members]
    match balancer.kind:
        case SwitchKind.FRONT_DOOR:
            return [("PATCH", f"{_balancer(balancer)}/{name}") for name in names]
        case SwitchKind.TRAFFIC_MANAGER:
            # Nothing says whether what was read still holds, so it is read again.
            told = [("PATCH", f"{balancer.resource_id}/{name}") for name in names]
            return [("GET", balancer.resource_id), *told]
        case _:
            return [("PUT", balancer.resource_id)]


def _registry(record: Record) -> list[str]:
    """Where external-dns's registry of TXT records says who owns a record: by type, and by the bare name."""
    typed = f"{record.type.value.lower()}-{record.name}"
    return [typed, record.name]
