"""An application gateway as Azure tells it, with more in it than anybody here knows of."""

from __future__ import annotations

from typing import Any

from tests.fleets_balanced import GATEWAY

ID = GATEWAY.resource_id


def pool(name: str) -> dict[str, str]:
    """A reference to a back-end pool."""
    return {"id": f"{ID}/backendAddressPools/{name}"}


def part(collection: str, name: str, **properties: Any) -> dict[str, Any]:
    """A part of a gateway as Azure tells it."""
    return {
        "name": name,
        "id": f"{ID}/{collection}/{name}",
        "etag": 'W/"e-1"',
        "type": f"Microsoft.Network/applicationGateways/{collection}",
        "properties": {"provisioningState": "Succeeded", **properties},
    }


def gateway(rule: dict[str, Any], maps: list[dict[str, Any]] | None = None, **tags: str) -> dict[str, Any]:
    """A gateway with more in it than anybody here knows of."""
    return {
        "id": ID,
        "name": "agw-front",
        "type": "Microsoft.Network/applicationGateways",
        "etag": 'W/"e-1"',
        "location": "westeurope",
        "tags": {"etag": "a tag of that name", **tags},
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {"/i": {"clientId": "c", "principalId": "p"}},
        },
        "novelty": {"etag": "of its own"},
        "properties": {
            "provisioningState": "Succeeded",
            "operationalState": "Running",
            "privateEndpointConnections": [],
            "jwtConfigs": [part("jwtConfigs", "users", tenantId="t", clientId="c")],
            "sslCertificates": [
                part("sslCertificates", "official", publicCertData="MII", keyVaultSecretId="/s")
            ],
            "backendAddressPools": [
                part(
                    "backendAddressPools", name, backendAddresses=[], backendIPConfigurations=[{"id": "/nic"}]
                )
                for name in ("cluster-blue", "Cluster-Green", "maintenance")
            ],
            "backendHttpSettingsCollection": [
                part(
                    "backendHttpSettingsCollection",
                    "settings",
                    connectionDraining={"enabled": True, "drainTimeoutInSec": 60},
                )
            ],
            "requestRoutingRules": [
                part(
                    "requestRoutingRules", "others", ruleType="Basic", backendAddressPool=pool("cluster-blue")
                ),
                part("requestRoutingRules", "Users", priority=7, **rule),
            ],
            **({"urlPathMaps": maps} if maps is not None else {}),
            "unheardOf": {"deep": [1, None, {"type": "kept"}]},
        },
    }


def basic(name: str) -> dict[str, Any]:
    """A rule that leads to a pool."""
    return {"ruleType": "Basic", "backendAddressPool": pool(name)}


def by_path(default: str | None, *paths: str) -> list[dict[str, Any]]:
    """A map whose default and whose paths lead to pools."""
    rules = [
        part("urlPathMaps/map/pathRules", f"p{n}", paths=[f"/{n}/*"], backendAddressPool=pool(each))
        for n, each in enumerate(paths)
    ]
    where = (
        {"defaultBackendAddressPool": pool(default)}
        if default
        else {"defaultRedirectConfiguration": {"id": "/r"}}
    )
    return [
        part("urlPathMaps", "other", **where),
        part("urlPathMaps", "map", pathRules=rules, **where),
    ]


MAPPED = {"ruleType": "PathBasedRouting", "urlPathMap": {"id": f"{ID}/urlPathMaps/MAP"}}
