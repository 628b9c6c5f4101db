"""Good bodies of every door, to be made bad: composed ones, the API's own examples, and published ones."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from shared.api import openapi
from tests.signals.alert_kinds import KINDS
from tests.signals.bodies import EVENTS, GREEN, RELEASE, SUBSCRIPTION, cloud_event, full_type, grid_event

PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"
HANDSHAKE = {
    "id": "2d1781af-3a4c-4d7c-bd0c-e34b19da4e66",
    "topic": SUBSCRIPTION,
    "subject": "",
    "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
    "eventTime": "2026-11-21T09:00:00.1234567Z",
    "data": {"validationCode": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6", "validationUrl": "https://x"},
    "dataVersion": "1",
    "metadataVersion": "1",
}
VERSION = "1.32.6"


@cache
def events() -> tuple[bytes, ...]:
    """Events in both schemas, on the two fleets' clusters."""
    made: list[Any] = [HANDSHAKE]
    for name, (data, *_) in EVENTS.items():
        made += [grid_event(full_type(name), data), cloud_event(full_type(name), data)]
    release = {**RELEASE, "fleets": ["contoso"]}
    made.append(cloud_event("Switchyard.ClusterVersionPublished", release, source="/platform/releases"))
    made.append(grid_event("Switchyard.ClusterVersionPublished", release, topic="/platform"))
    return tuple(map(msgspec.json.encode, made))


@cache
def alerts() -> tuple[bytes, ...]:
    """An alert of every kind."""
    return tuple(msgspec.json.encode(body) for body, _ in KINDS.values())


@cache
def starts() -> tuple[bytes, ...]:
    """Bodies that start a rollout."""
    note = {"version": VERSION, "note": "a new node image\nand more", "lift_hold": True}
    return tuple(
        map(msgspec.json.encode, (_example("Start"), note, {"version": "v1.31.9", "template_version": "2"}))
    )


@cache
def commands() -> tuple[bytes, ...]:
    """Bodies of the other commands."""
    return tuple(map(msgspec.json.encode, (_example("Command"), {}, {"note": "looks good"})))


@cache
def pasts() -> tuple[bytes, ...]:
    """Questions about a time that is over."""
    gate = {"name": "n", "source": "metrics", "target": "cluster", "ingestion": "3m"}
    metric = {
        "namespace": "Microsoft.ContainerService/managedClusters",
        "metric": "m",
        "aggregation": "Total",
    }
    query = {"source": "logs", "query": "T | project TimeGenerated, value"}
    span = {"slot": "blue", "since": "2026-11-21T09:00:00Z", "until": "2026-11-21T09:10:00Z"}
    gates = ({**gate, **metric}, {**gate, **query})
    return tuple(msgspec.json.encode({"gate": each, **span}) for each in gates)


@cache
def fleet() -> bytes:
    """The smallest fleet that there is, as JSON, which YAML is too."""
    groups = f"{SUBSCRIPTION}/resourceGroups"
    network = f"{groups}/rg/providers/Microsoft.Network"
    clusters = f"{groups}/rg/providers/Microsoft.ContainerService/managedClusters"
    gate = {"name": "up", "source": "http", "path": "/", "max": 0}
    nodes = {"name": "n", "level": 1, "source": "logs", "target": "cluster", "max": 0}
    body = {
        "name": "small",
        "subscription": SUBSCRIPTION.rsplit("/", 1)[-1],
        "location": "westeurope",
        "exposure": "public",
        "hosts": {"official": "o.a.com", "cluster": "c.a.com", "blue": "b.a.com", "green": "g.a.com"},
        "live_records": [
            {
                "zone": f"{network}/dnszones/a.com",
                "name": "c",
                "type": "A",
                "ttl": "5m",
                "switch": "azure_dns",
            }
        ],
        "slots": {
            slot: {
                "cluster_id": f"{clusters}/{slot}",
                "gateway_id": f"{network}/applicationGateways/{slot}",
                "address": address,
            }
            for slot, address in (("blue", "203.0.113.1"), ("green", "203.0.113.2"))
        },
        "live": "blue",
        "versions": {"channel": "stable", "start": "manual"},
        "provision": {
            "template_spec": f"{groups}/rg/providers/Microsoft.Resources/templateSpecs/t",
            "template_version": "1",
            "resource_group": "rg",
        },
        "gates": {
            "platform": [{**nodes, "query": "T | project TimeGenerated, value"}],
            "switch": [gate],
            "bake": [gate],
        },
    }
    return msgspec.json.encode(body)


@cache
def published(prefix: str) -> tuple[bytes, ...]:
    """Microsoft's own payloads as they are, and about a fleet's resources; none where there are none."""
    found: list[bytes] = []
    for path in sorted(PAYLOADS.glob(f"{prefix}*.json")):
        body = json.loads(path.read_text("utf-8"))
        found += [msgspec.json.encode(body), msgspec.json.encode(_ours(body))]
    return tuple(found)


def _ours(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ours(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_ours(item) for item in value]
    is_id = isinstance(value, str) and value.lower().startswith("/subscriptions/")
    return GREEN.cluster_id if is_id else value


def _example(name: str) -> dict[str, Any]:
    """What the OpenAPI document shows a caller: a value for each of its properties."""
    schema = openapi.document("0")["components"]["schemas"][name]
    of_type = {"string": "text", "boolean": False}
    return {
        key: each.get("examples", [of_type[each["type"]]])[0] for key, each in schema["properties"].items()
    }
