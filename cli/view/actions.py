"""An action in words: what will hold in the world once it is done."""

from __future__ import annotations

from typing import assert_never

from cli.view.words import clock
from shared.actions import (
    Action,
    Deploy,
    DestroyCluster,
    Freeze,
    LeverAction,
    PointRecord,
    Purge,
    SetMatch,
    SetWeights,
    StartCluster,
    StartSync,
    StopCluster,
    Thaw,
)


def sentence(action: Action) -> str:
    """`aks.contoso.com A holds 203.0.113.20 (green), TTL 30 s`."""
    match action:
        case PointRecord() | SetWeights() | SetMatch() | Purge():
            return _lever(action)
        case Deploy(name=name, slot=slot, version=version, template_version=template):
            return f"deployment {name} brings up {slot} at {version} from template {template}"
        case Freeze(slot=slot, until=until):
            return f"workload changes on {slot} are denied until {clock(until)} UTC at most"
        case Thaw(slot=slot):
            return f"workload changes on {slot} are allowed again"
        case StartSync(slot=slot):
            return f"{slot} carries the fleet's GitOps configurations"
        case StartCluster(slot=slot):
            return f"the cluster of {slot} runs"
        case StopCluster(slot=slot):
            return f"the cluster of {slot} is stopped, its state kept"
        case DestroyCluster(slot=slot):
            return f"the cluster of {slot} is gone, for good"
        case _:
            assert_never(action)


def _lever(action: LeverAction) -> str:
    match action:
        case PointRecord(record=record, slot=slot, address=address, ttl_seconds=ttl):
            return f"{record.fqdn} {record.type.value} holds {address} ({slot}), TTL {ttl} s"
        case SetWeights(balancer=balancer, weights=weights):
            shares = ", ".join(f"{share} % to {slot}" for slot, share in weights.items())
            return f"{balancer.label} sends {shares}"
        case SetMatch(balancer=balancer, match=match, slot=slot):
            return f"{balancer.label} sends {match.label} {f'to {slot}' if slot else 'nowhere special'}"
        case Purge(balancer=balancer):
            return f"the caches of {balancer.name} are empty"
        case _:
            assert_never(action)
