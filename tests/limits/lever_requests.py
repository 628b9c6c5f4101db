"""What each question about a lever and each order to one costs in requests to Azure."""

from __future__ import annotations

from collections.abc import Mapping

from shared.actions import LeverAction, PointRecord, Purge, SetMatch, SetWeights
from shared.fleet import Fleet
from shared.levers import MATCHING, Balancer, Record, RecordType, SwitchKind
from shared.loads import OpenConnections
from shared.probes import BalancerState, HostState, LastWriter, NamesState, Probe, RecordOwner, RecordState

Request = tuple[str, str]
LeverProbe = RecordState | BalancerState | NamesState | RecordOwner | LastWriter | HostState | OpenConnections

_LOG = "providers/Microsoft.Insights/eventtypes/management/values"


def of_lever_probe(fleet: Fleet, probe: LeverProbe) -> list[Request]:
    """What an answer costs."""
    match probe:
        case RecordState(record):
            return [("GET", record_path(record))]
        case BalancerState(balancer):
            return [("GET", path) for path in (_balancer(balancer), *_canary(balancer))]
        case RecordOwner(record):
            return [("GET", f"{record.zone_id}/TXT/{name}") for name in _registry(record)]
        case LastWriter():
            return [("GET", f"/subscriptions/{fleet.subscription_id}/{_LOG}")]
        case OpenConnections():
            return [("POST", f"/subscriptions/{fleet.subscription_id}/metrics:getBatch")]
        case NamesState() | HostState():
            return []


def once(probe: Probe) -> list[Request]:
    """What the first answer in a process costs beside that: a public zone says who its name servers are."""
    if isinstance(probe, NamesState) and probe.record.kind is SwitchKind.AZURE_DNS:
        return [("GET", probe.record.zone_id)]
    return []


def of_lever_action(action: LeverAction) -> list[Request]:
    """What an order costs where nothing is in its way, in the process that has looked before it."""
    match action:
        case PointRecord(record):
            return [("PUT", record_path(record))]
        case SetWeights(balancer, weights):
            return _weights(balancer, weights)
        case SetMatch(balancer) | Purge(balancer) if balancer.kind not in MATCHING:
            return []
        case SetMatch(balancer, slot=slot):
            (rule,) = _canary(balancer)
            lifts = slot is None and balancer.kind is SwitchKind.FRONT_DOOR
            return [("GET", rule), ("GET", _balancer(balancer)), ("DELETE" if lifts else "PUT", rule)]
        case Purge(balancer):
            endpoint = f"/afdEndpoints/{balancer.endpoint}" if balancer.kind is SwitchKind.FRONT_DOOR else ""
            return [("POST", f"{balancer.resource_id}{endpoint}/purge")]


def record_path(record: Record) -> str:
    """The path of a record set."""
    return f"{record.zone_id}/{record.type.value}/{record.name}"


def _balancer(balancer: Balancer) -> str:
    group = f"/originGroups/{balancer.group}/origins" if balancer.kind is SwitchKind.FRONT_DOOR else ""
    return f"{balancer.resource_id}{group}"


def _canary(balancer: Balancer) -> list[str]:
    """Where a canary by header or cookie is written."""
    match balancer.kind:
        case SwitchKind.FRONT_DOOR if balancer.rules:
            return [f"{balancer.resource_id}/ruleSets/{balancer.rules}/rules/switchyardCanary"]
        case SwitchKind.FRONT_DOOR_CLASSIC if balancer.rules:
            return [f"{balancer.resource_id}/rulesEngines/{balancer.rules}"]
        case _:
            return []


def _weights(balancer: Balancer, weights: Mapping[str, int]) -> list[Request]:
    names = [member.name for member in balancer.members]
    match balancer.kind:
        case SwitchKind.FRONT_DOOR:
            # One origin at a time, and first the one that gets most of what another had.
            first = max(balancer.members, key=lambda each: weights.get(each.slot, 0))
            return [("GET", _balancer(balancer)), ("PATCH", f"{_balancer(balancer)}/{first.name}")]
        case SwitchKind.FRONT_DOOR_CLASSIC:
            return [("GET", balancer.resource_id), ("PUT", balancer.resource_id)]
        case SwitchKind.TRAFFIC_MANAGER:
            # Nothing says whether what was read still holds, so it is read again.
            told = [("PATCH", f"{balancer.resource_id}/{name}") for name in names]
            return [("GET", balancer.resource_id), *told]
        case _:
            return [("PUT", balancer.resource_id)]


def _registry(record: Record) -> list[str]:
    """Where external-dns's registry of TXT records says who owns a record: by type, and by the bare name."""
    typed = f"{record.type.value.lower()}-{record.name}"
    return [typed, record.name] if record.type is RecordType.A else [typed]
