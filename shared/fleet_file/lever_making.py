"""Turns the levers of a checked fleet file, its ramp and its proofs into values. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from shared.fleet import Gate, MatchStep, Ring, Shift, Slot, Source, Target, WeightStep
from shared.fleet_file.lever_models import (
    ApplicationGatewayPart,
    AzureDnsPart,
    BackendPart,
    BalancerPart,
    BeneathPart,
    EndpointPart,
    FrontDoorAbovePart,
    FrontDoorClassicPart,
    FrontDoorPart,
    MembersPart,
    OriginPart,
    OwnBackendPart,
    OwnOriginPart,
    PoolPart,
    PrivateDnsPart,
    RecordPart,
    TrafficManagerPart,
)
from shared.fleet_file.models import SlotPart
from shared.fleet_file.shift_models import (
    DrainPart,
    MatchPart,
    NamesPart,
    ReadinessPart,
    RingPart,
    ShiftPart,
)
from shared.fleet_file.values import address_of, relative_name
from shared.levers import THROUGH, Balancer, Lever, Match, Member, Record, RecordType, SlotName, SwitchKind
from shared.safety import AfterDrain, Drain, Names, Readiness

_Member = OriginPart | BackendPart | EndpointPart | PoolPart | OwnOriginPart | OwnBackendPart
_Members = (
    MembersPart[OriginPart]
    | MembersPart[BackendPart]
    | MembersPart[EndpointPart]
    | MembersPart[PoolPart]
    | MembersPart[OwnOriginPart]
    | MembersPart[OwnBackendPart]
)


def lever(part: RecordPart | BalancerPart, place: int) -> Lever:
    """The record or balancer that stands at `place` in the list."""
    if isinstance(part, AzureDnsPart | PrivateDnsPart):
        return _record(part)
    return _balancer(part, place)


def above(part: RecordPart | BalancerPart) -> Balancer | None:
    """The Front Door above a record, None where there is none: a member for each slot, and one to pass on."""
    found = part.above if isinstance(part, AzureDnsPart) else None
    if found is None:
        return None
    if isinstance(found, FrontDoorAbovePart):
        resource_id, group, origin = found.profile, found.origin_group, found.origin
    else:
        resource_id, group, origin = found.front_door, found.backend_pool, found.backend
    members = (*_members(found.members), Member(slot=THROUGH, name=origin))
    return Balancer(
        kind=SwitchKind(found.switch),
        resource_id=resource_id,
        members=members,
        group=group,
        propagation_seconds=found.propagation,
    )


def slot(name: SlotName, part: SlotPart, host: str, levers: Sequence[Lever]) -> Slot:
    """The slot with its own host name's record: where the file says, or beside a record that it moves."""
    return Slot(
        name=name,
        cluster_id=part.cluster_id,
        gateway_id=part.gateway_id,
        host=_own(part, host, _beside(name, levers)),
        address=part.address.lower() if part.address else None,
        public_ip_id=part.public_ip_id,
    )


def shift(part: ShiftPart | None, gates: Sequence[Gate]) -> Shift:
    """The plan with its gates; `gates` are those of `gates.switch`."""
    if part is None:
        return Shift()
    steps = tuple(
        WeightStep(weight=each.weight, hold_seconds=each.hold, gates=_named(each.gates, gates))
        for each in part.steps or ()
    )
    return Shift(match=_match(part.match, gates) if part.match else None, steps=steps)


def ring(part: RingPart | None, gates: Sequence[Gate]) -> Ring | None:
    """The ring before; `gates` are those of `gates.bake`.

    There is no baseline of another fleet's slot, and what this fleet's own resources say is not about it.
    """
    if part is None:
        return None
    # A check in a cluster is made in a rollout of its own fleet alone.
    askable = tuple(
        gate
        for gate in gates
        if gate.max_over_baseline is None
        and gate.target is not Target.RESOURCE
        and gate.source is not Source.KUBERNETES
    )
    return Ring(after=part.after, hold_seconds=part.hold, gates=_named(part.gates, askable))


def names(part: NamesPart) -> Names:
    """Who is asked for names."""
    return Names(
        ask=part.ask,
        resolvers=tuple(dict.fromkeys(part.resolvers)),
        owners=part.owners,
        writers=part.writers,
    )


