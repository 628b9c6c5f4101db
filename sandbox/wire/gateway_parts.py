"""The parts of an application gateway: what a new one is made of, what of it must fit, and what ARM adds.

Decides the form of a gateway before slots: one listener, one rule, one pool for each slot, settings with a
health probe and connection draining, a rewrite that nobody but its owner knows of. Refuses to know which pool
the rule leads to, and who may write.

Source: https://learn.microsoft.com/rest/api/application-gateway/application-gateways/create-or-update
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.wire.errors import BadRequest
from sandbox.world.estate import Estate
from shared.levers import Balancer

KIND = "Microsoft.Network/applicationGateways"
NEEDED = (
    "gatewayIPConfigurations",
    "frontendIPConfigurations",
    "frontendPorts",
    "backendAddressPools",
    "backendHttpSettingsCollection",
    "httpListeners",
    "requestRoutingRules",
)
"""What no gateway can be without."""

_CERTIFICATE = "https://contoso.vault.azure.net/secrets/official"


def new_gateway(estate: Estate, balancer: Balancer) -> dict[str, Any]:
    """A gateway as its owner would have made it, before Switchyard wrote it."""
    network = balancer.resource_id.rpartition("/applicationGateways/")[0]
    identity = f"{network.rpartition('/')[0]}/Microsoft.ManagedIdentity/userAssignedIdentities/gateway"
    return {
        "location": estate.fleet.location,
        "tags": {"owner": "network-team"},
        "zones": ["1", "2", "3"],
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
        "properties": {
            "sku": {"name": "Standard_v2", "tier": "Standard_v2"},
            "autoscaleConfiguration": {"minCapacity": 2, "maxCapacity": 10},
            "enableHttp2": True,
            "sslPolicy": {"policyType": "Predefined", "policyName": "AppGwSslPolicy20220101"},
            **_front(balancer, network, estate.fleet.hosts.official),
            **_back(estate, balancer),
            "requestRoutingRules": [_rule(balancer)],
            "rewriteRuleSets": [_part("headers", rewriteRules=[_REWRITE])],
        },
    }


def _front(balancer: Balancer, network: str, host: str) -> dict[str, Any]:
    subnet = f"{network}/virtualNetworks/vnet-front/subnets/gateway"
    listener = _part(
        "https",
        frontendIPConfiguration=_reference(balancer, "frontendIPConfigurations", "public"),
        frontendPort=_reference(balancer, "frontendPorts", "443"),
        sslCertificate=_reference(balancer, "sslCertificates", "official"),
        protocol="Https",
        hostName=host,
        requireServerNameIndication=True,
    )
    public_ip = {"id": f"{network}/publicIPAddresses/pip-front"}
    return {
        "gatewayIPConfigurations": [_part("subnet", subnet={"id": subnet})],
        "frontendIPConfigurations": [
            _part("public", publicIPAddress=public_ip, privateIPAllocationMethod="Dynamic")
        ],
        "frontendPorts": [_part("443", port=443)],
        "sslCertificates": [_part("official", keyVaultSecretId=_CERTIFICATE)],
        "httpListeners": [listener],
    }


def _back(estate: Estate, balancer: Balancer) -> dict[str, Any]:
    probe = _part(
        "healthz",
        protocol="Https",
        path="/healthz",
        interval=30,
        timeout=30,
        unhealthyThreshold=3,
        pickHostNameFromBackendHttpSettings=True,
        match={"statusCodes": ["200-399"]},
    )
    settings = _part(
        "settings",
        port=443,
        protocol="Https",
        cookieBasedAffinity="Disabled",
        hostName=estate.fleet.hosts.official,
        requestTimeout=30,
        connectionDraining={"enabled": True, "drainTimeoutInSec": 60},
        probe=_reference(balancer, "probes", "healthz"),
    )
    pools = [
        _part(member.name, backendAddresses=[{"ipAddress": estate.address_of(member.slot)}])
        for member in balancer.members
    ]
    return {
        "probes": [probe],
        "backendAddressPools": pools,
        "backendHttpSettingsCollection": [settings],
    }


def _rule(balancer: Balancer) -> dict[str, Any]:
    return _part(
        balancer.group,
        ruleType="Basic",
        priority=100,
        httpListener=_reference(balancer, "httpListeners", "https"),
        backendAddressPool=_reference(balancer, "backendAddressPools", balancer.members[0].name),
        backendHttpSettings=_reference(balancer, "backendHttpSettingsCollection", "settings"),
        rewriteRuleSet=_reference(balancer, "rewriteRuleSets", "headers"),
    )


_REWRITE = {
    "name": "strict-transport",
    "ruleSequence": 100,
    "conditions": [],
    "actionSet": {
        "requestHeaderConfigurations": [],
        "responseHeaderConfigurations": [
            {"headerName": "Strict-Transport-Security", "headerValue": "max-age=31536000"}
        ],
    },
}


def check(gateway_id: str, properties: dict[str, Any]) -> None:
    """Every part is there that must be, and every part that another refers to. Raises BadRequest."""
    for name in NEEDED:
        if not properties.get(name):
            message = f"Application Gateway {gateway_id} must have at least one of {name}."
            raise BadRequest("ApplicationGatewayPropertyCannotBeEmpty", message)
    there = {part_id.lower() for part_id, _ in parts(gateway_id, properties)}
    for reference in _references(properties):
        if reference.lower().startswith(f"{gateway_id}/".lower()) and reference.lower() not in there:
            message = (
                f"Resource {reference} referenced by resource {gateway_id} was not found. Please make sure "
                "that the referenced resource exists, and that both resources are in the same region."
            )
            raise BadRequest("InvalidResourceReference", message)


def parts(parent_id: str, properties: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every resource inside of a gateway (and inside of those), with its id."""
    for collection, found in properties.items():
        for each in found if isinstance(found, list) else ():
            if isinstance(each, dict) and {"name", "properties"} <= each.keys():
                part_id = f"{parent_id}/{collection}/{each['name']}"
                yield part_id, each
                yield from parts(part_id, each["properties"])


def _references(value: Any) -> Iterator[str]:
    """Every id that stands alone: a part's own has a name beside it."""
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        if value.keys() == {"id"}:
            yield str(value["id"])
        for each in value.values():
            yield from _references(each)


def _reference(balancer: Balancer, collection: str, name: str) -> dict[str, str]:
    return {"id": f"{balancer.resource_id}/{collection}/{name}"}


def _part(name: str, **properties: Any) -> dict[str, Any]:
    return {"name": name, "properties": properties}
