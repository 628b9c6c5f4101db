"""The shape of a fleet file: its keys, what each may hold, and its defaults.

Decides keys and values one by one; the JSON Schema is made from these models. Refuses to know how values
relate to each other (`checks`) and what becomes of them (`making`). A description says what is expected.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from shared.fleet_file.alert_models import AlertsPart, Severity
from shared.fleet_file.gate_models import GatesPart, ScorecardPart
from shared.fleet_file.lever_models import LeverPart, RecordTypes, Zones
from shared.fleet_file.lever_values import MetricWord
from shared.fleet_file.shift_models import DrainPart, NamesPart, Plan, ReadinessPart, RingPart
from shared.fleet_file.values import (
    DAY_SECONDS,
    Address,
    Branch,
    ClusterId,
    FleetName,
    GatewayId,
    GitUrl,
    GroupName,
    Guid,
    Host,
    Image,
    KubernetesName,
    Line,
    Location,
    MetricNamespace,
    MinuteOfDay,
    ParameterName,
    Part,
    PublicIpId,
    RepositoryPath,
    Seconds,
    Share,
    TemplateSpecId,
    TemplateVersion,
    Topic,
    Ttl,
    ZoneId,
)

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Flag = Annotated[bool, Field()]
Deadline = Annotated[Seconds, Field(ge=30, le=30 * DAY_SECONDS)]


class HostsPart(Part):
    """The four host names of the AKS blue-green guide."""

    official: Host = Field(description="the host name that users know; it may be the cluster's own")
    cluster: Host = Field(
        description="the host name that the gateways serve: the first live record, where that is a record"
    )
    blue: Host = Field(description="the blue slot's own host name")
    green: Host = Field(description="the green slot's own host name")


class HostRecordPart(Part):
    """Where a slot's own host name lies, if not beside the first live record."""

    zone: ZoneId = Field(description="the ARM id of the DNS zone")
    type: RecordTypes | None = Field(
        default=None, description="A, AAAA or CNAME, if not that of the first live record"
    )
    switch: Zones = Field(description="azure_dns for a public zone, private_dns for a private one")
    ttl: Ttl = Field(default=300, description="the TTL, such as 5m")


class SlotPart(Part):
    """A fixed place for a cluster. One of `address` and `public_ip_id` says where its gateway is."""

    cluster_id: ClusterId = Field(
        description="the ARM id of the slot's cluster, whether it exists yet or not"
    )
    gateway_id: GatewayId = Field(description="the ARM id of the slot's application gateway")
    address: Address | None = Field(default=None, description="the gateway's address")
    public_ip_id: PublicIpId | None = Field(
        default=None, description="the ARM id of the public IP to read the gateway's address from"
    )
    host_record: HostRecordPart | None = Field(
        default=None, description="the zone of the slot's own host name, if not that of the first live record"
    )


class SlotsPart(Part):
    """The two slots. Colours never change meaning."""

    blue: SlotPart = Field(description="a mapping with cluster_id, gateway_id and the gateway's address")
    green: SlotPart = Field(description="a mapping with cluster_id, gateway_id and the gateway's address")


class WindowPart(Part):
    """A weekly span in UTC. One that ends before it begins goes on past midnight."""

    days: list[Day] = Field(
        min_length=1, max_length=7, description="the days it begins on, such as [mon, tue]"
    )
    from_: MinuteOfDay = Field(alias="from", description='a time of day in UTC such as "09:00"')
    to: MinuteOfDay = Field(description='a time of day in UTC such as "16:00"')


class VersionsPart(Part):
    """What starts a rollout, and when it may."""

    channel: Literal["stable", "supported", "preview", "platform"] = Field(
        description="the published version to follow: stable, supported, preview or platform"
    )
    start: Literal["automatic", "manual"] = Field(
        description="automatic, or manual where a person starts every rollout"
    )
    windows: list[WindowPart] = Field(
        default=[], max_length=50, description="a list of weekly windows; none means always"
    )


