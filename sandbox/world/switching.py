"""Levers through the ports door: what a balancer and a resolver say, and what moves a balancer.

Keeps the promises of the Azure adapters: percent become weights of 1 to 1000, 0 takes a member out, an epoch
is kept where the resource has tags. Refuses to know why anything is asked or ordered.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from sandbox.world.balancers import MemberState
from sandbox.world.ledger import Happening
from sandbox.world.model import World
from sandbox.world.orders import EPOCH, FLEET, epoch_of, point_record
from shared.actions import LeverAction, PointRecord, Purge, SetMatch, SetWeights
from shared.errors import Refused, Superseded
from shared.fleet import Fleet
from shared.levers import MATCHING, WEIGHTED, Balancer, Record, SlotName, SwitchKind
from shared.probes import (
    BalancerSeen,
    HostSeen,
    LastWriter,
    NamesSeen,
    OwnerSeen,
    WriterSeen,
)

NAME_SERVERS = tuple(f"ns{n}-01.azure-dns.{domain}" for n, domain in enumerate(("com", "net"), 1))
STRANGER = "somebody@contoso.com"
_WEIGHT_PER_PERCENT = 10


def balancer(world: World, lever: Balancer) -> BalancerSeen:
    """What a balancer's control plane says of itself. Raises Refused where weights mean nothing to it."""
    if not _by_weight(world, lever):
        raise Refused(f"{lever.label} routes by {world.estate.faults.routing_method}, not by weight")
    newest = world.balancers.newest(lever)
    states = {member.slot: newest.members[member.name] for member in lever.members}
    weights = {slot: state.weight for slot, state in states.items() if state.enabled}
    total = sum(weights.values())
    return BalancerSeen(
        weights={str(slot): round(100 * weight / total) for slot, weight in weights.items()},
        unsettled=world.balancers.unsettled(lever),
        matched=newest.matched or "",
        etag=newest.etag if lever.kind is SwitchKind.APPLICATION_GATEWAY else None,
        epoch=epoch_of(newest.tags),
        fleet=newest.tags.get(FLEET),
    )


def order(world: World, fleet: Fleet, action: LeverAction, epoch: int) -> None:
    """Move a lever. Raises Superseded, Refused, ArmError."""
    match action:
        case PointRecord():
            point_record(world, fleet, action, epoch)
        case SetWeights():
            set_weights(world, fleet, action, epoch)
        case SetMatch():
            set_match(world, action)
        case Purge(balancer=lever):
            world.ledger.note(world.now(), Happening.CACHE_PURGED, lever.label)
        case _:
            assert_never(action)


def set_match(world: World, action: SetMatch) -> None:
    """Write the rule, or take it away. Raises Refused where requests are not seen, or not told apart."""
    if action.balancer.kind not in MATCHING:
        raise Refused(f"{action.balancer.label} cannot send some requests to a slot of their own")
    world.balancers.match(action.balancer, action.slot)


def set_weights(world: World, fleet: Fleet, action: SetWeights, epoch: int) -> None:
    """Write every member. Raises Superseded under a higher epoch, Refused for shares that it cannot do."""
    lever = action.balancer
    shares = any(0 < percent < 100 for percent in action.weights.values())
    if shares and not (lever.kind in WEIGHTED and _by_weight(world, lever)):
        raise Refused(f"{lever.label} cannot send shares of its users to several slots")
    stored = epoch_of(world.balancers.newest(lever).tags)
    if stored is not None and stored > epoch:
        raise Superseded(f"{lever.label} carries epoch {stored}, this write has {epoch}")
    members = {
        member.name: MemberState(
            max(1, action.weights.get(member.slot, 0) * _WEIGHT_PER_PERCENT),
            action.weights.get(member.slot, 0) > 0,
        )
        for member in lever.members
    }
    tagged = lever.kind is SwitchKind.APPLICATION_GATEWAY
    tags = {EPOCH: str(epoch), FLEET: fleet.name} if tagged else None
    world.balancers.write(lever, members, tags=tags, if_match=action.if_match)


def _by_weight(world: World, lever: Balancer) -> bool:
    return lever.kind is not SwitchKind.TRAFFIC_MANAGER or world.estate.faults.routing_method == "Weighted"


def names(world: World, fleet: Fleet, record: Record, now: datetime) -> NamesSeen:
    """Name servers hold what was written a propagation ago, resolvers the oldest answer that may be held."""
    public = record.kind is SwitchKind.AZURE_DNS
    served_at = now - timedelta(seconds=world.estate.timings.propagation_seconds)
    history = [each for each in world.zones.history(record) if each.at <= served_at]
    served = history[-1].now.targets if history and history[-1].now is not None else ()
    answers = dict.fromkeys(NAME_SERVERS, served) if public else {}
    held = world.traffic.addresses(record, now)
    oldest = next((address for address, share in held.items() if share > 0), "")
    answers |= dict.fromkeys(fleet.names.resolvers, (oldest,) if oldest else ())
    return NamesSeen(answers)


def owner(world: World, _record: Record) -> OwnerSeen:
    """What external-dns says in the zone."""
    return OwnerSeen(world.estate.faults.external_dns_owner)


def writer(world: World, fleet: Fleet, probe: LastWriter) -> WriterSeen:
    """Who wrote last: a stranger where what is there does not carry the fleet's mark."""
    for record in fleet.live_records:
        history = world.zones.history(record)
        if probe.lever_id.lower().startswith(record.zone_id.lower()) and history[-1].at >= probe.since:
            found = history[-1].now
            ours = found is not None and found.metadata.get(FLEET) == fleet.name
            return WriterSeen("switchyard" if ours else STRANGER, history[-1].at)
    return WriterSeen()


def host(world: World, fleet: Fleet, slot: SlotName, now: datetime) -> HostSeen:
    """One request to the slot's own host name."""
    answer = world.respond(fleet.slot(slot).host.fqdn, fleet.readiness.path)
    return HostSeen(answer.status, answer.latency_ms, now + timedelta(days=60))
