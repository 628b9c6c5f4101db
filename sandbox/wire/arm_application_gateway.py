"""Application gateways over ARM: the whole of one is read, and the whole of one is written, 2026-03-01.

Decides what a PUT must hold to be taken, which pool its rule leads to, and what ARM adds to what it was told.
Refuses to make a gateway: there are those that balancers of the fleet name, each with one rule that is one.
Who may write, and until when a change is under way, is `sandbox.world.balancers`'.

One lie: the etag of a real gateway changes once more when a change has been deployed.

Source: https://learn.microsoft.com/rest/api/application-gateway/application-gateways
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from sandbox.wire.errors import BadRequest
from sandbox.wire.gateway_parts import KIND, check, new_gateway, parts
from sandbox.wire.routing import Call, Operation, Reply, shaped
from sandbox.world.balancers import FULL, MemberState
from sandbox.world.errors import not_found
from sandbox.world.model import World
from sandbox.world.settings import Family
from shared.levers import Balancer, SwitchKind

VERSIONS = frozenset({"2024-01-01", "2026-03-01"})

TYPELESS = frozenset({"rewriteRuleSets"})
"""Parts of which Azure does not tell the type."""

_GATEWAY = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.Network/applicationGateways/{gateway}"
)
_OPERATION = "/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/operations/{id}"


def operations(world: World) -> list[Operation]:
    """Every operation of gateways."""
    gateways = GatewayOperations(world)
    return [
        Operation(
            method=method,
            template=template,
            handler=handler,
            versions=VERSIONS,
            families=(Family.ARM, Family.GATEWAY),
        )
        for method, template, handler in (
            ("GET", _GATEWAY, gateways.get),
            ("PUT", _GATEWAY, gateways.put),
            ("GET", _OPERATION, gateways.status),
        )
    ]


class GatewayOperations:
    """The operations, over a world; they keep what was written last of each gateway."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._declared = {
            each.resource_id.lower(): each
            for each in reversed(world.fleet.balancers)
            if each.kind is SwitchKind.APPLICATION_GATEWAY
        }
        self._written = {key: new_gateway(world.estate, each) for key, each in self._declared.items()}

    def get(self, call: Call) -> Reply:
        """The gateway."""
        return self._reply(self._balancer(call), {})

    def put(self, call: Call) -> Reply:
        """200 with what is under way, and the link to its status. Conditions are those of `If-Match`."""
        balancer, body = self._balancer(call), call.payload()
        properties = shaped(body.get("properties"), dict[str, Any])
        check(balancer.resource_id, properties)
        led_to = _pool(balancer, properties)
        members = {each.name: MemberState(FULL, each.name.lower() == led_to) for each in balancer.members}
        asked = call.headers.get("If-Match", "*").removeprefix("W/")
        change = self._world.balancers.write(
            balancer,
            members,
            tags=shaped(body.get("tags") or {}, dict[str, str]),
            if_match=None if asked == "*" else asked,
        )
        self._written[balancer.resource_id.lower()] = deepcopy(body)
        place = _OPERATION.format(
            subscription=call.parameters["subscription"], location=self._world.fleet.location, id=change.etag
        )
        return self._reply(balancer, {"Azure-AsyncOperation": call.link(place)})

    def status(self, call: Call) -> Reply:
        """The Azure-AsyncOperation link: a change is done when it, or the one that came after it, is."""
        balancers = self._world.balancers
        for balancer in self._declared.values():
            if call.parameters["id"] in [change.etag for change in balancers.history(balancer)]:
                return Reply(200, {"status": "InProgress" if balancers.unsettled(balancer) else "Succeeded"})
        raise not_found("Microsoft.Network/locations/operations", call.parameters["id"], "")

    def _balancer(self, call: Call) -> Balancer:
        gateway = call.parameters["gateway"]
        found = self._declared.get(f"{call.group_id}/providers/{KIND}/{gateway}".lower())
        if found is None:
            raise not_found(KIND, gateway, call.parameters["group"])
        return found

    def _reply(self, balancer: Balancer, headers: dict[str, str]) -> Reply:
        shown = self._shown(balancer)
        return Reply(200, shown, {"ETag": shown["etag"], **headers})

    def _shown(self, balancer: Balancer) -> dict[str, Any]:
        newest = self._world.balancers.newest(balancer)
        state = "Updating" if self._world.balancers.unsettled(balancer) else "Succeeded"
        etag = f'W/"{newest.etag}"'
        shown = deepcopy(self._written[balancer.resource_id.lower()])
        led_to = [each.name for each in balancer.members if newest.members[each.name].enabled]
        for part_id, part in parts(balancer.resource_id, shown["properties"]):
            collection = part_id.split("/")[-2]
            part |= {"id": part_id, "etag": etag}
            if collection not in TYPELESS:
                part["type"] = f"{KIND}/{collection}"
            part["properties"]["provisioningState"] = state
            if collection == "requestRoutingRules" and part["name"] == balancer.group and led_to:
                _lead(balancer, part["properties"], led_to[0])
        shown["properties"] |= {
            "provisioningState": state,
            "operationalState": "Running",
            "resourceGuid": self._guid(balancer),
            "defaultPredefinedSslPolicy": "AppGwSslPolicy20220101",
            "privateEndpointConnections": [],
        }
        for identity in shown.get("identity", {}).get("userAssignedIdentities", {}).values():
            identity |= {"principalId": self._guid(balancer), "clientId": self._guid(balancer)}
        named = {"id": balancer.resource_id, "name": balancer.name, "type": KIND, "etag": etag}
        return {**shown, **named, "tags": {**shown.get("tags", {}), **newest.tags}}

    def _guid(self, balancer: Balancer) -> str:
        text = self._world.estate.hex_of(32, "gateway", balancer.resource_id.lower())
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _pool(balancer: Balancer, properties: dict[str, Any]) -> str:
    """The name of the pool, in lower case, that the rule or the default of its map leads to."""
    wanted = f"{balancer.resource_id}/requestRoutingRules/{balancer.group}".lower()
    for part_id, part in parts(balancer.resource_id, properties):
        if part_id.lower() == wanted:
            facts, key = part["properties"], "backendAddressPool"
            if "urlPathMap" in facts:
                maps = {id_.lower(): each for id_, each in parts(balancer.resource_id, properties)}
                facts = maps[facts["urlPathMap"]["id"].lower()]["properties"]
                key = "defaultBackendAddressPool"
            pool = shaped(facts.get(key), dict[str, str])
            return pool["id"].rpartition("/")[2].lower()
    raise BadRequest("BadRequest", f"The stand-in keeps the rule {balancer.group} of {balancer.name}.")


def _lead(balancer: Balancer, rule: dict[str, Any], pool: str) -> None:
    """Whoever moved the balancer by another door moved this rule."""
    if "backendAddressPool" in rule:
        rule["backendAddressPool"] = {"id": f"{balancer.resource_id}/backendAddressPools/{pool}"}