class ProvisionPart(Part):
    """The ARM deployment that brings up the candidate's cluster."""

    template_spec: TemplateSpecId = Field(description="the ARM id of the template spec, without a version")
    template_version: TemplateVersion = Field(
        description="the version of the template spec, such as 1.4.0, as text"
    )
    resource_group: GroupName = Field(description="the resource group of the deployment")
    parameters: dict[ParameterName, Any] = Field(
        default={}, description="a mapping of template parameters to their values"
    )
    slot_parameter: ParameterName = Field(
        default="slot", description="the template parameter that gets the slot's name"
    )
    cluster_name_parameter: ParameterName = Field(
        default="clusterName", description="the template parameter that gets the cluster's name"
    )
    version_parameter: ParameterName = Field(
        default="kubernetesVersion", description="the template parameter that gets the Kubernetes version"
    )


class SyncPart(Part):
    """A GitOps configuration (Flux) that the candidate must carry."""

    name: KubernetesName = Field(description="the configuration's name")
    namespace: KubernetesName = Field(default="flux-system", description="the configuration's namespace")
    url: GitUrl = Field(description="the address of the Git repository")
    branch: Branch = Field(description="the branch to follow, such as main")
    kustomizations: dict[KubernetesName, RepositoryPath] = Field(
        min_length=1, description="a mapping of kustomization names to their paths, such as {apps: ./apps}"
    )
    interval: Annotated[Seconds, Field(ge=30, le=3600)] = Field(
        default=60, description="how often Flux looks at the repository"
    )


class FreezePart(Part):
    """No workload changes on the live cluster from the sync to the end of the switch."""

    expires: Annotated[Seconds, Field(ge=3600, le=7 * DAY_SECONDS)] = Field(
        description="after how long the freeze lifts itself, 1h at least"
    )
    exempt_users: list[Line] = Field(
        default=[], max_length=50, description="a list of users who may still deploy"
    )
    expiry_image: Image = Field(
        default="mcr.microsoft.com/oss/kubernetes/kubectl:v1.30.0",
        description="the image with kubectl that lifts the freeze when it expires",
    )


class TrafficPart(Part):
    """The metric that counts the requests which a slot's gateway served."""

    namespace: MetricNamespace = Field(
        default="Microsoft.Network/applicationGateways", description="the metric namespace"
    )
    metric: Line = Field(default="TotalRequests", description="the metric's name in the REST API")
    share_min: Share = Field(default=0.99, description="the candidate's share of requests after the switch")
    drained_requests_per_minute_max: Annotated[float, Field(ge=0, le=1_000_000)] = Field(
        default=1.0, description="up to how many requests a minute the old slot counts as drained"
    )
    ingestion: Annotated[Seconds, Field(ge=0, le=3600)] = Field(
        default=120, description="how long the metric's newest data stays incomplete"
    )
    dimension: MetricWord | None = Field(
        default=None, description="the dimension that tells slots apart behind one gateway"
    )


class PolicyPart(Part):
    """Times and limits of a rollout."""

    observe: Annotated[Seconds, Field(ge=60, le=DAY_SECONDS)] = Field(
        default=600, description="how long users must be well on the candidate before deployments thaw"
    )
    bake: Annotated[Seconds, Field(ge=60, le=30 * DAY_SECONDS)] = Field(
        default=1800, description="how long users must stay well before the old cluster goes"
    )
    poll: Annotated[Seconds, Field(ge=10, le=3600)] = Field(
        default=60, description="how often a waiting step looks again, 10s to 1h"
    )
    propagation: Annotated[Seconds, Field(ge=0, le=3600)] = Field(
        default=60, description="how long a DNS change takes to reach every name server"
    )
    settle: Annotated[Seconds, Field(ge=0, le=DAY_SECONDS)] = Field(
        default=600, description="how long an ended rollout stays watched for late writes"
    )
    switch_ttl: Ttl = Field(default=30, description="the TTL of the live records around a switch")
    keep_candidate: Flag = Field(default=True, description="whether a failed candidate is kept for a look")
    drift: Literal["hold", "repair"] = Field(
        default="hold", description="hold or repair, when somebody else moves a live record"
    )
    evidence: Annotated[Seconds, Field(ge=DAY_SECONDS, le=3650 * DAY_SECONDS)] = Field(
        default=400 * DAY_SECONDS, description="how long verdicts are kept after a rollout's end, such as 90d"
    )
    alert_severities: list[Severity] = Field(
        default=["Sev0", "Sev1", "Sev2", "Sev3", "Sev4"],
        description="a list of the severities that count, where alerts.rules says nothing",
    )


