"""Which seeds roll out over balancers, and over what else than one record: drawn apart from everything else.

A seed that draws nothing here is the same as if this module were not there. Decides which levers a fleet has,
how they are ramped and what goes wrong with them; refuses to know what becomes of it.
"""

from __future__ import annotations

from random import Random

import msgspec

from sandbox.world.settings import Family, Outage
from shared.fleet import Fleet, MatchStep, Shift, WeightStep
from shared.levers import MATCHING, WEIGHTED, Balancer, Match, Record, SwitchKind
from shared.safety import AfterDrain, Drain, Names, Readiness
from tests.fleets import BLUE, ERRORS, GREEN, HEALTH
from tests.fleets_balanced import balancer
from tests.sim.dark import dark_way_back
from tests.sim.scenario import CHAOS_SECONDS, START_SECONDS, Scenario, Tilt

SHARE = 0.15
SHAPES = {
    "front door": 4,
    "front door over records": 3,
    "classic": 3,
    "classic over records": 2,
    "traffic manager": 3,
    "gateway": 2,
    "record and balancer": 3,
    "two balancers": 2,
    "record": 1,
}
"""How often each shape is drawn beside the others."""
_FAMILIES = {
    SwitchKind.FRONT_DOOR: Family.FRONT_DOOR,
    SwitchKind.FRONT_DOOR_CLASSIC: Family.FRONT_DOOR,
    SwitchKind.TRAFFIC_MANAGER: Family.TRAFFIC_MANAGER,
    SwitchKind.APPLICATION_GATEWAY: Family.GATEWAY,
}
_PROPAGATION_SECONDS = {
    SwitchKind.FRONT_DOOR: 150,
    SwitchKind.FRONT_DOOR_CLASSIC: 150,
    SwitchKind.TRAFFIC_MANAGER: 20,
    SwitchKind.APPLICATION_GATEWAY: 60,
}
"""A little longer than the world takes."""
CANARY = Match(header="x-canary", value="green")


def over_levers(scenario: Scenario) -> Scenario:
    """The scenario, in a part of the seeds over other levers than its one or two records."""
    chance = Random(f"levers {scenario.seed}")
    if chance.random() >= SHARE:
        return scenario
    fleet = _fleet(chance, scenario.fleet)
    families = {_FAMILIES[each.kind] for each in fleet.balancers}
    out = families and chance.random() < 0.25
    faults = scenario.faults
    if out:
        outage = _outage(chance, chance.choice(sorted(families)))
        faults = msgspec.structs.replace(faults, outages=(*faults.outages, outage))
    swarm, duel = scenario.swarm, chance.random() < 0.4
    dark = not duel and chance.random() < 0.25
    if dark:
        fleet, faults = dark_way_back(chance, fleet)
    if duel:
        # What cannot refuse a late order is told one by whoever slept while somebody else turned back.
        swarm = msgspec.structs.replace(swarm, zombie=0.4, heckle=0.08)
        policy = msgspec.structs.replace(fleet.policy, poll_seconds=60)
        fleet = msgspec.structs.replace(fleet, freeze=None, policy=policy)
    tilts = _tilts(chance) if fleet.balancers and chance.random() < 0.15 else ()
    return msgspec.structs.replace(
        scenario,
        fleet=fleet,
        faults=faults,
        swarm=swarm,
        tilts=tilts,
        meddlings=scenario.meddlings if fleet.live_records else (),
        expected=None if out or tilts or duel or dark else scenario.expected,
    )


def _fleet(chance: Random, fleet: Fleet) -> Fleet:
    shape = chance.choices(tuple(SHAPES), tuple(SHAPES.values()))[0]
    records, balancers = _levers(chance, shape, fleet)
    asks = chance.random() < 0.4
    drains = chance.random() < 0.4
    return msgspec.structs.replace(
        fleet,
        live_records=records,
        balancers=balancers,
        shift=_shift(chance, balancers) if balancers and not records else Shift(),
        names=Names(
            ask=asks,
            resolvers=("10.0.0.4",) if asks and chance.random() < 0.5 else (),
            owners=chance.random() < 0.3,
            writers=chance.random() < 0.4,
        ),
        drain=Drain(
            connections_metric="CurrentConnections" if drains else "",
            connections_max=chance.choice((0, 2)),
            then=chance.choice(tuple(AfterDrain)),
        ),
        traffic=msgspec.structs.replace(fleet.traffic, ingestion_seconds=chance.choice((60, 120))),
        readiness=Readiness(every_seconds=chance.choice((0, 180, 600)), load_max=0.8),
    )


def _levers(chance: Random, shape: str, fleet: Fleet) -> tuple[tuple[Record, ...], tuple[Balancer, ...]]:
    one = fleet.live_records[:1]
    match shape:
        case "record":
            return fleet.live_records, ()
        case "record and balancer":
            kind = chance.choice(tuple(_FAMILIES))
            beneath = kind in MATCHING and chance.random() < 0.5
            return one, (_balancer(kind, beneath=beneath, place=chance.choice((0, 1))),)
        case "two balancers":
            edge = _balancer(SwitchKind.FRONT_DOOR, beneath=chance.random() < 0.5)
            return (), (edge, _balancer(SwitchKind.TRAFFIC_MANAGER, place=chance.choice((0, 1))))
        case _:
            name, _, over = shape.partition(" over ")
            return (), (_balancer(_KINDS[name], beneath=bool(over)),)


_KINDS = {
    "front door": SwitchKind.FRONT_DOOR,
    "classic": SwitchKind.FRONT_DOOR_CLASSIC,
    "traffic manager": SwitchKind.TRAFFIC_MANAGER,
    "gateway": SwitchKind.APPLICATION_GATEWAY,
}


def _balancer(kind: SwitchKind, *, beneath: bool = False, place: int = 0) -> Balancer:
    ttl_seconds = 30 if kind is SwitchKind.TRAFFIC_MANAGER else 0
    seconds = _PROPAGATION_SECONDS[kind]
    return balancer(kind, beneath=beneath, place=place, propagation_seconds=seconds, ttl_seconds=ttl_seconds)


def _shift(chance: Random, balancers: tuple[Balancer, ...]) -> Shift:
    weighted = all(each.kind in WEIGHTED for each in balancers)
    matching = all(each.kind in MATCHING for each in balancers)
    weights = chance.choice(((), (10,), (10, 50), (10, 50))) if weighted else ()
    steps = tuple(
        WeightStep(weight=weight, hold_seconds=chance.choice((0, 60, 900)), gates=(ERRORS,))
        for weight in weights
    )
    match = MatchStep(match=CANARY, hold_seconds=60, gates=(HEALTH,))
    return Shift(match=match if matching and chance.random() < 0.8 else None, steps=steps)


def _outage(chance: Random, family: Family) -> Outage:
    begin = START_SECONDS + chance.uniform(300, 3600)
    return Outage(
        family=family,
        from_seconds=begin,
        until_seconds=min(begin + chance.choice((120, 900, 3600)), START_SECONDS + CHAOS_SECONDS),
        status=chance.choice((409, 429, 503, 0)),
        retry_after_seconds=chance.choice((None, 30.0)),
    )


def _tilts(chance: Random) -> tuple[Tilt, ...]:
    return tuple(
        Tilt(chance.uniform(600, 6000), chance.choice((BLUE, GREEN)), chance.choice((30, 100)))
        for _ in range(chance.choice((1, 1, 2)))
    )
