"""Throttling at the door: 429 with Azure's error, its `Retry-After` and its headers of what is left.

Decides what a caller is told; what it may ask, and how often, is `sandbox.world.limits`'. A request that
comes before its `Retry-After` is over is refused like any other, with a new one. Runs on the world's clock:
in a rehearsal at 120 times the speed the buckets fill 120 times as fast.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling#error-code
"""

from __future__ import annotations

from typing import Any

from sandbox.wire.errors import error_body
from sandbox.wire.routing import Call, Reply, Service
from sandbox.world import limits
from sandbox.world.limits import Asked, Buckets, Limit, Refusal
from sandbox.world.model import World

REMAINING = "x-ms-ratelimit-remaining-subscription-"
GLOBAL_REMAINING = f"{REMAINING}global-"
PRINCIPAL = "the managed identity"
_KINDS = {limits.ARM_READS: "reads", limits.ARM_WRITES: "writes", limits.ARM_DELETES: "deletes"}


class Throttle:
    """The buckets before one world. `on` False lets everything through and says nothing of limits."""

    def __init__(self, world: World, *, on: bool = True) -> None:
        self._world = world
        self._on = on
        self._buckets = Buckets()

    def refuse(self, service: Service, call: Call) -> Reply | None:
        """429 where a limit has no room for this request, else None; then the request is counted."""
        if not self._on or service is Service.EVENT_GRID:
            return None
        refusal = self._buckets.take(self._asked(call), self._world.now())
        if refusal is None:
            return None
        return Reply(429, _body(refusal, call), {"Retry-After": str(refusal.after_seconds)})

    def headers(self, service: Service, method: str, path: str) -> dict[str, str]:
        """What an answer of Azure Resource Manager says of the requests that are left."""
        asked = Asked(method=method, path=path, region=self._world.fleet.location, principal=PRINCIPAL)
        if not self._on or service is not Service.ARM or not asked.subscription:
            return {}
        own, over_all = limits.arm_limits(asked)
        now = self._world.now()
        kind = _KINDS[own]
        return {
            f"{REMAINING}{kind}": str(self._buckets.left(own, asked, now)),
            f"{GLOBAL_REMAINING}{kind}": str(self._buckets.left(over_all, asked, now)),
        }

    def _asked(self, call: Call) -> Asked:
        return Asked(
            method=call.method, path=call.path, region=self._world.fleet.location, principal=PRINCIPAL
        )


def _body(refusal: Refusal, call: Call) -> dict[str, Any]:
    limit, after = refusal.limit, refusal.after_seconds
    if limit in (limits.LOG_QUERIES, limits.LOG_LINE):
        return error_body("ThrottledError", "The rate of queries is too high, retry later.")
    if limit in _NETWORK:
        return error_body("TooManyRequests", "The request was throttled.")
    if limit.name.startswith("AKS"):
        what = f"The request limit '{limit.name}' of the subscription has been exceeded"
        return error_body("Throttled", f"{what}, please retry again in {after} seconds.")
    own, _ = limits.arm_limits(Asked(method=call.method, path=call.path))
    kind = _KINDS[own].rstrip("s")
    subscription = call.parameters.get("subscription", "")
    message = (
        f"Number of '{kind}' requests for subscription '{subscription}' actor '{PRINCIPAL}' exceeded. Please "
        f"try again after '{after}' seconds after additional tokens are available. Refer to "
        "https://aka.ms/arm-throttling for additional information."
    )
    return error_body("SubscriptionRequestsThrottled", message)


_NETWORK: tuple[Limit, ...] = (
    limits.NETWORK_READS,
    limits.NETWORK_WRITES,
    limits.DNS_READS,
    limits.PRIVATE_DNS_READS,
)
