"""What is known about a fleet's rollouts: stages, roles, holds, signals and the rollout itself.

Frozen values, encoded as they are into Table Storage. This module decides nothing; it refuses to know how
a value is stored, seen or acted on.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from shared.assumed import Assumed
from shared.evidence import Doubt as Doubt
from shared.evidence import Judgement as Judgement
from shared.evidence import Sample as Sample
from shared.evidence import Verdict as Verdict
from shared.levers import SlotName
from shared.measured import Kept, Tally, Usual


class Role(StrEnum):
    """The part that a slot plays in a rollout."""

    LIVE = "live"
    CANDIDATE = "candidate"


class Stage(StrEnum):
    """The five stages of the guide, and the way back."""

    PREPARE = "T0"
    DEPLOY = "T1"
    SYNC = "T2"
    SWITCH = "T3"
    RETIRE = "T4"
    ROLLBACK = "rollback"


class Outcome(StrEnum):
    """How a rollout ended. `stopped` means before any traffic moved; `rollback_failed` pages a person."""

    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    STOPPED = "stopped"
    ROLLBACK_FAILED = "rollback_failed"


class SignalKind(StrEnum):
    """What a signal is: an event from Azure or from the platform, an alert, or a person's command."""

    VERSION_AVAILABLE = "version_available"
    VERSION_PUBLISHED = "version_published"
    SUPPORT_ENDING = "support_ending"
    SUPPORT_ENDED = "support_ended"
    NODE_POOL_ROLLING = "node_pool_rolling"
    RESOURCE_CHANGED = "resource_changed"
    ALERT = "alert"
    START = "start"
    PROMOTE = "promote"
    PAUSE = "pause"
    RESUME = "resume"
    ROLLBACK = "rollback"
    RETRY = "retry"


COMMANDS = frozenset(map(SignalKind, ("start", "promote", "pause", "resume", "rollback", "retry")))


class AlertState(StrEnum):
    """The monitor condition of an alert."""

    FIRED = "fired"
    RESOLVED = "resolved"


class Signal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that arrived. `id` names it for ever: the same id is the same signal.

    `because` says what it means in a sentence. `versions` maps a channel to the version that an event
    published for it. `by` is the person behind a command. `state` is `fired` or `resolved` for an alert and
    the event's own word (`started`, `succeeded`, `failed`, `deleted`) otherwise. `step` is the one step that
    a promotion is meant for: a yes to one question is none to the next. `rule` and `rule_id` are the alert
    rule's, `fired_at` is when the alert itself says that it fired, and a `stateless` one is never resolved.
    """

    kind: SignalKind
    id: str
    fleet: str
    at: datetime
    because: str
    slot: SlotName | None = None
    state: str | None = None
    severity: str | None = None
    alert_id: str | None = None
    resource_id: str | None = None
    versions: dict[str, str] = {}
    version: str | None = None
    template_version: str | None = None
    rollout: str | None = None
    by: str | None = None
    note: str | None = None
    lift_hold: bool = False
    step: str | None = None
    rule: str | None = None
    rule_id: str | None = None
    fired_at: datetime | None = None
    stateless: bool = False


class Disposition(Struct, frozen=True, kw_only=True):
    """What became of a signal: it was applied, or its row says why not."""

    id: str
    applied: bool
    because: str


class HoldKind(StrEnum):
    """Who or what holds a rollout."""

    PERSON = "person"
    ALERT = "alert"
    GATE = "gate"
    DRIFT = "drift"
    DEADLINE = "deadline"


class Hold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a rollout does not go on by itself. A rollback pre-empts every hold.

    `alert_ids` fire and hold it; the last of them to be resolved lets it go on. `lapses` says when those that
    nobody may ever resolve count as over, `fired` when each is last known to have fired. `covers` is the hold
    of before, which comes back after them.
    """

    kind: HoldKind
    because: str
    since: datetime
    alert_ids: tuple[str, ...] = ()
    lapses: dict[str, datetime] = {}
    covers: Hold | None = None
    fired: dict[str, datetime] = {}


