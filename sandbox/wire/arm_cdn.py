"""Front Door Standard and Premium over ARM: origins, the canary's rule and the purge, 2026-10-01.

Decides the wire form of an origin and of a rule, and reads no more of a rule than the world can hold: one
condition on a header or a cookie, and one group. Refuses to make anything: profiles, endpoints, groups,
origins and rule sets are the fleet's declared ones, and a group that holds a slot alone cannot be changed.

Source: https://learn.microsoft.com/rest/api/frontdoor/azurefrontdoorstandardpremium/afd-origins
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from sandbox.wire import front_door_rule
from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import Call, Handler, Operation, Reply, shaped
from sandbox.world.balancers import CANARY, FULL, MemberState
from sandbox.world.errors import ArmError, not_found
from sandbox.world.ledger import Happening
from sandbox.world.model import World
from sandbox.world.settings import Family
from shared.levers import Balancer, Member, SlotName

VERSIONS = frozenset({"2024-02-01", "2026-10-01"})

_PROVIDER = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Cdn"
_PROFILE = _PROVIDER + "/profiles/{profile}"
_ORIGINS = _PROFILE + "/originGroups/{pool}/origins"
_ORIGIN = _ORIGINS + "/{origin}"
_RULE = _PROFILE + "/ruleSets/{rules}/rules/{rule}"


def operations(world: World) -> list[Operation]:
    """Every operation of profiles."""
    profiles = ProfileOperations(world)
    return [
        _operation("GET", _ORIGINS, profiles.origins),
        _operation("GET", _ORIGIN, profiles.origin),
        _operation("PATCH", _ORIGIN, profiles.change),
        _operation("GET", _RULE, profiles.rule),
        _operation("PUT", _RULE, profiles.put_rule),
        _operation("DELETE", _RULE, profiles.delete_rule),
        _operation("POST", _PROFILE + "/afdEndpoints/{endpoint}/purge", profiles.purge),
        _operation("GET", _PROVIDER + "/operationresults/{operation}", profiles.status),
    ]


class _Change(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What may be changed of an origin."""

    weight: Annotated[int, Meta(ge=1, le=FULL)] | None = None
    enabled_state: Literal["Enabled", "Disabled"] | None = None


