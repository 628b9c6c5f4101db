"""What a step may ask to see, and what can be seen.

A probe is a hashable question; an answer is what a world said, or `Unavailable`. Both are plain values, so
that an audit row can keep them and a history can be decided again. Nothing here looks at anything.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.fleet import Gate
from shared.levers import Balancer, Record, SlotName
from shared.loads import ConnectionsSeen, LoadSeen, LoadState, OpenConnections
from shared.past_probes import GatePast as GatePast
from shared.readings import Asking as Asking
from shared.readings import Reading as Reading
from shared.ring_probes import RingProbe, RingSeen


class ClusterState(Struct, frozen=True, tag="cluster_state"):
    """Is the slot's cluster there, running, and at which version?"""

    slot: SlotName


class SlotAddress(Struct, frozen=True, tag="slot_address"):
    """Which address does the slot's gateway have?"""

    slot: SlotName


class RecordState(Struct, frozen=True, tag="record_state"):
    """What does the record set say now, and under which etag?"""

    record: Record


class BalancerState(Struct, frozen=True, tag="balancer_state"):
    """Which shares does the balancer send to its slots, and has its last change reached everybody?"""

    balancer: Balancer


class NamesState(Struct, frozen=True, tag="names_state"):
    """What do the zone's own name servers and the fleet's resolvers answer for the record?"""

    record: Record


class RecordOwner(Struct, frozen=True, tag="record_owner"):
    """Does external-dns say in the zone that the record is its own?"""

    record: Record


class LastWriter(Struct, frozen=True, tag="last_writer"):
    """Who last changed the lever or a part of it in that span, its end excluded, by the activity log?"""

    lever_id: str
    since: datetime
    until: datetime


class HostState(Struct, frozen=True, tag="host_state"):
    """Does the slot answer on its own host name, and how long is its certificate good for?"""

    slot: SlotName


class DeploymentCheck(Struct, frozen=True, tag="deployment_check"):
    """Would ARM accept the candidate's deployment (schema, policy, quota)?"""

    slot: SlotName
    version: str
    template_version: str


class DeploymentState(Struct, frozen=True, tag="deployment_state"):
    """How far is the deployment of that name?"""

    name: str


class SyncState(Struct, frozen=True, tag="sync_state"):
    """Is the declared Kubernetes state applied on the slot's cluster, and at which commit?"""

    slot: SlotName


class CommandState(Struct, frozen=True, tag="command_state"):
    """How did that run command end on the slot's cluster?"""

    slot: SlotName
    command_id: str


class GateReading(Struct, frozen=True, tag="gate_reading"):
    """The samples of `gate` on `slot`, none older than `since`; `asking`: where the rollout matters."""

    gate: Gate
    slot: SlotName
    since: datetime | None = None
    asking: Asking | None = None


class TrafficShare(Struct, frozen=True, tag="traffic_share", omit_defaults=True):
    """How many requests did each gateway serve in the last `window_seconds`, none older than `since`?

    `slots` are those whose gateways are asked; none named: all.
    """

    since: datetime
    window_seconds: int = 300
    slots: tuple[SlotName, ...] = ()


class GroupState(Struct, frozen=True, tag="group_state"):
    """Is the node resource group of the slot's cluster still there?"""

    slot: SlotName


LeverProbe = RecordState | BalancerState | NamesState | RecordOwner | LastWriter | HostState | OpenConnections
ClusterProbe = ClusterState | SlotAddress | SyncState | CommandState | GroupState | LoadState
GateProbe = GateReading | GatePast
Probe = LeverProbe | ClusterProbe | DeploymentCheck | DeploymentState | GateProbe | TrafficShare | RingProbe


class ClusterSeen(Struct, frozen=True, tag="cluster", omit_defaults=True):
    """ARM's word on a cluster. `provisioning` and `power` are ARM's own states (`Succeeded`, `Running`).

    `nodes` counts the nodes of its pools, None where ARM does not say.
    """

    exists: bool
    provisioning: str = ""
    power: str = ""
    version: str = ""
    etag: str | None = None
    node_group: str = ""
    nodes: int | None = None


