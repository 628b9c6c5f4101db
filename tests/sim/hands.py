"""What people do with their own hands: write a lever, put it right again, edit the fleet's file.

Decides what such a change looks like; `tests.sim.people` decides when.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from sandbox.world import World
from sandbox.world.balancers import MemberState
from shared.fleet import Fleet
from shared.levers import Balancer, Record, SlotName
from shared.model import Rollout
from shared.policy import Approvals
from stages.ramp import portions, weights_of
from tests.sim.facts import Facts

MALLORY = "mallory@contoso.com"
OLIVIA = "olivia@contoso.com"


def point(facts: Facts, records: Iterable[Record], address: str, *, keeps_metadata: bool = False) -> None:
    """Write records, as somebody with the portal would."""
    for record in records:
        found = facts.record(record)
        facts.world.zones.put(
            record.zone_id,
            record.name,
            record.type,
            ttl_seconds=found.ttl_seconds if found is not None else record.ttl_seconds,
            targets=(address,),
            metadata=dict(found.metadata) if found is not None and keeps_metadata else {},
        )


def tilt(world: World, balancer: Balancer, slot: SlotName, percent: int, by: str) -> None:
    """Have a balancer send a slot that percentage and the other one the rest."""
    shares = {each.name: percent if each.slot == slot else 100 - percent for each in balancer.members}
    members = {name: MemberState(max(1, 10 * share), share > 0) for name, share in shares.items()}
    world.balancers.write(balancer, members, by=by)


def put_right(facts: Facts, rollout: Rollout) -> str:
    """Undo what somebody else did to the levers of a rollout that waits for it; says what was done."""
    plan = facts.plan or facts.fleet
    slot, percent = rollout.candidate, 100
    steps = portions(plan)
    if rollout.moved_at is None and not plan.balancers:
        return "lets the rollout find the records as it left them, or stop"
    if rollout.moved_at is None:
        slot = rollout.live
        percent = weights_of(rollout, steps[rollout.portion])[slot] if rollout.portion < len(steps) else 100
    address = rollout.addresses[slot]
    under = (record for balancer in plan.balancers for record in balancer.beneath)
    point(facts, (*plan.live_records, *(under if rollout.beneath else ())), address)
    for balancer in plan.balancers:
        tilt(facts.world, balancer, slot, percent, OLIVIA)
    return f"has every lever send {percent} % to {slot} again"


def edit(fleet: Fleet, more: bool) -> Fleet:
    """The fleet with a file that somebody has edited while a rollout is in flight."""
    policy = msgspec.structs.replace(
        fleet.policy, bake_seconds=60, observe_seconds=60, poll_seconds=240, keep_candidate=more
    )
    approvals = Approvals(start=more, switch=more, destroy=more)
    gates = msgspec.structs.replace(fleet.gates, platform=(), functional=())
    return msgspec.structs.replace(
        fleet, policy=policy, approvals=approvals, gates=gates if more else fleet.gates
    )