class ProfileOperations:
    """The operations of profiles, over a world. ARM takes a write at once; the edges follow."""

    def __init__(self, world: World) -> None:
        self._world = world

    def origins(self, call: Call) -> Reply:
        """The origins of a group."""
        balancer, members = self._group(call)
        return Reply(200, {"value": [self._shown(call, balancer, each) for each in members]})

    def origin(self, call: Call) -> Reply:
        """One origin."""
        balancer, members = self._group(call)
        return Reply(200, self._shown(call, balancer, _member(call, members)))

    def change(self, call: Call) -> Reply:
        """202: what is given replaces what was there, edge by edge."""
        balancer, members = self._group(call)
        member = _member(call, members)
        if balancer.group.lower() != call.parameters["pool"].lower():
            raise BadRequest("BadRequest", "The stand-in cannot change a group that holds one slot alone.")
        wanted = shaped(call.payload().get("properties"), _Change)
        before = self._world.balancers.newest(balancer).members[member.name]
        enabled = before.enabled if wanted.enabled_state is None else wanted.enabled_state == "Enabled"
        self._world.balancers.write(
            balancer, {member.name: MemberState(wanted.weight or before.weight, enabled)}
        )
        return Reply(202, self._shown(call, balancer, member), self._links(call))

    def rule(self, call: Call) -> Reply:
        """The canary's rule, where there is one."""
        return Reply(200, self._rule_shown(call, self._ruled(call)))

    def put_rule(self, call: Call) -> Reply:
        """201 for a new rule, 202 for one that was there."""
        balancer = self._ruled(call)
        match, group = front_door_rule.read(call.payload().get("properties"))
        existed = self._world.balancers.newest(balancer).matched is not None
        self._world.balancers.match(balancer, match, _slot(balancer, group))
        return Reply(202 if existed else 201, self._rule_shown(call, balancer), self._links(call))

    def delete_rule(self, call: Call) -> Reply:
        """202, or 204 where there is none."""
        balancer = self._ruled(call)
        newest = self._world.balancers.newest(balancer)
        if newest.match is None:
            return Reply(204)
        self._world.balancers.match(balancer, newest.match, None)
        return Reply(202, None, self._links(call))

    def purge(self, call: Call) -> Reply:
        """202: the caches are emptied."""
        endpoint = call.parameters["endpoint"].lower()
        declared = self._world.balancers.at(_profile_id(call))
        balancer = next((each for each in declared if each.endpoint.lower() == endpoint), None)
        if balancer is None:
            raise not_found("Microsoft.Cdn/profiles/afdendpoints", endpoint, call.parameters["group"])
        shaped(call.payload().get("contentPaths"), list[str])
        self._world.ledger.note(self._world.now(), Happening.CACHE_PURGED, balancer.label)
        return Reply(202, None, self._links(call))

    def status(self, call: Call) -> Reply:
        """The Azure-AsyncOperation link: ARM's part is done as soon as it has been asked for."""
        return Reply(200, {"name": call.parameters["operation"], "status": "Succeeded"})

    def _group(self, call: Call) -> tuple[Balancer, tuple[Member, ...]]:
        """The balancer of an origin group and its members in it: all of them, or one that is there alone."""
        group = call.parameters["pool"].lower()
        for balancer in self._world.balancers.at(_profile_id(call)):
            if balancer.group.lower() == group:
                return balancer, balancer.members
            for member in balancer.members:
                if member.group.lower() == group:
                    return balancer, (member,)
        raise not_found("Microsoft.Cdn/profiles/origingroups", group, call.parameters["group"])

    def _ruled(self, call: Call) -> Balancer:
        """The balancer of a rule set."""
        rules = call.parameters["rules"].lower()
        for balancer in self._world.balancers.at(_profile_id(call)):
            if balancer.rules.lower() == rules and call.parameters["rule"] == CANARY:
                return balancer
        raise not_found("Microsoft.Cdn/profiles/rulesets", rules, call.parameters["group"])

    def _links(self, call: Call) -> dict[str, str]:
        operation = f"{_provider_id(call)}/operationresults/{self._world.estate.next_guid()}"
        return {"Azure-AsyncOperation": call.link(operation)}

    def _shown(self, call: Call, balancer: Balancer, member: Member) -> dict[str, Any]:
        group = call.parameters["pool"]
        own = balancer.group.lower() == group.lower()
        newest = self._world.balancers.newest(balancer).members[member.name]
        state = newest if own else MemberState(FULL, enabled=True)
        deploying = own and member.name in self._world.balancers.deploying(balancer)
        host = self._world.record_behind(member)
        return {
            "id": f"{_profile_id(call)}/originGroups/{group}/origins/{member.name}",
            "name": member.name,
            "type": "Microsoft.Cdn/profiles/originGroups/origins",
            "properties": {
                "hostName": host.fqdn,
                "httpPort": 80,
                "httpsPort": 443,
                "originHostHeader": self._world.fleet.hosts.official,
                "priority": 1,
                "weight": state.weight,
                "enabledState": "Enabled" if state.enabled else "Disabled",
                "enforceCertificateNameCheck": True,
                "originGroupName": group,
                **_progress(deploying=deploying),
            },
        }

    def _rule_shown(self, call: Call, balancer: Balancer) -> dict[str, Any]:
        newest = self._world.balancers.newest(balancer)
        if newest.matched is None or newest.match is None:
            raise not_found("Microsoft.Cdn/profiles/rulesets/rules", CANARY, call.parameters["group"])
        group = f"{balancer.resource_id}/originGroups/{balancer.member(newest.matched).group}"
        path = f"{_profile_id(call)}/ruleSets/{call.parameters['rules']}/rules/{CANARY}"
        deploying = CANARY in self._world.balancers.deploying(balancer)
        return {
            "id": path,
            "name": CANARY,
            "type": "Microsoft.Cdn/profiles/ruleSets/rules",
            "properties": {
                "ruleSetName": call.parameters["rules"],
                **front_door_rule.shown(newest.match, group),
                **_progress(deploying=deploying),
            },
        }


def _operation(method: str, template: str, handler: Handler) -> Operation:
    families = (Family.ARM, Family.FRONT_DOOR)
    return Operation(method=method, template=template, handler=handler, versions=VERSIONS, families=families)


def _provider_id(call: Call) -> str:
    return f"{call.group_id}/providers/Microsoft.Cdn"


def _profile_id(call: Call) -> str:
    return f"{_provider_id(call)}/profiles/{call.parameters['profile']}"


def _member(call: Call, members: tuple[Member, ...]) -> Member:
    name = call.parameters["origin"]
    for member in members:
        if member.name.lower() == name.lower():
            return member
    raise not_found("Microsoft.Cdn/profiles/origingroups/origins", name, call.parameters["group"])


def _progress(*, deploying: bool) -> dict[str, str]:
    """ARM is done, and says how far the edges are."""
    return {
        "provisioningState": "Succeeded",
        "deploymentStatus": "InProgress" if deploying else "Succeeded",
    }


def _slot(balancer: Balancer, group_id: str) -> SlotName:
    group = group_id.rpartition("/")[2].lower()
    for member in balancer.members:
        if member.group.lower() == group:
            return member.slot
    raise ArmError(400, "BadRequest", f"The origin group '{group}' holds no slot alone.")
