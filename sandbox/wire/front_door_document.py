"""A Front Door (classic) as JSON: the parts that a declared one has besides its backends. Pure.

Decides names and defaults. Refuses to know the world: pools are given.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def properties(front_door_id: str, host: str, rules: str, pools: dict[str, list[str]]) -> Json:
    """What is put to have such a Front Door. `pools` maps each pool to the addresses of its backends."""

    def part(kind: str, name: str, **its: Any) -> Json:
        return {"id": f"{front_door_id}/{kind}/{name}", "name": name, "properties": its}

    def reference(kind: str, name: str) -> Json:
        return {"id": f"{front_door_id}/{kind}/{name}"}

    settings = {
        "loadBalancingSettings": reference("loadBalancingSettings", "balance"),
        "healthProbeSettings": reference("healthProbeSettings", "probe"),
    }
    first = next(iter(pools))
    forwarding = {
        "@odata.type": "#Microsoft.Azure.FrontDoor.Models.FrontdoorForwardingConfiguration",
        "forwardingProtocol": "HttpsOnly",
        "backendPool": reference("backendPools", first),
    }
    route = part(
        "routingRules",
        "all",
        frontendEndpoints=[reference("frontendEndpoints", "official")],
        acceptedProtocols=["Http", "Https"],
        patternsToMatch=["/*"],
        enabledState="Enabled",
        routeConfiguration=forwarding,
        **({"rulesEngine": reference("rulesEngines", rules)} if rules else {}),
    )
    return {
        "friendlyName": front_door_id.rpartition("/")[2],
        "routingRules": [route],
        "loadBalancingSettings": [
            part("loadBalancingSettings", "balance", sampleSize=4, successfulSamplesRequired=2)
        ],
        "healthProbeSettings": [
            part("healthProbeSettings", "probe", path="/healthz", protocol="Https", intervalInSeconds=30)
        ],
        "backendPools": [
            part("backendPools", pool, backends=[_backend(each) for each in addresses], **settings)
            for pool, addresses in pools.items()
        ],
        "frontendEndpoints": [part("frontendEndpoints", "official", hostName=host)],
        "backendPoolsSettings": {"enforceCertificateNameCheck": "Enabled", "sendRecvTimeoutSeconds": 30},
        "enabledState": "Enabled",
    }


def shown(kept: Json, *, state: str, engines: list[Json]) -> Json:
    """What is answered: what was put, with the states that are only to be read."""
    answered = dict(kept)
    for name in ("routingRules", "loadBalancingSettings", "healthProbeSettings", "backendPools"):
        answered[name] = [_with_state(each) for each in kept[name]]
    answered["frontendEndpoints"] = [
        _with_state(each, customHttpsProvisioningState="Disabled") for each in kept["frontendEndpoints"]
    ]
    return {
        **answered,
        "resourceState": "Enabled",
        "provisioningState": state,
        "cname": "contoso-fd.azurefd.net",
        "rulesEngines": engines,
    }


def _backend(address: str) -> Json:
    return {
        "address": address,
        "httpPort": 80,
        "httpsPort": 443,
        "enabledState": "Enabled",
        "priority": 1,
        "weight": 1000,
        "backendHostHeader": address,
    }


def _with_state(part: Json, **states: str) -> Json:
    return {**part, "properties": {**part["properties"], "resourceState": "Enabled", **states}}
