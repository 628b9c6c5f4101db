"""A Front Door (classic) as the document that it is: what is read of it, changed and handed back. Pure.

Decides what is left out when it is handed back: what Azure's description (2021-06-01) marks as read-only. All
else goes back as it came, whether it is known here or not. Refuses to know when it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from shared.azure.front_doors import DISABLED, ENABLED, IN_PROGRESS, Held
from shared.azure.switch import Share
from shared.errors import NotFound

Json = dict[str, Any]

_NAMES = frozenset({"id", "name", "type"})
_STATES = frozenset(
    {
        "cname",
        "customHttpsConfiguration",
        "customHttpsProvisioningState",
        "customHttpsProvisioningSubstate",
        "extendedProperties",
        "frontdoorId",
        "privateEndpointStatus",
        "provisioningState",
        "resourceState",
        "rulesEngines",
    }
)
_PARTS = frozenset(
    {"backendPools", "frontendEndpoints", "healthProbeSettings", "loadBalancingSettings", "routingRules"}
)


class _Backend(Struct, frozen=True, rename="camel"):
    address: str
    enabled_state: Literal["Enabled", "Disabled"]
    weight: int | None = None


class _PoolProperties(Struct, frozen=True):
    backends: list[_Backend]


class _Pool(Struct, frozen=True):
    name: str
    properties: _PoolProperties


class _Properties(Struct, frozen=True, rename="camel"):
    backend_pools: list[_Pool]
    provisioning_state: str
    resource_state: str | None = None


class Document(Struct, frozen=True):
    """The part of a Front Door that is read here."""

    name: str
    properties: _Properties
    tags: dict[str, str] = {}

    @property
    def busy(self) -> bool:
        """Whether a change of it is under way."""
        its = self.properties
        return its.provisioning_state not in ("Succeeded", "Failed") or its.resource_state in IN_PROGRESS

    @property
    def failed(self) -> bool:
        """Whether its last change is over and was not carried out."""
        return self.properties.provisioning_state == "Failed"

    def held(self, group: str) -> list[Held]:
        """The backends of a pool. Raises NotFound."""
        for pool in self.properties.backend_pools:
            if pool.name.lower() == group.lower():
                backends = pool.properties.backends
                return [Held(each.address, each.enabled_state == ENABLED, each.weight) for each in backends]
        raise NotFound(f"the answer on the Front Door {self.name} names no backend pool {group}")

    @property
    def unsettled(self) -> str:
        """What of its last change is not carried out, empty where all is. Of the edges it says nothing."""
        its = self.properties
        if self.failed:
            return f"the last change of {self.name} failed"
        if its.provisioning_state != "Succeeded":
            return f"{self.name} is {its.provisioning_state}"
        return "" if its.resource_state in ("Enabled", None) else f"{self.name} is {its.resource_state}"


def changed(raw: Json, group: str, shares: Mapping[str, Share], tags: Mapping[str, str]) -> Json:
    """The document to hand back: other shares for some backends of a pool, by address, and these tags."""
    document = {name: value for name, value in raw.items() if name not in _NAMES}
    properties = {
        name: [_part(each) for each in value] if name in _PARTS and isinstance(value, list) else value
        for name, value in _without_states(raw["properties"]).items()
    }
    by_address = {address.lower(): share for address, share in shares.items()}
    for pool in properties["backendPools"]:
        if pool["name"].lower() == group.lower():
            backends = pool["properties"]["backends"]
            pool["properties"]["backends"] = [_backend(each, by_address) for each in backends]
    return {**document, "properties": properties, "tags": dict(tags)}


def _part(part: Json) -> Json:
    return {name: _without_states(value) for name, value in part.items() if name != "type"}


def _backend(backend: Json, shares: Mapping[str, Share]) -> Json:
    share = shares.get(backend["address"].lower())
    if share is None:
        return backend
    weight = {"weight": share.weight} if share.enabled else {}
    return {**backend, **weight, "enabledState": ENABLED if share.enabled else DISABLED}


def _without_states(value: Any) -> Any:
    """A value without the read-only states in it, at any depth: their names stand for nothing else."""
    if isinstance(value, dict):
        return {name: _without_states(each) for name, each in value.items() if name not in _STATES}
    return [_without_states(each) for each in value] if isinstance(value, list) else value
