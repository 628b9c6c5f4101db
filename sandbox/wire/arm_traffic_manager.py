"""Traffic Manager over ARM: a profile with its endpoints, and the change of one endpoint, 2026-09-01.

Decides the wire form of profiles and endpoints, and which weights and states an endpoint takes. A member of
a balancer is an endpoint by its type and name (`externalEndpoints/blue`). Refuses to decide where users go:
that is `sandbox.world.balancers`'.

Sources: https://learn.microsoft.com/rest/api/trafficmanager/profiles/get,
https://learn.microsoft.com/rest/api/trafficmanager/endpoints/update
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import Call, Operation, Reply, shaped
from sandbox.world.balancers import TYPES, MemberState
from sandbox.world.errors import ArmError, not_found
from sandbox.world.model import World
from sandbox.world.settings import Family
from shared.levers import Balancer, Member, SwitchKind

VERSIONS = frozenset({"2022-04-01", "2026-09-01"})
WEIGHT_MAX = 1000
TTL_SECONDS = 60
"""Of a profile whose balancer declares none: Azure's own default."""

_KIND = TYPES[SwitchKind.TRAFFIC_MANAGER]
_PROFILE = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.Network/trafficManagerProfiles/{profile}"
)
_ENDPOINT = _PROFILE + "/{type}/{endpoint}"
_BUSY = (
    "Conflicting changes were detected when processing the request. This can happen when there are multiple "
    "requests trying to update one profile at the same time. Please retry your request."
)


class _Told(Struct, frozen=True, rename="camel"):
    """What of an endpoint is changed; None is left as it is."""

    weight: int | None = None
    endpoint_status: str | None = None


class _Patch(Struct, frozen=True):
    properties: _Told


def operations(world: World) -> list[Operation]:
    """Every operation of profiles and endpoints."""
    profiles = ProfileOperations(world)
    return [
        Operation(
            method=method,
            template=template,
            handler=handler,
            versions=VERSIONS,
            families=(Family.ARM, Family.TRAFFIC_MANAGER),
        )
        for method, template, handler in (
            ("GET", _PROFILE, profiles.get),
            ("GET", _ENDPOINT, profiles.get_endpoint),
            ("PATCH", _ENDPOINT, profiles.patch_endpoint),
        )
    ]


class ProfileOperations:
    """The operations, over a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get(self, call: Call) -> Reply:
        """A profile with all of its endpoints."""
        balancer = self._balancer(call)
        endpoints = [self._endpoint(balancer, member) for member in balancer.members]
        return Reply(200, self._profile(balancer, endpoints))

    def get_endpoint(self, call: Call) -> Reply:
        """One endpoint."""
        balancer = self._balancer(call)
        return Reply(200, self._endpoint(balancer, _member(call, balancer)))

    def patch_endpoint(self, call: Call) -> Reply:
        """Change an endpoint's weight, its state, or both; nothing is left to wait for.

        Raises ArmError 409 while somebody else's change of the profile is under way.
        """
        balancer = self._balancer(call)
        member = _member(call, balancer)
        told = shaped(call.payload(), _Patch).properties
        before = self._world.balancers.newest(balancer).members[member.name]
        weight = before.weight if told.weight is None else told.weight
        if not 1 <= weight <= WEIGHT_MAX:
            raise BadRequest("BadRequest", f"The weight '{weight}' must be between 1 and {WEIGHT_MAX}.")
        status = told.endpoint_status or ("Enabled" if before.enabled else "Disabled")
        if status not in ("Enabled", "Disabled"):
            raise BadRequest("BadRequest", f"The endpointStatus '{status}' is neither Enabled nor Disabled.")
        if self._world.balancers.being_changed(balancer):
            raise ArmError(409, "Conflict", _BUSY)
        after = {member.name: MemberState(weight, status == "Enabled")}
        self._world.balancers.write(balancer, after)
        return Reply(200, self._endpoint(balancer, member))

    def _balancer(self, call: Call) -> Balancer:
        return self._world.balancers.find(f"{call.group_id}/providers/{_KIND}/{call.parameters['profile']}")

    def _profile(self, balancer: Balancer, endpoints: list[dict[str, Any]]) -> dict[str, Any]:
        checking = any(self._world.balancers.checking(balancer, each.name) for each in balancer.members)
        return {
            "id": balancer.resource_id,
            "name": balancer.name,
            "type": _KIND,
            "location": "global",
            "tags": {},
            "properties": {
                "profileStatus": "Enabled",
                "trafficRoutingMethod": self._world.estate.faults.routing_method,
                "dnsConfig": {
                    "relativeName": balancer.name,
                    "fqdn": f"{balancer.name}.trafficmanager.net",
                    "ttl": balancer.ttl_seconds or TTL_SECONDS,
                },
                "monitorConfig": {
                    "profileMonitorStatus": "CheckingEndpoints" if checking else "Online",
                    "protocol": "HTTPS",
                    "port": 443,
                    "path": "/healthz",
                    "intervalInSeconds": 10,
                    "timeoutInSeconds": 5,
                    "toleratedNumberOfFailures": 3,
                },
                "endpoints": endpoints,
                "trafficViewEnrollmentStatus": "Disabled",
            },
        }

    def _endpoint(self, balancer: Balancer, member: Member) -> dict[str, Any]:
        state = self._world.balancers.newest(balancer).members[member.name]
        checking = self._world.balancers.checking(balancer, member.name)
        kind, _, name = member.name.partition("/")
        return {
            "id": f"{balancer.resource_id}/{member.name}",
            "name": name,
            "type": f"{_KIND}/{kind}",
            "properties": {
                "endpointStatus": "Enabled" if state.enabled else "Disabled",
                "endpointMonitorStatus": _monitored(state.enabled, checking),
                "target": self._world.fleet.slot(member.slot).host.fqdn,
                "weight": state.weight,
                "priority": balancer.members.index(member) + 1,
                "endpointLocation": self._world.fleet.location,
            },
        }


def _member(call: Call, balancer: Balancer) -> Member:
    asked = f"{call.parameters['type']}/{call.parameters['endpoint']}"
    for member in balancer.members:
        if member.name.lower() == asked.lower():
            return member
    raise not_found(f"{_KIND}/{balancer.name}", asked, call.parameters["group"])


def _monitored(enabled: bool, checking: bool) -> str:
    if not enabled:
        return "Disabled"
    return "CheckingEndpoint" if checking else "Online"
