"""Gates on sources that are no part of a slot, and the fleets that have them."""

from __future__ import annotations

import msgspec

from sandbox.world.balancers import TYPES
from shared.fleet import Fleet, Gate, Source, Target
from shared.levers import SwitchKind
from tests.fleets import FLEET, SUBSCRIPTION
from tests.fleets_balanced import NETWORK, balancer

_MONITORING = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-monitoring/providers"
WORKSPACE = f"{_MONITORING}/Microsoft.OperationalInsights/workspaces/log-contoso"
COMPONENT = f"{_MONITORING}/Microsoft.Insights/components/appi-contoso"
ENDPOINT = "https://amw-contoso-a1b2.westeurope.prometheus.monitor.azure.com"
FRONT_DOOR = f"{NETWORK}/{TYPES[SwitchKind.FRONT_DOOR]}/contoso-edge"
TRAFFIC_MANAGER = f"{NETWORK}/{TYPES[SwitchKind.TRAFFIC_MANAGER]}/contoso-edge"

WORLDWIDE: Fleet = msgspec.structs.replace(
    FLEET, balancers=(balancer(SwitchKind.FRONT_DOOR), balancer(SwitchKind.TRAFFIC_MANAGER))
)
"""The fleet with levers that lie in no region."""

KUBELET = Gate(
    name="kubelet-errors",
    source=Source.PROMETHEUS,
    target=Target.RESOURCE,
    endpoint=ENDPOINT,
    query='sum(increase(kubelet_runtime_operations_errors_total{cluster="{cluster}"}[2m]))',
    max_value=5,
)
SHARE = Gate(
    name="failed-requests",
    source=Source.PROMETHEUS,
    target=Target.RESOURCE,
    endpoint=ENDPOINT,
    query='sum(http_requests_total{code=~"5..",cluster="{cluster}"})/sum(http_requests_total{cluster="{cluster}"})',
    max_value=0.01,
)
APP = Gate(
    name="app-failures",
    source=Source.APP_INSIGHTS,
    target=Target.RESOURCE,
    resource_id=COMPONENT,
    query=(
        "AppRequests | where tostring(Properties.cluster) == '{cluster}' | summarize "
        "value = countif(Success == false) / todouble(count()), requests = count() by bin(TimeGenerated, 1m)"
    ),
    max_value=0.01,
    ingestion_seconds=180,
)
PODS = Gate(
    name="pods",
    source=Source.LOGS,
    target=Target.RESOURCE,
    resource_id=WORKSPACE,
    query=(
        "KubePodInventory | where ClusterName == '{cluster}' "
        "| summarize value = countif(PodStatus != 'Running') by bin(TimeGenerated, 1m)"
    ),
    max_value=0,
    ingestion_seconds=180,
)
WORKSPACE_ID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
PODS_BY_ID = msgspec.structs.replace(PODS, name="pods-by-id", resource_id=WORKSPACE_ID)
ORIGIN = Gate(
    name="origin-failures",
    source=Source.METRICS,
    target=Target.RESOURCE,
    resource_id=FRONT_DOOR,
    namespace=TYPES[SwitchKind.FRONT_DOOR],
    metric="OriginRequestCount",
    aggregation="Total",
    filter="Origin eq '{member}' and HttpStatusGroup eq '5XX'",
    max_value=100,
    ingestion_seconds=180,
)
EDGE = msgspec.structs.replace(
    ORIGIN, name="edge-failures", metric="Percentage5XX", aggregation="", filter=""
)
PROFILE = msgspec.structs.replace(
    ORIGIN,
    name="endpoint-state",
    resource_id=TRAFFIC_MANAGER,
    namespace=TYPES[SwitchKind.TRAFFIC_MANAGER],
    metric="ProbeAgentCurrentEndpointStateByProfileResourceId",
    aggregation="Maximum",
    filter="EndpointName eq '{member}'",
)


def at(gate: Gate, endpoint: str) -> Gate:
    """The gate with another query endpoint."""
    return msgspec.structs.replace(gate, endpoint=endpoint)
