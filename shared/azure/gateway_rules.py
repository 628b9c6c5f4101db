"""An application gateway as ARM tells it, and where in it one of its rules leads to a pool. Pure.

Decides where a rule sends requests: a Basic rule by its own pool; a path-based one by the default pool of its
map, and by those of its paths that lead to a slot. A path that leads elsewhere stays where it leads, and
another rule that uses the same map moves with it. Refuses rules that no pool decides: redirections, and those
of other types.

A gateway is only ever written as a whole. What is written back is what was read, but for what the service
says of it and takes from nobody (`_SAID`, `_SAID_OF_IDENTITY`): what is not known here is kept as it came.

Source: https://learn.microsoft.com/rest/api/application-gateway/application-gateways/create-or-update
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from msgspec import Struct

from shared.azure.answers import fitted
from shared.azure.record_sets import EPOCH, FLEET
from shared.errors import Refused
from shared.levers import Balancer, SlotName

BASIC, PATH_BASED = "Basic", "PathBasedRouting"

# Read-only by the published description, wherever they stand in a gateway's properties or in its identity.
_SAID = frozenset(
    {
        "backendIPConfigurations",
        "clientCertIssuerDN",
        "defaultPredefinedSslPolicy",
        "etag",
        "operationalState",
        "privateEndpointConnections",
        "provisioningState",
        "publicCertData",
        "resourceGuid",
        "validatedCertData",
    }
)
_SAID_OF_IDENTITY = frozenset({"clientId", "principalId", "tenantId"})


class _Reference(Struct, frozen=True):
    id: str


class _Pool(Struct, frozen=True):
    id: str
    name: str


class _RuleFacts(Struct, frozen=True, rename="camel"):
    rule_type: str
    backend_address_pool: _Reference | None = None
    url_path_map: _Reference | None = None
    load_distribution_policy: _Reference | None = None


class _Rule(Struct, frozen=True):
    name: str
    properties: _RuleFacts


class _PathFacts(Struct, frozen=True, rename="camel"):
    backend_address_pool: _Reference | None = None


class _Path(Struct, frozen=True):
    properties: _PathFacts


class _MapFacts(Struct, frozen=True, rename="camel"):
    default_backend_address_pool: _Reference | None = None
    path_rules: tuple[_Path, ...] = ()


class _Map(Struct, frozen=True):
    id: str
    properties: _MapFacts


class _Properties(Struct, frozen=True, rename="camel"):
    provisioning_state: str
    backend_address_pools: tuple[_Pool, ...]
    request_routing_rules: tuple[_Rule, ...]
    url_path_maps: tuple[_Map, ...] = ()


class _Shape(Struct, frozen=True):
    etag: str
    properties: _Properties
    tags: dict[str, str] = {}


class Gateway:
    """A gateway as it was read, seen from one balancer. `state` is ARM's own, such as `Updating`.

    Raises Retry for an answer that is not of the form of one.
    """

    def __init__(self, balancer: Balancer, answer: dict[str, Any]) -> None:
        self._balancer = balancer
        self._answer = answer
        self._shape = fitted(answer, _Shape, f"the gateway {balancer.name}")
        self.etag = self._shape.etag
        self.state = self._shape.properties.provisioning_state
        self.fleet = self._shape.tags.get(FLEET)

    @property
    def epoch(self) -> int | None:
        """The epoch of the last write of ours; None where there was none."""
        text = self._shape.tags.get(EPOCH, "")
        return int(text) if text.isdecimal() else None

    def slot(self) -> SlotName | None:
        """The slot that the rule leads to; None for a pool that is no slot's.

        Raises Refused where no pool decides, and where its paths do not all lead to the same.
        """
        slots = self._slots()
        found = {slots.get(each["id"].lower()) for each in self._ways(self._answer)}
        if len(found) > 1:
            raise Refused(f"{self._what()} leads some of its paths to one place and some to another")
        return found.pop()

    def led_to(self, slot: SlotName, marks: Mapping[str, str]) -> dict[str, Any]:
        """The gateway to write, whose rule leads to the slot, with these tags more. Raises Refused."""
        pool_id = next((id_ for id_, owner in self._pools().items() if owner == slot), None)
        if pool_id is None:
            name = self._balancer.member(slot).name
            raise Refused(f"the gateway {self._balancer.name} has no back-end pool {name}")
        body = deepcopy(self._answer)
        for way in self._ways(body):
            way["id"] = pool_id
        body = {name: each for name, each in body.items() if name not in ("etag", "name", "type")}
        body["properties"] = _without(body["properties"], _SAID)
        if "identity" in body:
            body["identity"] = _without(body["identity"], _SAID_OF_IDENTITY)
        return body | {"tags": {**self._shape.tags, **marks}}

    def _pools(self) -> dict[str, SlotName]:
        """The id of each pool that is a slot's, as the gateway spells it."""
        owners = {member.name.lower(): member.slot for member in self._balancer.members}
        pools = self._shape.properties.backend_address_pools
        return {pool.id: owners[pool.name.lower()] for pool in pools if pool.name.lower() in owners}

    def _slots(self) -> dict[str, SlotName]:
        return {pool_id.lower(): slot for pool_id, slot in self._pools().items()}

    def _ways(self, answer: dict[str, Any]) -> list[dict[str, Any]]:
        """The references to pools in `answer` by which the rule sends requests. Raises Refused."""
        rule, properties = self._rule(), answer["properties"]
        facts = rule.properties
        if facts.load_distribution_policy is not None:
            raise Refused(f"{self._what()} sends requests by a load distribution policy, not by its pool")
        if facts.rule_type == BASIC and facts.backend_address_pool is not None:
            return [_named(properties["requestRoutingRules"], rule.name)["backendAddressPool"]]
        if facts.rule_type == PATH_BASED and facts.url_path_map is not None:
            ways = list(self._ways_of_map(properties.get("urlPathMaps", []), facts.url_path_map.id))
            if ways:
                return ways
        raise Refused(f"{self._what()} is of type {facts.rule_type} and leads to no pool: it cannot be moved")

    def _ways_of_map(self, maps: list[dict[str, Any]], map_id: str) -> Iterator[dict[str, Any]]:
        slots = self._slots()
        for each in maps:
            if each["id"].lower() != map_id.lower():
                continue
            if each["properties"].get("defaultBackendAddressPool"):
                yield each["properties"]["defaultBackendAddressPool"]
            for path in each["properties"].get("pathRules", []):
                pool = path["properties"].get("backendAddressPool")
                if pool and pool["id"].lower() in slots:
                    yield pool

    def _rule(self) -> _Rule:
        for rule in self._shape.properties.request_routing_rules:
            if rule.name.lower() == self._balancer.group.lower():
                return rule
        because = f"the gateway {self._balancer.name} has no request routing rule {self._balancer.group}"
        raise Refused(because)

    def _what(self) -> str:
        return f"the rule {self._balancer.group} of the gateway {self._balancer.name}"


def _named(resources: list[dict[str, Any]], name: str) -> dict[str, Any]:
    properties: dict[str, Any] = next(each for each in resources if each["name"] == name)["properties"]
    return properties


def _without(value: Any, said: frozenset[str]) -> Any:
    """A part of a gateway without the service's own words; the type of a resource in it is one of them."""
    if isinstance(value, list):
        return [_without(each, said) for each in value]
    if not isinstance(value, dict):
        return value
    left_out = said | {"type"} if value.keys() >= {"id", "properties"} else said
    return {name: _without(each, said) for name, each in value.items() if name not in left_out}
