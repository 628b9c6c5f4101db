"""The kinds of values that levers, a ramp and its proofs are made of: names inside a resource, resolvers.

Decides what each looks like, in the characters that Azure gives it and no others, because these names become
parts of addresses. Refuses to know how values relate to each other (`lever_checks`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.fleet_file.values import (
    address_of,
    arm_id,
    described,
    is_host,
    pattern,
    text_that,
)

A_BACKEND = "the address of a backend in the pool: a host name, or an IP address"
A_RESOLVER = "the IP address of a resolver such as 10.0.0.4, 10.0.0.4:53 or [fd00::4]:53"
_PORT_MAX = 65_535


def is_resolver(text: str) -> bool:
    """Whether this is an IP address, with a port or without one."""
    if address_of(text) is not None:
        return "%" not in text
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    parsed = address_of(bare)
    fits = parsed is not None and (parsed.version == 6) == (bare != host) and "%" not in bare
    return fits and port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= _PORT_MAX


FrontDoorProfileId = Annotated[str, *arm_id("Microsoft.Cdn/profiles")]
FrontDoorId = Annotated[str, *arm_id("Microsoft.Network/frontDoors")]
TrafficManagerId = Annotated[str, *arm_id("Microsoft.Network/trafficManagerProfiles")]

_FRONT_DOOR_NAME = "[0-9A-Za-z](?:[-0-9A-Za-z]{0,88}[0-9A-Za-z])?"
OriginGroup = Annotated[str, *pattern(_FRONT_DOOR_NAME, "the name of an origin group of the profile")]
Origin = Annotated[str, *pattern(_FRONT_DOOR_NAME, "the name of an origin in the origin group")]
Endpoint = Annotated[
    str, *pattern(_FRONT_DOOR_NAME, "the name of an endpoint of the profile, not its host name")
]
RuleSet = Annotated[
    str, *pattern("[A-Za-z][0-9A-Za-z]{0,59}", "the name of a rule set: letters and digits, a letter first")
]
BackendPool = Annotated[str, *pattern(_FRONT_DOOR_NAME, "the name of a backend pool of the Front Door")]
RulesEngine = Annotated[str, *pattern(_FRONT_DOOR_NAME, "the name of a rules engine of the Front Door")]
Backend = Annotated[
    str,
    text_that(lambda text: address_of(text) is not None or is_host(text), A_BACKEND),
    described(A_BACKEND, {"type": "string"}),
]
ProfileEndpoint = Annotated[
    str,
    *pattern(
        "(?:azureEndpoints|externalEndpoints|nestedEndpoints)/[0-9A-Za-z](?:[-0-9A-Za-z_.]{0,258}[0-9A-Za-z_])?",
        "TYPE/NAME of an endpoint, such as externalEndpoints/blue; "
        "a type is azureEndpoints, externalEndpoints or nestedEndpoints",
    ),
]
_PART_OF_GATEWAY = "[0-9A-Za-z](?:[-0-9A-Za-z_.]{0,78}[0-9A-Za-z_])?"
RoutingRule = Annotated[str, *pattern(_PART_OF_GATEWAY, "the name of a request routing rule of the gateway")]
GatewayPool = Annotated[str, *pattern(_PART_OF_GATEWAY, "the name of a back-end address pool of the gateway")]

Resolver = Annotated[str, text_that(is_resolver, A_RESOLVER), described(A_RESOLVER, {"type": "string"})]
MetricWord = Annotated[
    str, *pattern("[A-Za-z][0-9A-Za-z_]{0,127}", "a word of Azure Monitor's such as CurrentConnections")
]
HeaderName = Annotated[
    str, *pattern("[0-9A-Za-z](?:[-0-9A-Za-z_]{0,126}[0-9A-Za-z])?", "the name of a header such as X-Canary")
]
CookieName = Annotated[
    str, *pattern("[0-9A-Za-z_][-0-9A-Za-z_]{0,127}", "the name of a cookie such as canary")
]
MatchValue = Annotated[
    str,
    *pattern(
        "[0-9A-Za-z_][-0-9A-Za-z_.]{0,127}", "a value of letters, digits, hyphens and dots, such as always"
    ),
]
Weight = Annotated[int, Field(ge=1, le=99)]