class AddressSeen(Struct, frozen=True, tag="address"):
    """An IP address, or a host name where the record is a CNAME."""

    address: str


class RecordSeen(Struct, frozen=True, tag="record", omit_defaults=True):
    """A record set: sorted `targets`, the epoch and fleet in its metadata (None: nobody of ours wrote it)."""

    exists: bool
    targets: tuple[str, ...] = ()
    ttl_seconds: int = 0
    etag: str | None = None
    epoch: int | None = None
    fleet: str | None = None


class BalancerSeen(Struct, frozen=True, tag="balancer", omit_defaults=True):
    """A balancer: percent by slot, 100 together (a slot that is taken out is absent).

    `unsettled` says what of its last change has not reached everybody, empty where all has: `failed` where
    that is over and another change is the way out. `untold`: it does not say whether all has, and the time
    that it takes by the book stands in for it. `matched` is the slot that a match sends requests to. `epoch`
    and `etag` are there where the resource can hold them.
    """

    weights: dict[str, int]
    unsettled: str = ""
    failed: bool = False
    untold: bool = False
    matched: str = ""
    etag: str | None = None
    epoch: int | None = None
    fleet: str | None = None


class NamesSeen(Struct, frozen=True, tag="names", omit_defaults=True):
    """What each server answered, by its name or address: sorted targets. `silent` maps a server to why."""

    answers: dict[str, tuple[str, ...]]
    silent: dict[str, str] = {}


class OwnerSeen(Struct, frozen=True, tag="owner", omit_defaults=True):
    """The owner in external-dns's own words, empty where the record has none."""

    owner: str = ""


class WriterSeen(Struct, frozen=True, tag="writer", omit_defaults=True):
    """The caller in the activity log (a name or an object id), empty where the log has none yet."""

    who: str = ""
    at: datetime | None = None


class HostSeen(Struct, frozen=True, tag="host", omit_defaults=True):
    """A host's answer and its certificate's end (None: no TLS). Status 0: none to believe, by `because`."""

    status: int
    latency_ms: float = 0.0
    certificate_ends_at: datetime | None = None
    because: str = ""


class CheckSeen(Struct, frozen=True, tag="check", omit_defaults=True):
    """Whether ARM accepts the deployment; `because` holds its objection."""

    valid: bool
    because: str = ""


class DeploymentSeen(Struct, frozen=True, tag="deployment", omit_defaults=True):
    """`state` is ARM's (`Running`, `Succeeded`, `Failed`, `Canceled`), empty where there is none."""

    state: str
    because: str = ""


class SyncSeen(Struct, frozen=True, tag="sync", omit_defaults=True):
    """Flux's word. `state` is absent, pending, compliant or failed; `commits` is by configuration."""

    state: str
    because: str = ""
    commits: dict[str, str] = {}


class CommandSeen(Struct, frozen=True, tag="command", omit_defaults=True):
    """A run command: `exit_code` is None while it runs."""

    exit_code: int | None = None
    output: str = ""


class TrafficSeen(Struct, frozen=True, tag="traffic"):
    """Requests per slot over `minutes` complete minutes; a slot without data is absent."""

    requests: dict[str, float]
    minutes: float


class GroupSeen(Struct, frozen=True, tag="group"):
    """Whether the resource group exists."""

    exists: bool


class Unavailable(Struct, frozen=True, tag="unavailable", omit_defaults=True):
    """The provider could not say. It is nobody's fault, least of all the candidate's."""

    because: str
    after_seconds: float | None = None


def patience_seconds(answer: Answer) -> float | None:
    """How long whoever answered wants to be left alone, None where it does not say."""
    if isinstance(answer, Unavailable):
        return answer.after_seconds
    return answer.again_seconds if isinstance(answer, Reading) else None


LeverSeen = RecordSeen | BalancerSeen | NamesSeen | OwnerSeen | WriterSeen | HostSeen | ConnectionsSeen
ClusterAnswer = ClusterSeen | AddressSeen | SyncSeen | CommandSeen | GroupSeen | LoadSeen
Answer = (
    LeverSeen | ClusterAnswer | CheckSeen | DeploymentSeen | Reading | TrafficSeen | RingSeen | Unavailable
)