class Drift(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody else's write to a lever, as it was noticed; it is told once who that was.

    `after` is when the orders before it had been seen: what was written earlier is our own. `told` says that
    it was told, or that nobody will know any more, and that the lever is not back yet.
    """

    lever_id: str
    because: str
    since: datetime
    after: datetime | None = None
    told: bool = False


class Rollout(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt to move a fleet to a version. Phases are few; the rest are orthogonal facts.

    `safe` is the slot that can take all traffic now: it is stored, never inferred. `shifted` is true from the
    claim that orders the switch; `moved_at` is when every live record was seen at the candidate.
    `clean_since` is the start of the run of passing verdicts. `safe_lost` says why the safe slot could not
    take the traffic when last seen. `etags` are those of the live records when last read, by host name: what
    a rollback writes by where it cannot read. `portion` is how many steps of the shift's plan are over;
    `weighed_at` is when the present order to the balancers was seen in force, `ordered_at` when each Front
    Door was last ordered anything, by its label. `beneath` is true from the claim that moves traffic by the
    records under a balancer, `above` from the one that moves it by the Front Door above the live record;
    `aligned_at` is when that record was seen right again. `ready_at` is when the safe slot last proved that
    it could take all traffic back, `unready` what it lacked when last asked, `unproven` why the last look
    proved nothing. `follow_seconds` is how long each lever took to be followed by everybody, by its label.
    `drift` is somebody else's write. `overdue` says that the old slot is retired undrained. `ring_since` is
    since when the ring before is watched. `tallies` are what the step's gates have counted, `receipts` what
    their sources have begun, newest last, by gate and slot. `usual` is what the weeks before were like for
    the newest hours that were asked for, by gate, and `kept` what objectives' longer windows held when
    last asked for, by gate and slot. `passed` says that the present step of the shift's plan has passed its
    gates, and the error budgets are asked before the next; `came_at` is when the first of them was ordered
    in a fleet that has budgets. `earlier_alerts` fired before it, and were named. `over_alerts` are those
    whose end was heard of while they held nothing, with when it was. Nothing is changed for a `shadow`
    rollout: what it has ordered is `assumed` to have been carried out.
    """

    id: str
    version: str
    live: SlotName
    candidate: SlotName
    safe: SlotName
    stage: Stage
    step: str
    entered_at: datetime
    started_at: datetime
    started_by: str
    because: str
    template_version: str | None = None
    wake_at: datetime | None = None
    held: Hold | None = None
    promoted: bool = False
    addresses: dict[str, str] = {}
    baseline: dict[str, float] = {}
    command_id: str | None = None
    frozen_until: datetime | None = None
    ttl_lowered_at: datetime | None = None
    shifted: bool = False
    ordered_epoch: int | None = None
    ordered_at: dict[str, datetime] = {}
    moved_at: datetime | None = None
    diverted_at: datetime | None = None
    clean_since: datetime | None = None
    live_stopped: bool = False
    destroying: bool = False
    safe_lost: str | None = None
    etags: dict[str, str] = {}
    portion: int = 0
    weighed_at: datetime | None = None
    beneath: bool = False
    above: bool = False
    aligned_at: datetime | None = None
    ready_at: datetime | None = None
    unready: str | None = None
    unproven: str | None = None
    drift: Drift | None = None
    overdue: bool = False
    follow_seconds: dict[str, float] = {}
    ring_since: datetime | None = None
    tallies: dict[str, Tally] = {}
    usual: dict[str, Usual] = {}
    kept: dict[str, Kept] = {}
    passed: bool = False
    came_at: datetime | None = None
    receipts: dict[str, tuple[str, ...]] = {}
    earlier_alerts: tuple[str, ...] = ()
    over_alerts: dict[str, datetime] = {}
    shadow: bool = False
    assumed: Assumed = Assumed()
    failures: int = 0
    rollback_because: str | None = None
    failed_step: str | None = None
    outcome: Outcome | None = None
    ended_at: datetime | None = None

    def role_of(self, slot: SlotName) -> Role:
        """The role that `slot` plays in this rollout."""
        return Role.CANDIDATE if slot == self.candidate else Role.LIVE


class HeldVersion(Struct, frozen=True, kw_only=True):
    """A version that must not be tried again until a named person lifts it."""

    version: str
    because: str
    since: datetime


class FleetState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is remembered of a fleet. `rollout` stays after its end until a new one starts.

    `ask_at` is when the live cluster may be asked again for its version, which a new version waits for.
    `firing` are the newest alerts on its slots whose end was not heard of.
    """

    live: SlotName
    epoch: int = 0
    rollouts: int = 0
    held_versions: tuple[HeldVersion, ...] = ()
    rollout: Rollout | None = None
    ask_at: datetime | None = None
    firing: tuple[Signal, ...] = ()
