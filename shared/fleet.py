"""What a fleet is: its slots, host names, live records and the policies that govern it.

A `Fleet` is a frozen value. It is made once at the edge (`shared/fleet_file.py`) and pinned by every
rollout, so that editing the file never changes a rollout in flight. It imports nothing of ours and
refuses to know YAML, Azure SDKs and the state of any rollout.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from shared.alert_rules import Alerts
from shared.check_rules import Check
from shared.gate_rules import Anomaly, Comparison, Named, Objective, Schedule, Scores, Tolerance
from shared.levers import Balancer, Lever, Match, Record, SlotName
from shared.platform import FluxConfiguration, Freeze, Provisioner
from shared.policy import Approvals, Policy
from shared.safety import Drain, Names, Readiness, Traffic

FLEET_NAME = "[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?"
"""A pattern. A fleet's name is a partition key and part of addresses and log lines: nothing else."""

TEMPLATE_VERSION = "[0-9A-Za-z_][-0-9A-Za-z_.()]{0,89}"
"""A pattern. A template spec's version, as ARM names them: one part of an ARM id, and no way to another."""


class Exposure(StrEnum):
    """Whether users reach the fleet from the internet or from a virtual network."""

    PUBLIC = "public"
    PRIVATE = "private"


class Slot(Struct, frozen=True, kw_only=True):
    """A fixed place for a cluster: its cluster id, its gateway, its address and its own host name.

    Exactly one of `address` (an IP address, or a host name for CNAME records) and `public_ip_id` (the
    public IP resource to read it from) is given. `host` is the record of the slot's own host name.
    """

    name: SlotName
    cluster_id: str
    gateway_id: str
    host: Record
    address: str | None = None
    public_ip_id: str | None = None


class Hosts(Struct, frozen=True, kw_only=True):
    """The host names that users and the gateways know; the slots' own names are in `Slot.host`."""

    official: str
    cluster: str


class Channel(StrEnum):
    """Which published version a fleet follows."""

    STABLE = "stable"
    SUPPORTED = "supported"
    PREVIEW = "preview"
    PLATFORM = "platform"


class StartMode(StrEnum):
    """Whether a published version starts a rollout by itself."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class Window(Struct, frozen=True, kw_only=True):
    """A weekly span in UTC in which a rollout may start. `days` are 0 (Monday) to 6."""

    days: tuple[int, ...]
    from_minute: int
    to_minute: int


class VersionPolicy(Struct, frozen=True, kw_only=True):
    """What starts a rollout, and when it may."""

    channel: Channel
    start: StartMode
    windows: tuple[Window, ...] = ()


class Source(StrEnum):
    """Where a gate's samples come from."""

    METRICS = "metrics"
    LOGS = "logs"
    HTTP = "http"
    PROMETHEUS = "prometheus"
    APP_INSIGHTS = "app_insights"
    WEBHOOK = "webhook"
    KUBERNETES = "kubernetes"
    ALERTS = "alerts"
    RESOURCE_HEALTH = "resource_health"
    LOAD_TEST = "load_test"


class Target(StrEnum):
    """Which of a slot's resources a gate looks at; `resource` is one that is no slot's."""

    CLUSTER = "cluster"
    GATEWAY = "gateway"
    HOST = "host"
    RESOURCE = "resource"


class Measure(StrEnum):
    """What an HTTP gate measures: the share of failed requests (0 to 1) or the time to the last byte."""

    FAILED_SHARE = "failed_share"
    LATENCY_MS = "latency_ms"


SHARE_OF = " / "
"""Between two metrics of a gate: the share that the first has of the second, minute by minute."""


class Gate(Struct, frozen=True, kw_only=True, cache_hash=True):
    """A named question about health. `max_value` and `min_value` are the outermost tolerated numbers.

    `max_over_baseline` limits the mean of the window to that multiple of the recorded baseline. `min_samples`
    are needed for a verdict, and up to `breaches_max` samples may breach before it is `fail`. The window
    ends `ingestion_seconds` ago, because newer data cannot be complete. `max_over_live` limits the mean to
    that multiple of the live slot's in the same window. Beyond `pass_max` or `pass_min` a value does not pass
    any more, and what does not fail then is inconclusive. `requests_min` events must be behind the samples.
    `schedule`, `tolerance`, `compare`, `slo` and `anomaly` are further rules, absent where None. Gates of one
    `group` are scored together by `weight`; a `critical` one must pass all the same. A `dry_run` never
    decides. `endpoint` and `resource_id` (an ARM id, or a workspace's own) say whom to ask where that is no
    part of a slot, `check` what for.
    """

    name: str
    source: Source
    target: Target
    unit: str = ""
    level: int | None = None
    namespace: str = ""
    metric: str = ""
    aggregation: str = ""
    filter: str = ""
    query: str = ""
    path: str = ""
    measure: Measure = Measure.FAILED_SHARE
    requests: int = 5
    max_value: float | None = None
    min_value: float | None = None
    max_over_baseline: float | None = None
    min_samples: int = 3
    breaches_max: int = 0
    window_seconds: int = 300
    ingestion_seconds: int = 120
    pass_max: float | None = None
    pass_min: float | None = None
    max_over_live: float | None = None
    requests_min: int = 0
    schedule: Schedule | None = None
    tolerance: Tolerance | None = None
    compare: Comparison | None = None
    slo: Objective | None = None
    anomaly: Anomaly | None = None
    group: str = ""
    weight: float = 1.0
    critical: bool = False
    dry_run: bool = False
    endpoint: str = ""
    resource_id: str = ""
    check: Check | None = None


