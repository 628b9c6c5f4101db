"""How often Azure lets somebody ask: the published limits, and the buckets that hold callers to them.

Decides which limits a request counts against and when there is room for it again. Pure but for the levels of
its buckets: it is told the time. Refuses to know HTTP, where a request is answered and what it says.

A bucket that is refilled steadily lets a burst of its size pass and its rate ever after. One of a span is
full again when the span is over, and not before: so the resource provider of networks counts.

Azure Monitor publishes no number for its metrics batch, and Event Grid none that a controller could reach.

Sources: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling,
https://learn.microsoft.com/azure/aks/quotas-skus-regions#throttling-limits-on-aks-resource-provider-apis,
https://learn.microsoft.com/azure/azure-monitor/service-limits#query-api
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

GLOBAL_FACTOR = 15
QUERY_SECONDS = 1.0
"""How long a log query is taken to occupy one of the five places for a caller's queries."""


class Scope(StrEnum):
    """What has a bucket of its own."""

    CALLER = "caller"
    """Each principal in each region and subscription."""
    SUBSCRIPTION = "subscription"
    REGION = "region"
    """Each region of each subscription."""
    RESOURCE = "resource"
    """Each cluster, or each resource group where clusters are listed."""


class Limit(Struct, frozen=True, kw_only=True):
    """A published limit, refilled by `per_second`, or all at once every `span_seconds` (0: never at once)."""

    name: str
    size: float
    per_second: float = 0
    span_seconds: int = 0
    scope: Scope = Scope.CALLER


ARM_READS = Limit(name="ARM reads", size=250, per_second=25)
ARM_WRITES = Limit(name="ARM writes", size=200, per_second=10)
ARM_DELETES = Limit(name="ARM deletes", size=200, per_second=10)
AKS_PUT = Limit(name="AKS PUT cluster", size=20, per_second=1 / 60, scope=Scope.RESOURCE)
AKS_GET = Limit(name="AKS GET cluster", size=60, per_second=1, scope=Scope.RESOURCE)
AKS_LIST = Limit(name="AKS LIST in a subscription", size=500, per_second=1, scope=Scope.SUBSCRIPTION)
AKS_LIST_GROUP = Limit(name="AKS LIST in a group", size=60, per_second=1, scope=Scope.RESOURCE)
AKS_OPERATION = Limit(name="AKS operation status", size=200, per_second=2, scope=Scope.SUBSCRIPTION)
AKS_OTHER = Limit(name="AKS all other", size=60, per_second=1, scope=Scope.SUBSCRIPTION)
NETWORK_WRITES = Limit(name="Network writes", size=1000, span_seconds=300, scope=Scope.REGION)
NETWORK_READS = Limit(name="Network reads", size=10_000, span_seconds=300, scope=Scope.REGION)
# The page names private zones alone until 2021, and both kinds since.
DNS_READS = Limit(name="Azure DNS reads", size=500, span_seconds=300, scope=Scope.SUBSCRIPTION)
PRIVATE_DNS_READS = Limit(name="Private DNS reads", size=500, span_seconds=300, scope=Scope.SUBSCRIPTION)
LOG_QUERIES = Limit(name="Log queries", size=200, span_seconds=30)
# Five at work, and whoever waits for a place for more than three minutes is refused.
LOG_LINE = Limit(name="Log queries in line", size=5 * 180 / QUERY_SECONDS, per_second=5 / QUERY_SECONDS)

_ARM: Mapping[str, Limit] = {"GET": ARM_READS, "HEAD": ARM_READS, "DELETE": ARM_DELETES}
_GLOBAL: Mapping[Limit, Limit] = {
    limit: Limit(
        name=f"{limit.name}, all callers",
        size=limit.size * GLOBAL_FACTOR,
        per_second=limit.per_second * GLOBAL_FACTOR,
        scope=Scope.SUBSCRIPTION,
    )
    for limit in (ARM_READS, ARM_WRITES, ARM_DELETES)
}
_QUERY = re.compile(r"/v1/.+/query", re.IGNORECASE)
_CLUSTERS = re.compile(
    r"(?P<scope>.*)/providers/microsoft\.containerservice/managedclusters(/(?P<cluster>[^/]+))?(?P<rest>/.+)?",
    re.IGNORECASE,
)
_AKS_OPERATIONS = re.compile(
    r".*/providers/microsoft\.containerservice/locations/[^/]+/operation.*", re.IGNORECASE
)
_NETWORK = re.compile(r".*/providers/microsoft\.network/(?P<kind>[^/]+).*", re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+).*", re.IGNORECASE)
_BATCH = re.compile(r"/subscriptions/[^/]+/metrics:getbatch", re.IGNORECASE)


