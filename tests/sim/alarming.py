"""Which seeds map alerts to what they do, and which of their alerts are of another kind: drawn apart.

A seed that draws nothing here is the same as if this module were not there. Decides what a fleet says about
alerts and what each says of itself; refuses to know what becomes of it.
"""

from __future__ import annotations

from random import Random

import msgspec

from shared.alert_rules import AlertEffect, AlertMapping, Alerts
from tests.sim.scenario import Ring, Scenario

SHARE = 0.3
SEVERITIES = ("Sev0", "Sev1", "Sev1", "Sev3", "Sev4")
RULES = ("", "", "agw-*-failed-requests", "*-operations", "agw-green-failed-requests")
STAGES = ((), (), ("T0", "T1", "T2"), ("T3", "T4"), ("T4",))


def over_alerts(scenario: Scenario) -> Scenario:
    """The scenario, in a part of the seeds with alerts of every kind and a fleet that maps them."""
    chance = Random(f"alerts {scenario.seed}")
    if chance.random() >= SHARE:
        return scenario
    rings = tuple(_told(chance, ring) for ring in scenario.rings)
    said = Alerts(
        mappings=tuple(_mapping(chance) for _ in range(chance.choice((0, 1, 2, 3)))),
        expire_seconds=chance.choice((300, 1200, 3600)),
    )
    policy = scenario.fleet.policy
    if chance.random() < 0.3:
        policy = msgspec.structs.replace(policy, alert_severities=("Sev0", "Sev1"))
    fleet = msgspec.structs.replace(scenario.fleet, alerts=said, policy=policy)
    return msgspec.structs.replace(scenario, fleet=fleet, rings=rings)


def _mapping(chance: Random) -> AlertMapping:
    return AlertMapping(
        effect=chance.choice((AlertEffect.ROLLBACK, AlertEffect.HOLD, AlertEffect.HOLD, AlertEffect.NOTE)),
        severities=chance.choice(((), ("Sev0", "Sev1"), ("Sev3", "Sev4"))),
        rule=chance.choice(RULES),
        stages=chance.choice(STAGES),
        expire_seconds=chance.choice((None, None, 600)),
    )


def _told(chance: Random, ring: Ring) -> Ring:
    stateless = chance.random() < 0.3
    return Ring(
        ring.at_seconds,
        ring.slot,
        None if stateless else ring.resolved_at_seconds,
        ring.number,
        severity=chance.choice(SEVERITIES),
        stateless=stateless,
        early_seconds=chance.uniform(60, 1200) if chance.random() < 0.2 else 0.0,
    )
