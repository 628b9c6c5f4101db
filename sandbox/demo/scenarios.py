"""The twelve scenarios: what happens in each, and how each has to end. Refuses to know how they are run."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from shared.model import Outcome


class Twist(StrEnum):
    """What is done to a rollout from outside, beyond the faults of its world."""

    NONE = "none"
    PROMOTE = "promote"
    KILL_HOST = "kill_host"
    DNS_OUTAGE = "dns_outage"


class Scenario(Struct, frozen=True, kw_only=True):
    """One scenario.

    `serving` is the slot that users must end on, `destroyed` whether the old cluster must be gone, `moved`
    whether a live record may ever have left the old slot. `sent_back_by` is who must have decided to go back,
    the timer's own judgement or an alert, and `sent_back_from` in which stage and step. `above` declares the
    Front Door above the live record, as the example's comment does. In `shadow` nothing may change at all.
    """

    name: str
    story: str
    outcome: Outcome
    serving: str
    destroyed: bool
    moved: bool = True
    sent_back_by: str | None = None
    sent_back_from: str | None = None
    fleet: str = "contoso-public"
    twist: Twist = Twist.NONE
    above: bool = False
    shadow: bool = False


_GOOD = Scenario(
    name="good",
    story="A new Kubernetes version is published. Users end on a new cluster, and the old one is gone.",
    outcome=Outcome.COMPLETED,
    serving="green",
    destroyed=True,
)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        _GOOD,
        Scenario(
            name="shadow",
            story="The fleet is in shadow: the whole rollout is decided and recorded, and nothing changes.",
            outcome=Outcome.COMPLETED,
            serving="blue",
            destroyed=False,
            moved=False,
            shadow=True,
        ),
        Scenario(
            name="private",
            story="The same in a virtual network: the live record is in a private zone.",
            outcome=Outcome.COMPLETED,
            serving="green",
            destroyed=True,
            fleet="contoso-private",
        ),
        Scenario(
            name="weights",
            story="Traffic Manager sends the new cluster 5 % of the users, then 25 %, 50 %, and all of them.",
            outcome=Outcome.COMPLETED,
            serving="green",
            destroyed=True,
            fleet="contoso-traffic-manager",
        ),
        Scenario(
            name="one-gateway",
            story="One application gateway stands before both clusters: its rule goes to the other pool.",
            outcome=Outcome.COMPLETED,
            serving="green",
            destroyed=True,
            fleet="contoso-one-gateway",
        ),
        Scenario(
            name="front-door",
            story="An alert fires while Front Door sends 10 %. The records beneath bring everybody back.",
            outcome=Outcome.ROLLED_BACK,
            serving="blue",
            destroyed=False,
            sent_back_by="alert",
            sent_back_from="T3 ramp",
            fleet="contoso-front-door",
        ),
        Scenario(
            name="bad-green",
            story="The new cluster comes up with broken nodes. It is stopped before any traffic moves.",
            outcome=Outcome.STOPPED,
            serving="blue",
            destroyed=False,
            moved=False,
            sent_back_by="timer",
            sent_back_from="T1 platform_gate",
        ),
        Scenario(
            name="slow-burn",
            story="The new cluster passes every test and fails slowly under users. The gates see it: back.",
            outcome=Outcome.ROLLED_BACK,
            serving="blue",
            destroyed=False,
            sent_back_by="timer",
            sent_back_from="T3 observe",
        ),
        Scenario(
            name="alert",
            story="An alert fires on the new cluster while it bakes. Traffic goes back at once.",
            outcome=Outcome.ROLLED_BACK,
            serving="blue",
            destroyed=False,
            sent_back_by="alert",
            sent_back_from="T4 bake",
        ),
        Scenario(
            name="dns-outage",
            story="Azure DNS takes no order when an alert fires. Front Door brings everybody back instead.",
            outcome=Outcome.ROLLED_BACK,
            serving="blue",
            destroyed=False,
            sent_back_by="alert",
            sent_back_from="T4 bake",
            twist=Twist.DNS_OUTAGE,
            above=True,
        ),
        Scenario(
            name="manual",
            story="The fleet asks for a person's yes before the switch. Somebody promotes it.",
            outcome=Outcome.COMPLETED,
            serving="green",
            destroyed=True,
            twist=Twist.PROMOTE,
        ),
        Scenario(
            name="crash",
            story="The Functions host is killed right after the live record moved, and started again.",
            outcome=Outcome.COMPLETED,
            serving="green",
            destroyed=True,
            twist=Twist.KILL_HOST,
        ),
    )
}
