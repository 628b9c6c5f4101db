"""What a seed stands for: the fleet, what is wrong with its world, which faults strike and who interferes.

A swarm: each seed switches a part of the fault classes on, each at a rate of its own, so that faults meet in
all combinations and a rare one is not drowned by a frequent one. Everything is drawn from the seed alone.
"""

from __future__ import annotations

from random import Random

import msgspec

from sandbox.world import Faults, Timings
from sandbox.world.settings import Family, Outage
from shared.fleet import Fleet, StartMode, VersionPolicy
from shared.model import Outcome, SignalKind
from shared.policy import Approvals, DriftPolicy
from tests.fleets import BLUE, FLEET, GREEN, record
from tests.sim.alarming import over_alerts
from tests.sim.balancing import over_levers
from tests.sim.composite import above_a_record
from tests.sim.dark import dark_way_back
from tests.sim.scenario import (
    BLOWS,
    CHAOS_SECONDS,
    ENDLESS_SECONDS,
    HARMLESS,
    POLLS_SECONDS,
    SKEW_SECONDS_MAX,
    START_SECONDS,
    TIMINGS,
    Blow,
    Meddling,
    Ring,
    Scenario,
    Span,
    Swarm,
    Word,
)
from tests.sim.shadowing import over_shadows

_RATES = {
    "crash": (0.002, 0.01, 0.03),
    "stall": (0.002, 0.01, 0.03),
    "zombie": (0.1, 0.4),
    "doze": (0.05, 0.3),
    "heckle": (0.02, 0.1),
    "lost": (0.01, 0.05, 0.15),
    "refused": (0.01, 0.05, 0.15),
    "blind": (0.01, 0.05),
    "duplicate": (0.05, 0.3),
    "late": (0.1, 0.4),
    "missed": (0.05, 0.3),
    "dropped": (0.05, 0.3),
    "hang": (0.001, 0.004),
    "stale": (0.1, 0.5),
    "gappy": (0.02, 0.2),
    "topic": (0.05, 0.3, 1.0),
    "skew_seconds": (30.0, SKEW_SECONDS_MAX),
}
_KINDS = (
    (SignalKind.PAUSE, 3),
    (SignalKind.RESUME, 3),
    (SignalKind.PROMOTE, 3),
    (SignalKind.RETRY, 3),
    (SignalKind.ROLLBACK, 2),
    (SignalKind.START, 1),
)


def draw(seed: int) -> Scenario:
    """The scenario of a seed."""
    return over_shadows(above_a_record(over_alerts(over_levers(_over_records(seed)))))


def _over_records(seed: int) -> Scenario:
    chance = Random(f"scenario {seed}")
    swarm = Swarm(**{name: chance.choice(rates) for name, rates in _RATES.items() if chance.random() < 0.4})
    duel = chance.random() < 0.15
    if duel:
        # The race that an epoch is for: somebody turns back while somebody else sleeps before a write.
        swarm = msgspec.structs.replace(swarm, zombie=0.4, heckle=0.08)
    fleet = _fleet(chance)
    if duel and chance.random() < 0.6:
        # Lifting a freeze takes longer than any late write: without one the way back is quick.
        fleet = msgspec.structs.replace(fleet, freeze=None)
    faults, ending = _world(chance, fleet)
    if chance.random() < 0.06:
        fleet, faults = dark_way_back(chance, fleet)
    words = _words(chance) if chance.random() < 0.45 else ()
    rings = _rings(chance) if chance.random() < 0.35 else ()
    meddlings = _meddlings(chance) if chance.random() < 0.15 else ()
    disturbed = words or swarm.heckle or rings or meddlings or faults.outages or swarm.blind
    timings = _endless(chance) if chance.random() < 0.06 else TIMINGS
    blows = _blows(chance) if chance.random() < 0.15 else ()
    upsets = timings != TIMINGS or swarm.gappy or any(blow.kind not in HARMLESS for blow in blows)
    # Where many writes come late and many reads are older still, a step may well outlast its deadline.
    upsets = upsets or (swarm.zombie > 0.1 and swarm.stale > 0.1)
    waits = fleet.approvals != Approvals() or fleet.policy.deadlines
    return Scenario(
        seed=seed,
        fleet=fleet,
        faults=faults,
        swarm=swarm,
        words=words,
        rings=rings,
        meddlings=meddlings,
        edits=tuple(chance.uniform(60, 4800) for _ in range(chance.choice((0, 0, 1, 3)))),
        blows=blows,
        store_stops=_store_stops(chance) if chance.random() < 0.15 else (),
        timings=timings,
        again_at_seconds=chance.uniform(1500, 6600) if chance.random() < 0.8 else None,
        blackout=chance.randrange(3, 50) if chance.random() < 0.08 else 0,
        expected=None if disturbed or upsets or waits else ending,
    )