def drain(part: DrainPart) -> Drain:
    """When a slot counts as drained."""
    return Drain(
        connections_metric=part.connections_metric or "",
        connections_max=part.connections_max or 0.0,
        then=AfterDrain(part.then),
    )


def readiness(part: ReadinessPart) -> Readiness:
    """The proof of a way back."""
    return Readiness(
        every_seconds=part.every,
        path=part.path,
        certificate_seconds_min=part.certificate,
        capacity_min=part.capacity,
        load_max=part.load,
    )


def _record(part: RecordPart | BeneathPart) -> Record:
    return Record(
        kind=SwitchKind(part.switch),
        zone_id=part.zone,
        name=part.name.lower(),
        type=RecordType(part.type),
        ttl_seconds=part.ttl,
        alias=isinstance(part, AzureDnsPart) and part.alias,
    )


def _balancer(part: BalancerPart, place: int) -> Balancer:
    resource_id, group, endpoint, rules, ttl_seconds = _particular(part)
    return Balancer(
        kind=SwitchKind(part.switch),
        resource_id=resource_id,
        members=_members(part.members),
        group=group,
        place=place,
        propagation_seconds=part.propagation,
        ttl_seconds=ttl_seconds,
        endpoint=endpoint or "",
        rules=rules or "",
    )


def _particular(part: BalancerPart) -> tuple[str, str, str | None, str | None, int]:
    """The resource, the group in it, the endpoint, the rules and the TTL, in each service's own words."""
    match part:
        case FrontDoorPart():
            return part.profile, part.origin_group, part.endpoint, part.rules, 0
        case FrontDoorClassicPart():
            return part.front_door, part.backend_pool, None, part.rules, 0
        case TrafficManagerPart():
            return part.profile, "", None, None, part.ttl
        case ApplicationGatewayPart():
            return part.gateway, part.rule, None, None, 0


def _members(part: _Members) -> tuple[Member, ...]:
    return _member("blue", part.blue), _member("green", part.green)


def _member(slot_name: str, part: _Member) -> Member:
    if not isinstance(part, OriginPart | BackendPart):
        return Member(slot=SlotName(slot_name), name=part.name)
    beneath = _record(part.beneath) if part.beneath else None
    return Member(slot=SlotName(slot_name), name=part.name, beneath=beneath, group=part.group or "")


def _beside(name: SlotName, levers: Sequence[Lever]) -> Record | None:
    """The first live record, or the first one beneath a balancer's member of this slot."""
    records = [each for each in levers if isinstance(each, Record)]
    beneath = [each.member(name).beneath for each in levers if isinstance(each, Balancer)]
    return next((each for each in [*records, *beneath] if each is not None), None)


def _own(part: SlotPart, host: str, beside: Record | None) -> Record:
    declared = part.host_record
    if declared is not None:
        zone_id, kind, ttl_seconds = declared.zone, SwitchKind(declared.switch), declared.ttl
    else:
        assert beside is not None, "the checks let no slot through whose own host name lies nowhere"
        zone_id, kind, ttl_seconds = beside.zone_id, beside.kind, beside.ttl_seconds
    name = relative_name(host, zone_id)
    assert name is not None, "the checks let no host name through that lies outside its zone"
    told = declared.type if declared else None
    fitting = beside.type if beside else _fitting(part)
    return Record(
        kind=kind,
        zone_id=zone_id,
        name=name,
        type=RecordType(told) if told else fitting,
        ttl_seconds=ttl_seconds,
    )


def _fitting(part: SlotPart) -> RecordType:
    """The type of record that holds the slot's address. A public IP is taken for an IPv4 address."""
    if part.address is None:
        return RecordType.A
    match address_of(part.address):
        case IPv4Address():
            return RecordType.A
        case IPv6Address():
            return RecordType.AAAA
        case _:
            return RecordType.CNAME


def _match(part: MatchPart, gates: Sequence[Gate]) -> MatchStep:
    wanted = Match(value=part.value, header=part.header or "", cookie=part.cookie or "")
    return MatchStep(match=wanted, hold_seconds=part.hold, gates=_named(part.gates, gates))


def _named(wanted: Sequence[str] | None, gates: Sequence[Gate]) -> tuple[Gate, ...]:
    return tuple(gate for gate in gates if wanted is None or gate.name in wanted)
