"""Levers through the ports door: what a balancer, a resolver and a gateway say, and what moves a balancer.

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
from shared.errors import Superseded
from shared.fleet import Fleet
from shared.levers import Balancer, Record, SlotName, SwitchKind
from shared.probes import (
    BalancerSeen,
    ConnectionsSeen,
    HostSeen,
    LastWriter,
    NamesSeen,
    OpenConnections,
    OwnerSeen,
    WriterSeen,
)

NAME_SERVERS = tuple(f"ns{n}-01.azure-dns.{domain}" for n, domain in enumerate(("com", "net"), 1))
STRANGER = "somebody@contoso.com"
_WEIGHT_PER_PERCENT = 10


def balancer(world: World, lever: Balancer) -> BalancerSeen:
    """What a balancer's control plane says of itself."""
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


PURGED = "purged"


def order(world: World, fleet: Fleet, action: LeverAction, epoch: int) -> str | None:
    """Move a lever; a purge leaves a receipt. Raises Superseded, ArmError."""
    match action:
        case PointRecord():
            point_record(world, fleet, action, epoch)
        case SetWeights():
            set_weights(world, fleet, action, epoch)
        case SetMatch(balancer=lever, slot=slot):
            world.balancers.match(lever, slot)
        case Purge(balancer=lever):
            world.ledger.note(world.now(), Happening.CACHE_PURGED, lever.label)
            return PURGED
        case _:
            assert_never(action)
    return None


def set_weights(world: World, fleet: Fleet, action: SetWeights, epoch: int) -> None:
    """Write every member. Raises Superseded under a higher epoch, ArmError."""
    lever = action.balancer
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
    record = next((each for each in fleet.live_records if each.id.lower() == probe.lever_id.lower()), None)
    history = world.zones.history(record) if record is not None else ()
    written = [each for each in history if probe.since <= each.at < probe.until]
    if not written:
        return WriterSeen()
    found = written[-1].now
    ours = found is not None and found.metadata.get(FLEET) == fleet.name
    return WriterSeen("switchyard" if ours else STRANGER, written[-1].at)


def host(world: World, fleet: Fleet, slot: SlotName, now: datetime) -> HostSeen:
    """One request to the slot's own host name."""
    answer = world.respond(fleet.slot(slot).host.fqdn, fleet.readiness.path)
    return HostSeen(answer.status, answer.latency_ms, now + timedelta(days=60))


def connections(world: World, fleet: Fleet, _probe: OpenConnections, now: datetime) -> ConnectionsSeen:
    """A tenth of the users of a minute hold a connection open."""
    minute = world.traffic.users(now.replace(second=0, microsecond=0)) / 10
    mixed = world.traffic.mix(now)
    return ConnectionsSeen({slot.name: round(minute * mixed.get(slot.name, 0.0)) for slot in fleet.slots})
