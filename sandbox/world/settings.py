"""What may be set about a world: how long things take, how many users there are and what goes wrong.

Frozen values. They decide nothing by themselves and refuse to know the state of a world.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Timings(Struct, frozen=True, kw_only=True):
    """Durations by the world's clock, and the users' load. Defaults are what AKS usually takes, rounded."""

    deploy_seconds: float = 480
    sync_seconds: float = 120
    command_seconds: float = 15
    stop_seconds: float = 180
    start_seconds: float = 120
    delete_seconds: float = 300
    node_group_gone_seconds: float = 20
    propagation_seconds: float = 60
    front_door_seconds: float = 900
    traffic_manager_seconds: float = 10
    traffic_manager_change_seconds: float = 5
    gateway_seconds: float = 40
    metrics_ingestion_seconds: float = 60
    logs_ingestion_seconds: float = 60
    activity_seconds: float = 0
    hook_seconds: float = 0
    load_test_seconds: float = 300
    requests_per_minute: float = 1200
    requests_noise: float = 0.03


class Family(StrEnum):
    """The providers that can be out. `arm` is all of management.azure.com, those to `gateway` parts of it.

    `metrics` are Azure Monitor's of either kind, managed Prometheus among them.
    """

    ARM = "arm"
    AKS = "aks"
    DNS = "dns"
    FRONT_DOOR = "front_door"
    TRAFFIC_MANAGER = "traffic_manager"
    GATEWAY = "gateway"
    METRICS = "metrics"
    LOGS = "logs"


class Outage(Struct, frozen=True, kw_only=True):
    """A provider refuses every request of a span, in seconds since the world's start.

    `status` 429 with `retry_after_seconds` is throttling, 503 an outage, 409 a control plane that takes no
    change (as Front Door's did for a week in 2025), 0 a connection that is dropped.
    """

    family: Family
    from_seconds: float
    until_seconds: float
    status: int = 503
    retry_after_seconds: float | None = None


class OtherWriter(Struct, frozen=True, kw_only=True):
    """Somebody else points the first live record at `address`, `at_seconds` after the world's start."""

    at_seconds: float
    address: str


class Crowd(Struct, frozen=True, kw_only=True):
    """Users make `times` as many requests as usual in a span, in seconds since the world's start."""

    from_seconds: float
    until_seconds: float
    times: float


class Scaling(Struct, frozen=True, kw_only=True):
    """Somebody, or an autoscaler, gives a slot's clusters so many nodes `at_seconds` after the start."""

    slot: str
    at_seconds: float
    nodes: int


class Faults(Struct, frozen=True, kw_only=True):
    """What goes wrong. All on the candidate, which is the slot that was not live at the world's start.

    Attributes:
        bad_nodes: from its creation on, two of three nodes are NotReady and pods in kube-system fail.
        slow_burn: the share of failed requests climbs to `slow_burn_share` within `slow_burn_seconds` of its
            first users.
        deployment_fails: its deployments end `Failed` halfway through, with this message.
        check_objects: a validation of its deployment is refused with this message.
        sync_fails: its Flux configurations end `Failed` and `Non-Compliant`, with this message.
        stragglers_share: of the users, this share goes on using an old answer for `stragglers_seconds` after
            it has expired: connections that are kept open, caches that ignore a TTL.
        alert_after_seconds: an alert on its gateway fires that long after its first users.
        alert_resolved_after_seconds: and is resolved that long after it fired; None means never.
        alert_before: an alert has fired on its gateway since a day before the world's start.
        hook_fails: a hook that is asked about it says `FAILED`.
        load_test_fails: a load test against it does not meet its own criteria.
        routing_method: by which Traffic Manager's profiles route.
        crowd: more users than usual, wherever they are.
        scalings: node pools that change, later ones last. On either slot.
        external_dns_owner: external-dns says in TXT records that it owns the live records, under this name.
    """

    bad_nodes: bool = False
    slow_burn: bool = False
    slow_burn_share: float = 0.04
    slow_burn_seconds: float = 600
    deployment_fails: str = ""
    check_objects: str = ""
    sync_fails: str = ""
    stragglers_share: float = 0.0
    stragglers_seconds: float = 0.0
    alert_after_seconds: float | None = None
    alert_resolved_after_seconds: float | None = None
    alert_before: bool = False
    hook_fails: bool = False
    load_test_fails: bool = False
    outages: tuple[Outage, ...] = ()
    other_writer: OtherWriter | None = None
    crowd: Crowd | None = None
    scalings: tuple[Scaling, ...] = ()
    routing_method: str = "Weighted"
    external_dns_owner: str = ""