class Gates(Struct, frozen=True, kw_only=True):
    """The gates of each question that the runbook asks, and from which score on grouped ones pass."""

    platform: tuple[Gate, ...] = ()
    functional: tuple[Gate, ...] = ()
    load: tuple[Gate, ...] = ()
    switch: tuple[Gate, ...] = ()
    bake: tuple[Gate, ...] = ()
    scores: Scores = Scores()


class MatchStep(Struct, frozen=True, kw_only=True):
    """The canary before any weight: requests that match go to the candidate, under these gates."""

    match: Match
    hold_seconds: int
    gates: tuple[Gate, ...] = ()


class WeightStep(Struct, frozen=True, kw_only=True):
    """A part of the ramp: the candidate takes `weight` percent (1 to 99), for so long, under these gates."""

    weight: int
    hold_seconds: int
    gates: tuple[Gate, ...] = ()


class Shift(Struct, frozen=True, kw_only=True):
    """The shape of the switch before its last step, which is always 100 %. Empty: all at once."""

    match: MatchStep | None = None
    steps: tuple[WeightStep, ...] = ()


class Ring(Struct, frozen=True, kw_only=True):
    """The ring before this one: a fleet of other users, who get a version first.

    Its live slot must pass `gates` for `hold_seconds` with that version before this fleet begins with it.
    """

    after: str
    hold_seconds: int
    gates: tuple[Gate, ...] = ()


class Fleet(Struct, frozen=True, kw_only=True):
    """One blue-green estate, as declared. `live` is the slot that served users when it was first applied.

    Its levers are `live_records` and `balancers`, at least one of either. `chain` is the name of the file
    with rings that it is one of. `above` is the Front Door that passes everything on to the one live record's
    name: the second lever, where that record cannot be moved. In `shadow` a rollout changes nothing.
    """

    name: str
    subscription_id: str
    location: str
    exposure: Exposure
    hosts: Hosts
    live_records: tuple[Record, ...]
    slots: tuple[Slot, ...]
    live: SlotName
    versions: VersionPolicy
    provisioner: Provisioner
    sync: tuple[FluxConfiguration, ...] = ()
    freeze: Freeze | None = None
    gates: Gates = Gates()
    traffic: Traffic = Traffic()
    approvals: Approvals = Approvals()
    policy: Policy = Policy()
    notification_topic: str | None = None
    balancers: tuple[Balancer, ...] = ()
    shift: Shift = Shift()
    names: Names = Names()
    drain: Drain = Drain()
    readiness: Readiness = Readiness()
    ring: Ring | None = None
    chain: str | None = None
    alerts: Alerts = Alerts()
    above: Balancer | None = None
    scorecard: Named = Named()
    shadow: bool = False

    @property
    def levers(self) -> tuple[Lever, ...]:
        """Every lever in the declared order, in which they are moved; the way back goes in reverse."""
        levers: list[Lever] = list(self.live_records)
        for balancer in sorted(self.balancers, key=lambda each: each.place):
            levers.insert(balancer.place, balancer)
        return tuple(levers)

    @property
    def every_balancer(self) -> tuple[Balancer, ...]:
        """The balancers among its levers, and the Front Door above its record."""
        return (*self.balancers, *((self.above,) if self.above is not None else ()))

    def slot(self, name: SlotName) -> Slot:
        """The slot of that name. Raises KeyError for a name that the fleet does not have."""
        for slot in self.slots:
            if slot.name == name:
                return slot
        raise KeyError(name)

    def named(self, names: tuple[SlotName, ...]) -> tuple[Slot, ...]:
        """The slots of those names, all of them where none is named."""
        return tuple(slot for slot in self.slots if not names or slot.name in names)

    def other(self, name: SlotName) -> SlotName:
        """The slot that is not `name`."""
        return next(slot.name for slot in self.slots if slot.name != name)
