"""What balancers answer that could be moved, if only nobody were throttled."""

from __future__ import annotations

from tests.azure.stub import Said
from tests.fleets_balanced import GATEWAY

PROFILE_SEEN = {
    "properties": {
        "profileStatus": "Enabled",
        "trafficRoutingMethod": "Weighted",
        "endpoints": [
            {
                "name": slot,
                "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
                "properties": {"endpointStatus": status, "endpointMonitorStatus": health, "weight": 1000},
            }
            for slot, status, health in (("blue", "Enabled", "Online"), ("green", "Disabled", "Disabled"))
        ],
    },
}
GATEWAY_SEEN = {
    "etag": "e-3",
    "properties": {
        "provisioningState": "Succeeded",
        "backendAddressPools": [{"id": f"/{each.name}", "name": each.name} for each in GATEWAY.members],
        "requestRoutingRules": [
            {
                "name": "users",
                "properties": {"ruleType": "Basic", "backendAddressPool": {"id": "/cluster-blue"}},
            }
        ],
    },
}
_BLUE = {"enabledState": "Enabled", "weight": 1000}
_GREEN = {"enabledState": "Disabled", "weight": 1000}
_POOL = [
    {"address": f"{slot}.origin.contoso.com", **state} for slot, state in (("blue", _BLUE), ("green", _GREEN))
]
_DONE = {"provisioningState": "Succeeded"}
BALANCED = {
    ("GET", "/origins"): Said(
        200,
        {
            "value": [
                {"name": "aks-blue", "properties": {**_BLUE, **_DONE}},
                {"name": "aks-green", "properties": {**_GREEN, **_DONE}},
            ]
        },
    ),
    ("GET", "/rules/switchyardCanary"): Said(404, {"error": {"code": "NotFound", "message": "None."}}),
    ("GET", "/frontDoors/contoso-edge"): Said(
        200,
        {
            "name": "contoso-edge",
            "properties": {**_DONE, "backendPools": [{"name": "aks", "properties": {"backends": _POOL}}]},
        },
    ),
    ("GET", "/trafficmanagerprofiles/contoso"): Said(200, PROFILE_SEEN),
    ("GET", "/agw-front"): Said(200, GATEWAY_SEEN),
    ("GET", "/rulesEngines/canaries"): Said(200, {"name": "canaries", "properties": {"rules": []}}),
}
