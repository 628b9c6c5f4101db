"""What a person should know of a fleet that is right as it stands; nothing is refused for it.

Decides the sentences. Refuses to know the time: whoever asks says which day it is.
"""

from __future__ import annotations

import re
from datetime import date

from shared.fleet import Fleet, Gate, Source, Target
from shared.levers import ONE_BY_ONE, SERIAL, Balancer, SwitchKind

CLASSIC_RETIRES = date(2027, 3, 31)
"""Source: https://learn.microsoft.com/azure/frontdoor/tier-migration"""


_OF_APPLICATIONS = re.compile(r"\s*(App[A-Z]\w+|requests|dependencies|exceptions)\b")
"""Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/apprequests"""

_SHADOW = "it is in shadow: rollouts that begin now decide and record, and change nothing"


def notices(fleet: Fleet, on: date) -> tuple[str, ...]:
    """One sentence each, those of levers in their order; `on` is the day on which it is asked."""
    told: list[str] = [_SHADOW] if fleet.shadow else []
    for balancer in sorted(fleet.every_balancer, key=lambda each: each.place):
        if balancer.kind is SwitchKind.FRONT_DOOR_CLASSIC:
            told.append(_retires(balancer, on))
        if balancer.kind in SERIAL and not balancer.beneath and balancer != fleet.above:
            told.append(_slow(fleet, balancer))
    asked = fleet.gates
    questions = (asked.platform, asked.functional, asked.load, asked.switch, asked.bake)
    every = dict.fromkeys(gate for question in questions for gate in question)
    return (*told, *(_silent(gate, table[1]) for gate in every if (table := _elsewhere(gate)) is not None))


def _elsewhere(gate: Gate) -> re.Match[str] | None:
    """The table of applications that a gate asks a cluster or a gateway for."""
    own = gate.source is Source.LOGS and gate.target in (Target.CLUSTER, Target.GATEWAY)
    return _OF_APPLICATIONS.match(gate.query) if own else None


def _silent(gate: Gate, table: str) -> str:
    return (
        f"{gate.name} asks each slot's {gate.target.value} for {table}, which Application Insights keeps, so "
        "that it never has data; ask the workspace, by resource_id, or the component, by source app_insights"
    )


def left_notice(fleet: Fleet) -> str:
    """What becomes of a ring that is in its file no more."""
    follows = f", and follows {fleet.ring.after}" if fleet.ring is not None else ""
    return (
        f"{fleet.name} is in the file no more: nothing of it was deleted or stopped, it stays applied as it "
        f"was{follows}; a file of its own changes that"
    )


def _retires(balancer: Balancer, on: date) -> str:
    """How to move. Sources: https://learn.microsoft.com/azure/frontdoor/migrate-tier, and `tier-mapping`."""
    when = "retires" if on <= CLASSIC_RETIRES else "was retired"
    return (
        f"{balancer.label}: Front Door (classic) {when} on {CLASSIC_RETIRES}; migrate it to Standard or "
        "Premium (Migration, among the Front Door's settings), then declare switch front_door with the new "
        "profile, its origin_group in place of backend_pool, its origins as members and its rule set as rules"
    )


def _slow(fleet: Fleet, balancer: Balancer) -> str:
    own = (2 if balancer.kind in ONE_BY_ONE else 1) + (fleet.shift.match is not None)
    minutes = max(1, -(-(1 + own) * balancer.propagation_seconds // 60))
    return (
        f"{balancer.label}: a rollback through Front Door takes up to {minutes} minutes, the last change and "
        f"{own} of its own one after the other, because there is no lever underneath; give both members a "
        "record beneath, behind their host names, and it takes seconds"
    )
