"""What a seed can stand for: the values that `tests.sim.swarm` draws and everybody else reads.

Decides nothing.
"""

from __future__ import annotations

from msgspec import Struct

from sandbox.world import Faults, Timings
from shared.fleet import Fleet
from shared.levers import SlotName
from shared.model import Outcome, SignalKind

CHAOS_SECONDS = 2.0 * 3600
"""Faults strike and people interfere for this long; then all of it stops and everything has to end."""

START_SECONDS = 1800.0
"""The world is that old when the chaos begins: metrics need a past to be compared with."""

TIMINGS = Timings(
    deploy_seconds=120,
    sync_seconds=60,
    command_seconds=15,
    stop_seconds=90,
    start_seconds=60,
    delete_seconds=120,
    front_door_seconds=120,
)
BLACKOUT_SECONDS = 1200.0
"""Longer than most deadlines: a step that was just entered is looked at too late."""
ENDLESS_SECONDS = 3.0 * 3600
BLOWS = ("redeploy", "garbage", "storm", "stop live", "delete live")
HARMLESS = frozenset({"redeploy", "garbage"})
"""Blows that cost time and change no ending."""
POLLS_SECONDS = (60, 120, 300, 300)
"""Who asks less often says the same sentence less often, and sleeps through more of what happens."""
SKEW_SECONDS_MAX = 300.0
STALL_SECONDS_MAX = 300.0


class Swarm(Struct, frozen=True, kw_only=True):
    """Rates of faults: per scheduler point, per call or per delivery; `skew_seconds` is a bound.

    Attributes:
        crash: a worker dies at a scheduler point, before or after an effect.
        stall: a worker sleeps at a scheduler point, for up to 300 s an invocation, and goes on as if nothing
            had happened.
        zombie: a worker sleeps like that between a claim and one of its actions.
        doze: a worker sleeps like that between its load and its look at the world.
        heckle: within two minutes of a claim with actions a person rolls back, pauses, promotes or retries.
        lost: an answer is lost after its effect; a batch may even be written a little later.
        refused: 429, 500 or 503 instead of the effect.
        blind: a probe is `Unavailable`.
        duplicate: a delivery, or a tick, happens twice or more often.
        late: a delivery waits for up to an hour, so that others overtake it.
        missed: a timer does not fire.
        dropped: a message of the queue is lost, or goes to the poison queue unread.
        hang: a worker hangs at a scheduler point until the host kills it at `functionTimeout`.
        stale: a read of a live record gives what it was before its latest write.
        gappy: a gate's samples have gaps, are not numbers, are late, or are of something else.
        topic: the notification topic refuses an event.
    """

    crash: float = 0.0
    stall: float = 0.0
    zombie: float = 0.0
    doze: float = 0.0
    heckle: float = 0.0
    lost: float = 0.0
    refused: float = 0.0
    blind: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    missed: float = 0.0
    dropped: float = 0.0
    hang: float = 0.0
    stale: float = 0.0
    gappy: float = 0.0
    topic: float = 0.0
    skew_seconds: float = 0.0


CALM = Swarm()


class Word(Struct, frozen=True):
    """What a person says, at a second of the simulation."""

    at_seconds: float
    kind: SignalKind


class Ring(Struct, frozen=True):
    """An alert on a slot that fires and, perhaps, is resolved; both are delivered when they please.

    A `stateless` one is of the activity log. One that is `early_seconds` old fired before the rollout began.
    """

    at_seconds: float
    slot: str
    resolved_at_seconds: float | None
    number: int
    severity: str = "Sev1"
    stateless: bool = False
    early_seconds: float = 0.0


class Meddling(Struct, frozen=True):
    """Somebody else writes a live record."""

    at_seconds: float
    address: str
    keeps_metadata: bool


class Tilt(Struct, frozen=True):
    """Somebody else has a balancer send a slot that percentage, and the other one the rest."""

    at_seconds: float
    slot: SlotName
    percent: int


class Blow(Struct, frozen=True):
    """One of the things that happen once: see `tests.sim.blows`."""

    at_seconds: float
    kind: str


class Span(Struct, frozen=True):
    """Seconds of the simulation in which something is out."""

    from_seconds: float
    until_seconds: float


class Scenario(Struct, frozen=True, kw_only=True):
    """All of it. `expected` is the one right ending where nothing but weather was drawn.

    `blackout` is the epoch after whose claim the store answers nobody for `BLACKOUT_SECONDS`, 0 for none.
    """

    seed: int
    fleet: Fleet
    faults: Faults
    swarm: Swarm
    words: tuple[Word, ...] = ()
    rings: tuple[Ring, ...] = ()
    meddlings: tuple[Meddling, ...] = ()
    tilts: tuple[Tilt, ...] = ()
    edits: tuple[float, ...] = ()
    blows: tuple[Blow, ...] = ()
    store_stops: tuple[Span, ...] = ()
    timings: Timings = TIMINGS
    again_at_seconds: float | None = None
    blackout: int = 0
    expected: Outcome | None = None