class ApprovalsPart(Part):
    """Where a person has to say yes."""

    start: Flag = Field(default=False, description="before anything is deployed")
    switch: Flag = Field(default=False, description="before traffic moves")
    destroy: Flag = Field(default=False, description="before the old cluster is destroyed")


class NotifyPart(Part):
    """Who learns of every transition."""

    topic: Topic = Field(description="the https address of an Event Grid topic that takes CloudEvents")


class FleetPart(Part):
    """One blue-green estate of AKS clusters, as Switchyard governs it."""

    name: FleetName = Field(
        description="the fleet's name: lower-case letters, digits and hyphens, at most 40"
    )
    subscription: Guid = Field(description="the id of the subscription that everything below lies in")
    location: Location = Field(description="the Azure region, such as westeurope")
    exposure: Literal["public", "private"] = Field(description="public or private")
    hosts: HostsPart = Field(description="a mapping with official, cluster, blue and green")
    live_records: list[LeverPart] = Field(
        min_length=1,
        max_length=20,
        description="a list of the records and other levers that decide which slot users reach",
    )
    slots: SlotsPart = Field(description="a mapping with blue and green")
    live: Literal["blue", "green"] = Field(description="blue or green: the slot that serves users today")
    versions: VersionsPart = Field(description="a mapping with channel and start")
    provision: ProvisionPart = Field(
        description="a mapping with template_spec, template_version and resource_group"
    )
    sync: list[SyncPart] = Field(default=[], max_length=20, description="a list of Flux configurations")
    freeze: FreezePart | None = Field(
        default=None, description="a mapping with expires; without it nothing freezes"
    )
    gates: GatesPart = Field(description="a mapping with platform, functional, load, switch, bake")
    shift: Plan = Field(default=None, description="a mapping with match and steps, or full")
    ring: RingPart | None = Field(
        default=None, description="a mapping with after and hold: the fleet that gets a version first"
    )
    names: NamesPart = Field(
        default=NamesPart(), description="a mapping with ask, resolvers, owners and writers: who is asked"
    )
    drain: DrainPart = Field(
        default=DrainPart(), description="a mapping with connections_metric, connections_max and then"
    )
    readiness: ReadinessPart = Field(
        default=ReadinessPart(), description="a mapping with every, path, certificate and capacity"
    )
    traffic: TrafficPart = Field(default=TrafficPart(), description="a mapping with metric and share_min")
    policy: PolicyPart = Field(
        default=PolicyPart(), description="a mapping with observe, bake, poll and others"
    )
    alerts: AlertsPart = Field(
        default=AlertsPart(), description="a mapping with rules and expire: what alerts do"
    )
    scorecard: ScorecardPart = Field(
        default=ScorecardPart(), description="a mapping with errors, latency and others: names of gates"
    )
    deadlines: dict[str, Deadline] = Field(
        default={}, description="a mapping of steps to durations, which override the runbook's deadlines"
    )
    approvals: ApprovalsPart = Field(
        default=ApprovalsPart(), description="a mapping with start, switch and destroy"
    )
    notify: NotifyPart | None = Field(default=None, description="a mapping with topic")
    shadow: Flag = Field(
        default=False, description="whether rollouts decide and record, and change nothing in the world"
    )
