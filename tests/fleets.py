"""A small fleet for tests, with everything in it that the runbook has a step for."""

from __future__ import annotations

import msgspec

from shared.fleet import (
    Channel,
    Exposure,
    Fleet,
    Gate,
    Gates,
    Hosts,
    Measure,
    Slot,
    Source,
    StartMode,
    Target,
    VersionPolicy,
)
from shared.levers import Record, RecordType, SlotName, SwitchKind
from shared.platform import FluxConfiguration, Freeze, Provisioner
from shared.policy import Policy

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
BLUE, GREEN = SlotName("blue"), SlotName("green")
ADDRESSES = {BLUE: "203.0.113.10", GREEN: "203.0.113.20"}
_GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"


def record(name: str, ttl_seconds: int = 300) -> Record:
    """A record of the zone contoso.com."""
    return Record(
        kind=SwitchKind.AZURE_DNS,
        zone_id=f"{_GROUPS}/rg-network/providers/Microsoft.Network/dnszones/contoso.com",
        name=name,
        type=RecordType.A,
        ttl_seconds=ttl_seconds,
    )


def slot(name: SlotName) -> Slot:
    """A slot with a literal address."""
    network = f"{_GROUPS}/rg-network/providers/Microsoft.Network"
    clusters = f"{_GROUPS}/rg-aks-{name}/providers/Microsoft.ContainerService/managedClusters"
    return Slot(
        name=name,
        cluster_id=f"{clusters}/aks-{name}",
        gateway_id=f"{network}/applicationGateways/agw-{name}",
        host=record(f"aks-{name}"),
        address=ADDRESSES[name],
    )


NODES = Gate(
    name="nodes-not-ready",
    source=Source.METRICS,
    target=Target.CLUSTER,
    level=1,
    namespace="Microsoft.ContainerService/managedClusters",
    metric="kube_node_status_condition",
    aggregation="Total",
    filter="condition eq 'Ready' and status eq 'false'",
    max_value=0,
    min_samples=3,
)
ERRORS = Gate(
    name="failed-share",
    source=Source.LOGS,
    target=Target.CLUSTER,
    query=(
        "AppRequests"
        " | summarize value = countif(Success == false) / todouble(count()) by bin(TimeGenerated, 1m)"
    ),
    max_value=0.01,
    min_samples=3,
)
HEALTH = Gate(
    name="health",
    source=Source.HTTP,
    target=Target.HOST,
    path="/healthz",
    measure=Measure.FAILED_SHARE,
    max_value=0,
    min_samples=1,
    ingestion_seconds=0,
)

FLEET = Fleet(
    name="contoso",
    subscription_id=SUBSCRIPTION,
    location="westeurope",
    exposure=Exposure.PUBLIC,
    hosts=Hosts(official="official-aks.contoso.com", cluster="aks.contoso.com"),
    live_records=(record("aks"),),
    slots=(slot(BLUE), slot(GREEN)),
    live=BLUE,
    versions=VersionPolicy(channel=Channel.STABLE, start=StartMode.AUTOMATIC),
    provisioner=Provisioner(
        template_spec_id=f"{_GROUPS}/rg-platform/providers/Microsoft.Resources/templateSpecs/aks-cluster",
        template_version="1.4.0",
        resource_group="rg-aks-green",
    ),
    sync=(
        FluxConfiguration(
            name="platform",
            namespace="flux-system",
            url="https://github.com/contoso/platform",
            branch="main",
            kustomizations={"apps": "./apps"},
        ),
    ),
    freeze=Freeze(expires_seconds=4 * 3600),
    gates=Gates(platform=(NODES,), functional=(HEALTH,), switch=(ERRORS,), bake=(ERRORS,)),
    policy=Policy(observe_seconds=300, bake_seconds=600, settle_seconds=300),
    notification_topic="https://contoso.westeurope-1.eventgrid.azure.net/api/events",
)


def fleet(**changes: object) -> Fleet:
    """The fleet with some fields changed."""
    return msgspec.structs.replace(FLEET, **changes)


def policy(**changes: object) -> Policy:
    """The fleet's policy with some fields changed."""
    return msgspec.structs.replace(FLEET.policy, **changes)
