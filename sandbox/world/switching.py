"""Levers through the ports door: what a balancer and a resolver say, and what moves a balancer.

Keeps the promises of the Azure adapters: percent become weights of 1 to 1000, 0 takes a member out, an epoch
is kept where the resource has tags, and Front Door takes one change at a time, of one origin where it is not
the classic one. Refuses to know why anything is asked or ordered.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import assert_never

from sandbox.world.activity import below
from sandbox.world.balancers import CANARY, MemberState
from sandbox.world.ledger import Happening
from sandbox.world.model import World
from sandbox.world.orders import EPOCH, FLEET, epoch_of, point_record
from sandbox.world.registry import owner_of
from sandbox.world.zones import NAME_SERVERS
from shared.actions import LeverAction, PointRecord, Purge, SetMatch, SetWeights
from shared.errors import Refused, Retry, Superseded
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

_WEIGHT_PER_PERCENT = 10
_TAGGED = frozenset({SwitchKind.FRONT_DOOR_CLASSIC, SwitchKind.APPLICATION_GATEWAY})
_ONE_AT_A_TIME = frozenset({SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC})
_BUSY_SECONDS = 60
_CHANGED_SECONDS = 5


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
        untold=lever.kind is SwitchKind.FRONT_DOOR_CLASSIC,
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
        case SetMatch():
            set_match(world, action)
        case Purge(balancer=lever):
            if lever.endpoint:
                world.ledger.note(world.now(), Happening.CACHE_PURGED, lever.label)
            return PURGED
        case _:
            assert_never(action)
    return None


def set_weights(world: World, fleet: Fleet, action: SetWeights, epoch: int) -> None:
    """Write every member, or the first that is not as it should be.

    Raises Superseded, Retry, ArmError, and Refused for shares that it cannot do.
    """
    lever = action.balancer
    shares = any(0 < percent < 100 for percent in action.weights.values())
    if shares and not (lever.kind in WEIGHTED and _by_weight(world, lever)):
        raise Refused(f"{lever.label} cannot send shares of its users to several slots")
    before = world.balancers.newest(lever)
    stored = epoch_of(before.tags)
    if stored is not None and stored > epoch:
        raise Superseded(f"{lever.label} carries epoch {stored}, this write has {epoch}")
    _wait_for(world, lever, (member.name for member in lever.members))
    late = _late(lever, before.members, action)
    tags = {**before.tags, EPOCH: str(epoch), FLEET: fleet.name} if lever.kind in _TAGGED else None
    if lever.kind is not SwitchKind.APPLICATION_GATEWAY and not late and tags in (None, before.tags):
        return
    if late and world.balancers.being_changed(lever):
        raise Retry(f"{lever.label} is being changed by somebody else", _CHANGED_SECONDS)
    if lever.kind is SwitchKind.FRONT_DOOR:
        late = dict(list(late.items())[:1])
    world.balancers.write(lever, late, tags=tags, if_match=action.if_match)


def set_match(world: World, action: SetMatch) -> None:
    """Write the rule, or take it away. Raises Refused, Retry, ArmError."""
    lever, match, slot = action.balancer, action.match, action.slot
    before = world.balancers.newest(lever)
    if lever.kind not in MATCHING or (slot is not None and not (lever.rules and lever.member(slot).group)):
        raise Refused(f"{lever.label} cannot send some requests to a slot of their own")
    if before.matched == slot and (slot is None or before.match == match):
        return
    _wait_for(world, lever, (*(member.name for member in lever.members), CANARY))
    world.balancers.match(lever, match, slot)


def _wait_for(world: World, lever: Balancer, names: Iterable[str]) -> None:
    if lever.kind in _ONE_AT_A_TIME and world.balancers.deploying(lever).intersection(names):
        raise Retry(world.balancers.unsettled(lever), _BUSY_SECONDS)


def _late(lever: Balancer, held: dict[str, MemberState], action: SetWeights) -> dict[str, MemberState]:
    """The members that are to hold something else, first those that get more."""
    percent = {member.name: action.weights.get(member.slot, 0) for member in lever.members}
    alone = sum(share > 0 for share in percent.values()) == 1
    wanted = {
        name: MemberState(max(1, share * _WEIGHT_PER_PERCENT), share > 0) for name, share in percent.items()
    }
    late = {
        name: state
        for name, state in wanted.items()
        if state.enabled != held[name].enabled or (state.enabled and not alone and state != held[name])
    }
    gains = {name: _effect(state) - _effect(held[name]) for name, state in late.items()}
    return dict(sorted(late.items(), key=lambda each: -gains[each[0]]))


def _effect(state: MemberState) -> int:
    return state.weight if state.enabled else 0


def _by_weight(world: World, lever: Balancer) -> bool:
    return lever.kind is not SwitchKind.TRAFFIC_MANAGER or world.estate.faults.routing_method == "Weighted"


def names(world: World, fleet: Fleet, record: Record, now: datetime) -> NamesSeen:
    """Name servers hold what was written a propagation ago, resolvers the oldest answer that may be held."""
    public = record.kind is SwitchKind.AZURE_DNS
    served_at = now - timedelta(seconds=world.estate.timings.propagation_seconds)
    history = [each for each in world.zones.history(record) if each.at <= served_at]
    served = history[-1].now.targets if history and history[-1].now is not None else ()
    answers = dict.fromkeys(NAME_SERVERS, _answered(world, served)) if public else {}
    held = world.traffic.addresses(record, now)
    oldest = next((target for target, share in held.items() if share > 0), "")
    answers |= dict.fromkeys(fleet.names.resolvers, _answered(world, (oldest,)))
    return NamesSeen(answers)


def _answered(world: World, targets: tuple[str, ...]) -> tuple[str, ...]:
    """What a question for a record set brings back: of an alias the address behind it."""
    resolved = (world.estate.resolved(target).rstrip(".").lower() for target in targets)
    return tuple(sorted(filter(None, resolved)))


def owner(world: World, record: Record) -> OwnerSeen:
    """What external-dns says in the zone."""
    return OwnerSeen(owner_of(world.estate, record))


def writer(world: World, probe: LastWriter) -> WriterSeen:
    """Who wrote last, as the activity log has it."""
    written = below(world, probe.lever_id)
    found = [each for each in written if probe.since <= each.at < probe.until]
    return WriterSeen(found[-1].by, found[-1].at) if found else WriterSeen()


def host(world: World, fleet: Fleet, slot: SlotName, now: datetime) -> HostSeen:
    """One request to the slot's own host name."""
    answer = world.respond(fleet.slot(slot).host.fqdn, fleet.readiness.path)
    return HostSeen(answer.status, answer.latency_ms, now + timedelta(days=60))
