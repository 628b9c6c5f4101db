"""The shape of a lever in a fleet file: what decides which slot users reach, told apart by `switch`.

Decides keys and values one by one. Which lever fits which fleet is in `lever_checks`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.fleet_file.lever_values import (
    Backend,
    BackendPool,
    Endpoint,
    FrontDoorId,
    FrontDoorProfileId,
    GatewayPool,
    Origin,
    OriginGroup,
    ProfileEndpoint,
    RoutingRule,
    RulesEngine,
    RuleSet,
    TrafficManagerId,
)
from shared.fleet_file.values import GatewayId, Part, RecordName, Seconds, Ttl, ZoneId

Zones = Literal["azure_dns", "private_dns"]
RecordTypes = Literal["A", "AAAA", "CNAME"]
Propagation = Annotated[Seconds, Field(ge=0, le=7200)]
_REACHES = "how long a change takes to reach every user"


class _RecordPart(Part):
    zone: ZoneId = Field(description="the ARM id of the DNS zone")
    name: RecordName = Field(description="the record's name relative to its zone")
    type: RecordTypes = Field(description="A, AAAA or CNAME")
    ttl: Ttl = Field(description="the TTL outside a switch, such as 5m")


class MembersPart[Member](Part):
    """What stands for each slot in the lever."""

    blue: Member = Field(description="a mapping with name: what stands for the blue slot")
    green: Member = Field(description="a mapping with name: what stands for the green slot")


class OwnOriginPart(Part):
    """A slot's origin above a record, on the slot's own host name."""

    name: Origin = Field(description="the name of the slot's origin in the origin group")


class OwnBackendPart(Part):
    """A slot's backend above a record, on the slot's own host name."""

    name: Backend = Field(description="the address of the slot's backend in the pool")


class FrontDoorAbovePart(Part):
    """The Azure Front Door Standard or Premium that passes everything on to the record's name."""

    switch: Literal["front_door"] = Field(description="front_door")
    profile: FrontDoorProfileId = Field(description="the ARM id of the Front Door profile")
    origin_group: OriginGroup = Field(description="the name of the origin group with all three origins")
    origin: Origin = Field(description="the name of the origin on the record's own name, which takes all")
    members: MembersPart[OwnOriginPart] = Field(
        description="a mapping with blue and green: the slots' origins, disabled outside an emergency"
    )
    propagation: Propagation = Field(default=1200, description=_REACHES)


class FrontDoorClassicAbovePart(Part):
    """The Azure Front Door (classic) that passes everything on to the record's name."""

    switch: Literal["front_door_classic"] = Field(description="front_door_classic")
    front_door: FrontDoorId = Field(description="the ARM id of the Front Door (classic)")
    backend_pool: BackendPool = Field(description="the name of the backend pool with all three backends")
    backend: Backend = Field(description="the backend on the record's own name, which takes all")
    members: MembersPart[OwnBackendPart] = Field(
        description="a mapping with blue and green: the slots' backends, disabled outside an emergency"
    )
    propagation: Propagation = Field(default=1200, description=_REACHES)


AbovePart = Annotated[FrontDoorAbovePart | FrontDoorClassicAbovePart, Field(discriminator="switch")]


class AzureDnsPart(_RecordPart):
    """A record set of a public zone."""

    switch: Literal["azure_dns"] = Field(description="azure_dns")
    alias: bool = Field(
        default=False, description="whether it points at a slot's public IP resource and not at its address"
    )
    above: AbovePart | None = Field(
        default=None,
        description="the Front Door that passes users on to this record: a second lever, if this one fails",
    )


class PrivateDnsPart(_RecordPart):
    """A record set of a private zone."""

    switch: Literal["private_dns"] = Field(description="private_dns")


class BeneathPart(_RecordPart):
    """The record behind a member's host name: a second lever, under the first."""

    switch: Zones = Field(description="azure_dns, for a public zone")


class OriginPart(Part):
    """A slot's origin."""

    name: Origin = Field(description="the name of the slot's origin in the origin group")
    beneath: BeneathPart | None = Field(
        default=None, description="the record behind the origin's host name, for a way back in seconds"
    )
    group: OriginGroup | None = Field(
        default=None, description="the origin group with this slot's origin alone, which a canary is sent to"
    )


class BackendPart(Part):
    """A slot's backend."""

    name: Backend = Field(description="the address of the slot's backend in the pool")
    beneath: BeneathPart | None = Field(
        default=None, description="the record behind the backend's address, for a way back in seconds"
    )
    group: BackendPool | None = Field(
        default=None, description="the backend pool with this slot's backend alone, which a canary is sent to"
    )


class EndpointPart(Part):
    """A slot's endpoint."""

    name: ProfileEndpoint = Field(description="the slot's endpoint, such as externalEndpoints/blue")


class PoolPart(Part):
    """A slot's back-end pool."""

    name: GatewayPool = Field(description="the name of the slot's back-end address pool")


class FrontDoorPart(Part):
    """An origin group of Azure Front Door Standard or Premium."""

    switch: Literal["front_door"] = Field(description="front_door")
    profile: FrontDoorProfileId = Field(description="the ARM id of the Front Door profile")
    origin_group: OriginGroup = Field(description="the name of the origin group with both slots' origins")
    members: MembersPart[OriginPart] = Field(description="a mapping with blue and green: the slots' origins")
    propagation: Propagation = Field(default=1200, description=_REACHES)
    endpoint: Endpoint | None = Field(
        default=None, description="the endpoint whose cache is purged after a switch"
    )
    rules: RuleSet | None = Field(
        default=None, description="the rule set that a canary by header or cookie is written into"
    )


class FrontDoorClassicPart(Part):
    """A backend pool of Azure Front Door (classic), which retires on 2027-03-31."""

    switch: Literal["front_door_classic"] = Field(description="front_door_classic")
    front_door: FrontDoorId = Field(description="the ARM id of the Front Door (classic)")
    backend_pool: BackendPool = Field(description="the name of the backend pool with both slots' backends")
    members: MembersPart[BackendPart] = Field(
        description="a mapping with blue and green: the slots' backends"
    )
    propagation: Propagation = Field(default=1200, description=_REACHES)
    rules: RulesEngine | None = Field(
        default=None, description="the rules engine that a canary by header or cookie is written into"
    )


class TrafficManagerPart(Part):
    """A Traffic Manager profile with weighted routing."""

    switch: Literal["traffic_manager"] = Field(description="traffic_manager")
    profile: TrafficManagerId = Field(description="the ARM id of the Traffic Manager profile")
    members: MembersPart[EndpointPart] = Field(
        description="a mapping with blue and green: the slots' endpoints"
    )
    ttl: Ttl = Field(default=30, description="the profile's DNS TTL, such as 30s")
    propagation: Propagation = Field(default=10, description=_REACHES)


class ApplicationGatewayPart(Part):
    """A request routing rule of an application gateway that stands in front of both slots."""

    switch: Literal["application_gateway"] = Field(description="application_gateway")
    gateway: GatewayId = Field(description="the ARM id of the application gateway in front of both slots")
    rule: RoutingRule = Field(description="the name of the request routing rule that chooses the pool")
    members: MembersPart[PoolPart] = Field(
        description="a mapping with blue and green: the slots' back-end pools"
    )
    propagation: Propagation = Field(default=60, description=_REACHES)


RecordPart = AzureDnsPart | PrivateDnsPart
BalancerPart = FrontDoorPart | FrontDoorClassicPart | TrafficManagerPart | ApplicationGatewayPart
LeverPart = Annotated[RecordPart | BalancerPart, Field(discriminator="switch")]