def _endless(chance: Random) -> Timings:
    """A long-running operation that outlasts every deadline, and all the chaos."""
    which = chance.choice(("deploy", "sync", "command", "stop", "start", "delete"))
    return msgspec.structs.replace(TIMINGS, **{f"{which}_seconds": ENDLESS_SECONDS})


def _blows(chance: Random) -> tuple[Blow, ...]:
    count = chance.choice((1, 1, 2, 3))
    return tuple(Blow(chance.uniform(60, 6000), chance.choice(BLOWS)) for _ in range(count))


def _store_stops(chance: Random) -> tuple[Span, ...]:
    begin = START_SECONDS + chance.uniform(60, 4200)
    return (Span(begin, begin + chance.choice((60, 600, 1200, 1200))),)


def _world(chance: Random, fleet: Fleet) -> tuple[Faults, Outcome]:
    trouble = chance.choices(
        ("", "slow_burn", "bad_nodes", "deployment", "sync", "check"), (12, 6, 1, 1, 1, 1)
    )[0]
    outages = tuple(_outage(chance) for _ in range(chance.choice((0, 0, 0, 1, 2))))
    lingers = chance.random() < 0.2
    faults = Faults(
        stragglers_share=0.009 if lingers else 0.0,
        stragglers_seconds=chance.uniform(600, 2400) if lingers else 0.0,
        bad_nodes=trouble == "bad_nodes",
        slow_burn=trouble == "slow_burn",
        deployment_fails="QuotaExceeded: cores" if trouble == "deployment" else "",
        sync_fails="kustomization apps failed" if trouble == "sync" else "",
        check_objects="policy denies it" if trouble == "check" else "",
        outages=outages,
    )
    endings = {"": Outcome.COMPLETED, "slow_burn": Outcome.ROLLED_BACK}
    if trouble == "sync" and not fleet.sync:
        return faults, Outcome.COMPLETED
    return faults, endings.get(trouble, Outcome.STOPPED)


def _outage(chance: Random) -> Outage:
    begin = START_SECONDS + chance.uniform(0, 4800)
    return Outage(
        family=chance.choice(tuple(Family)),
        from_seconds=begin,
        until_seconds=min(begin + chance.choice((60, 600, 2400, 4800)), START_SECONDS + CHAOS_SECONDS),
        status=chance.choice((429, 503, 0)),
        retry_after_seconds=chance.choice((None, 30.0)),
    )


def _fleet(chance: Random) -> Fleet:
    deadlines = {}
    if chance.random() < 0.2:
        steps = ("converge", "observe", "bake", "drained", "parity", "divert", "prove", "thaw", "stop")
        deadlines = {step: chance.choice((300, 900)) for step in steps}
    policy = msgspec.structs.replace(
        FLEET.policy,
        bake_seconds=chance.choice((300, 600)),
        observe_seconds=chance.choice((120, 300)),
        settle_seconds=chance.choice((120, 300)),
        poll_seconds=chance.choice(POLLS_SECONDS),
        keep_candidate=chance.random() < 0.5,
        drift=chance.choice(tuple(DriftPolicy)),
        deadlines=deadlines,
    )
    approvals = Approvals()
    if chance.random() < 0.2:
        approvals = Approvals(**{w: chance.random() < 0.4 for w in ("start", "switch", "destroy")})
    records = (record("aks"), record("aks-internal", 120)) if chance.random() < 0.25 else (record("aks"),)
    return msgspec.structs.replace(
        FLEET,
        policy=policy,
        approvals=approvals,
        live_records=records,
        freeze=FLEET.freeze if chance.random() < 0.8 else None,
        sync=FLEET.sync if chance.random() < 0.8 else (),
        versions=VersionPolicy(channel=FLEET.versions.channel, start=StartMode.AUTOMATIC),
    )


def _words(chance: Random) -> tuple[Word, ...]:
    kinds, weights = zip(*_KINDS, strict=True)
    count = chance.choice((1, 2, 4, 8))
    return tuple(Word(_sometime(chance), chance.choices(kinds, weights)[0]) for _ in range(count))


def _rings(chance: Random) -> tuple[Ring, ...]:
    rings = []
    for number in range(chance.choice((1, 1, 2, 4))):
        at = _sometime(chance)
        # An alert may be resolved before it is told to have fired: deliveries keep no order.
        resolved = at + chance.uniform(-300, 1800) if chance.random() < 0.6 else None
        rings.append(Ring(at, chance.choice((GREEN, GREEN, BLUE)), resolved, number))
    return tuple(rings)


def _sometime(chance: Random) -> float:
    """Any second; as often as not one in which users are on their way."""
    return chance.uniform(30, 6000) if chance.random() < 0.5 else chance.uniform(1000, 3600)


def _meddlings(chance: Random) -> tuple[Meddling, ...]:
    addresses = ("198.51.100.9", "203.0.113.10", "203.0.113.20")
    return tuple(
        Meddling(chance.uniform(600, 6000), chance.choice(addresses), chance.random() < 0.5)
        for _ in range(chance.choice((1, 1, 2)))
    )
