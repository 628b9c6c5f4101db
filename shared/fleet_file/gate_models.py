"""The shape of a gate in a fleet file: its keys, what each may hold, and its defaults.

What a source needs and which gate makes sense where is in `gate_checks`, its further rules in `rule_models`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.fleet_file.check_models import (
    AlertsPart,
    ExpectPart,
    KubernetesPart,
    LoadTestPart,
    WebhookPart,
)
from shared.fleet_file.pack_models import Pack, or_name, without_packs
from shared.fleet_file.rule_models import AnomalyPart, ComparePart, ScoresPart, SloPart, TolerancePart
from shared.fleet_file.source_models import A_WORKSPACE, AN_ENDPOINT, Endpoint, ResourceId, WorkspaceId
from shared.fleet_file.values import (
    DAY_SECONDS,
    GateName,
    HttpPath,
    Limit,
    Line,
    MetricNamespace,
    Part,
    Seconds,
    Text,
)

SourceName = Literal[
    "metrics",
    "logs",
    "http",
    "prometheus",
    "app_insights",
    "webhook",
    "kubernetes",
    "alerts",
    "resource_health",
    "load_test",
]
A_SOURCE = (
    "metrics, logs, http, prometheus, app_insights, webhook, kubernetes, alerts, resource_health or load_test"
)
Count = Annotated[int, Field(ge=1, le=1000)]


class GatePart(Part):
    """A named question about health. Only a value beyond a limit breaches it."""

    name: GateName = Field(description="a name such as nodes-not-ready")
    source: SourceName = Field(description=A_SOURCE)
    target: Literal["cluster", "gateway", "host", "resource"] | None = Field(
        default=None,
        description="cluster, gateway, or resource with resource_id; an http gate asks the slot's own host",
    )
    endpoint: Endpoint | None = Field(default=None, description=AN_ENDPOINT)
    resource_id: ResourceId | None = Field(
        default=None,
        description="the ARM id of what is asked, where that is no part of a slot: a workspace, Application "
        "Insights, a Front Door or a Traffic Manager profile",
    )
    workspace_id: WorkspaceId | None = Field(
        default=None, description=f"in place of resource_id, {A_WORKSPACE}"
    )
    level: Annotated[int, Field(ge=1, le=3)] | None = Field(
        default=None,
        description="of a platform gate: 1 nodes and cluster, 2 API server and kubelet, 3 default objects",
    )
    namespace: MetricNamespace | None = Field(
        default=None, description="the metric namespace, such as Microsoft.ContainerService/managedClusters"
    )
    metric: Line | None = Field(
        default=None,
        description="the metric's name in the REST API, or two with ' / ' between: a share of the second",
    )
    aggregation: Literal["Average", "Total", "Maximum", "Minimum", "Count"] | None = Field(
        default=None, description="Average, Total, Maximum, Minimum or Count"
    )
    filter: Line | None = Field(default=None, description="a dimension filter such as status eq 'false'")
    query: Text | None = Field(
        default=None,
        description="a KQL query that starts with a table and gives TimeGenerated and value, or PromQL",
    )
    path: HttpPath | None = Field(default=None, description="a path such as /healthz")
    measure: Literal["failed_share", "latency_ms"] | None = Field(
        default=None, description="failed_share (the default) or latency_ms"
    )
    requests: Annotated[int, Field(ge=1, le=50)] | None = Field(
        default=None, description="how many requests one reading sends, 1 to 50"
    )
    expect: ExpectPart | None = Field(
        default=None, description="a mapping with what every answer has to be like, such as status: [200]"
    )
    webhook: WebhookPart | None = Field(default=None, description="a mapping with url and audience")
    kubernetes: KubernetesPart | None = Field(
        default=None, description="a mapping with check, namespace and selector"
    )
    alerts: AlertsPart | None = Field(default=None, description="a mapping with severities and rules")
    load_test: LoadTestPart | None = Field(
        default=None, description="a mapping with endpoint, test, baseline_run and measure"
    )
    unit: Annotated[Line, Field(max_length=16)] | None = Field(default=None, description="the unit to show")
    max: Limit | None = Field(default=None, description="the largest tolerated value")
    min: Limit | None = Field(default=None, description="the smallest tolerated value")
    max_over_baseline: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        default=None, description="the largest tolerated multiple of the live slot's baseline, such as 1.5"
    )
    pass_max: Limit | None = Field(
        default=None, description="the largest value that passes; from there to max it is inconclusive"
    )
    pass_min: Limit | None = Field(
        default=None, description="the smallest value that passes; from there to min it is inconclusive"
    )
    max_over_live: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        default=None, description="the largest tolerated multiple of live's mean in the same window"
    )
    compare: ComparePart | None = Field(default=None, description="a statistical comparison with live")
    slo: SloPart | None = Field(default=None, description="an objective, and how fast its budget may burn")
    anomaly: AnomalyPart | None = Field(default=None, description="a limit learnt from the weeks before")
    min_requests: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(
        default=None, description="how many requests must be behind the samples"
    )
    initial_delay: Annotated[Seconds, Field(ge=1, le=DAY_SECONDS)] | None = Field(
        default=None, description="how long to wait before the first measurement, such as 2m"
    )
    interval: Annotated[Seconds, Field(ge=1, le=DAY_SECONDS)] | None = Field(
        default=None, description="how far apart measurements are, such as 1m; else each sample is one"
    )
    count: Count | None = Field(default=None, description="how many measurements complete it")
    consecutive_passes: Count | None = Field(
        default=None, description="so many passes in a row complete it, and nothing less"
    )
    tolerance: TolerancePart | None = Field(default=None, description="how many measurements may go wrong")
    group: GateName | None = Field(default=None, description="the group that it is scored with")
    weight: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        default=None, description="its weight in the group, 1 where nothing is said"
    )
    critical: bool | None = Field(
        default=None, description="whether the group needs it to pass, whatever the score"
    )
    dry_run: bool = Field(default=False, description="whether it is only recorded, and decides nothing")
    min_samples: Count = Field(default=3, description="how many samples a verdict needs")
    breaches_max: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=0, description="up to how many breaches leave the verdict open instead of failing it"
    )
    window: Annotated[Seconds, Field(ge=60, le=DAY_SECONDS)] = Field(
        default=300, description="how far back it looks, such as 5m"
    )
    ingestion: Annotated[Seconds, Field(ge=0, le=3600)] | None = Field(
        default=None, description="how long the source's newest data stays incomplete, such as 2m"
    )


class ScorecardPart(Part):
    """The gates of this file that measure what only they can, by their names."""

    errors: GateName | None = Field(default=None, description="the gate of users' error rate")
    latency: GateName | None = Field(default=None, description="the gate of users' latency")
    sessions: GateName | None = Field(
        default=None, description="the gate of the share of users who lost their session, 0 to 1"
    )
    database_errors: GateName | None = Field(default=None, description="the gate of the database's errors")
    cost: GateName | None = Field(default=None, description="the gate of what both clusters cost")
    cost_max: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        default=None, description="the largest tolerated multiple of the usual cost, such as 2"
    )


Gates = Annotated[list[GatePart], Field(max_length=50)]
SomeGates = Annotated[list[GatePart], Field(min_length=1, max_length=50)]


class GatesPart(Part):
    """The gates of each question that the runbook asks. Nothing passes without evidence: three need some."""

    model_config = ConfigDict(json_schema_extra=without_packs)

    packs: Annotated[list[Pack], Field(max_length=20)] = Field(
        default=[],
        description="a list of packs of gates that need not be written: a name, or a mapping with pack",
        json_schema_extra=or_name,
    )
    platform: SomeGates = Field(
        description="a list of one or more gates: is the candidate healthy as a platform?"
    )
    functional: Gates = Field(default=[], description="a list of gates: does the candidate work?")
    load: Gates = Field(
        default=[], description="a list of gates: does the candidate perform as the baseline?"
    )
    switch: SomeGates = Field(
        description="a list of one or more gates: are users well, just after the switch?"
    )
    bake: SomeGates = Field(description="a list of one or more gates: do users stay well?")
    scores: ScoresPart = Field(
        default=ScoresPart(), description="from which score on a group of gates passes, and is marginal"
    )