class Asked(Struct, frozen=True, kw_only=True):
    """A request as the limits see it. `path` is the URL's, `region` the one that the resource is in."""

    method: str
    path: str
    region: str = ""
    principal: str = ""

    @property
    def subscription(self) -> str:
        """The subscription in the path, in lower case; empty where there is none."""
        found = _SUBSCRIPTION.match(self.path)
        return found[1].lower() if found else ""


class Refusal(Struct, frozen=True):
    """There is no room: for which limit, and after how many whole seconds to ask again."""

    limit: Limit
    after_seconds: int


class Buckets:
    """Every bucket of everybody. One that nobody has drawn from is full."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take(self, asked: Asked, now: datetime) -> Refusal | None:
        """Count one request against all of its limits, or against none of them if one has no room left."""
        drawn = [self._bucket(limit, asked, now) for limit in limits_of(asked)]
        for bucket in drawn:
            if bucket.level < 1:
                return Refusal(bucket.limit, bucket.seconds_until_room(now))
        for bucket in drawn:
            bucket.level -= 1
        return None

    def left(self, limit: Limit, asked: Asked, now: datetime) -> int:
        """How many more requests like this one `limit` has room for."""
        return int(self._bucket(limit, asked, now).level)

    def _bucket(self, limit: Limit, asked: Asked, now: datetime) -> _Bucket:
        key = limit.name, _holder(limit, asked)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(limit, now)
        bucket.refill(now)
        return bucket


class _Bucket:
    """One bucket of one limit."""

    __slots__ = ("level", "limit", "refilled_at")

    def __init__(self, limit: Limit, now: datetime) -> None:
        self.limit = limit
        self.level = limit.size
        self.refilled_at = now

    def refill(self, now: datetime) -> None:
        """Put in what has come since it was last looked at; a clock that went back brings nothing."""
        passed = (now - self.refilled_at).total_seconds()
        if passed <= 0:
            return
        if not self.limit.span_seconds:
            self.level = min(self.limit.size, self.level + passed * self.limit.per_second)
            self.refilled_at = now
        elif passed >= self.limit.span_seconds:
            self.level = self.limit.size
            # The span begins with the first request in it.
            self.refilled_at = now

    def seconds_until_room(self, now: datetime) -> int:
        """Whole seconds until one request fits, at least 1."""
        if self.limit.span_seconds:
            over = self.refilled_at + timedelta(seconds=self.limit.span_seconds)
            missing = (over - now).total_seconds()
        else:
            missing = (1 - self.level) / self.limit.per_second
        return max(1, -int(-missing // 1))


def limits_of(asked: Asked) -> tuple[Limit, ...]:
    """The limits that a request counts against, the gateway's before the resource provider's."""
    if _BATCH.fullmatch(asked.path):
        return ()
    if _QUERY.fullmatch(asked.path):
        return LOG_QUERIES, LOG_LINE
    if not asked.subscription:
        return ()
    return *arm_limits(asked), *_providers(asked)


def arm_limits(asked: Asked) -> tuple[Limit, Limit]:
    """Azure Resource Manager's own for a kind of operation: the caller's, and that of all callers."""
    own = _ARM.get(asked.method, ARM_WRITES)
    return own, _GLOBAL[own]


def _providers(asked: Asked) -> Iterator[Limit]:
    # A path may name two providers, as that of a Flux configuration does: the last one serves it.
    found = _CLUSTERS.fullmatch(asked.path)
    if found and "/providers/" not in (found["rest"] or "").lower():
        yield _aks(asked.method, found)
    elif _AKS_OPERATIONS.fullmatch(asked.path):
        yield AKS_OPERATION
    elif network := _NETWORK.fullmatch(asked.path):
        reads = asked.method in ("GET", "HEAD")
        yield NETWORK_READS if reads else NETWORK_WRITES
        zone = {"dnszones": DNS_READS, "privatednszones": PRIVATE_DNS_READS}.get(network["kind"].lower())
        if reads and zone is not None:
            yield zone


def _aks(method: str, found: re.Match[str]) -> Limit:
    if found["rest"] is not None:
        return AKS_OTHER
    if found["cluster"] is None:
        return AKS_LIST_GROUP if "/resourcegroups/" in found["scope"].lower() else AKS_LIST
    return {"GET": AKS_GET, "PUT": AKS_PUT}.get(method, AKS_OTHER)


def _holder(limit: Limit, asked: Asked) -> str:
    """Whose bucket a request draws from."""
    match limit.scope:
        case Scope.CALLER:
            return f"{asked.subscription} {asked.region} {asked.principal}"
        case Scope.REGION:
            return f"{asked.subscription} {asked.region}"
        case Scope.RESOURCE:
            return asked.path.lower()
        case Scope.SUBSCRIPTION:
            return asked.subscription
