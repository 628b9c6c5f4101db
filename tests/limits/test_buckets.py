"""How often Azure lets a caller ask, as its pages say it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.world import limits
from sandbox.world.limits import Asked, Buckets, Limit, limits_of
from tests.fleets import BLUE, FLEET, GREEN, SUBSCRIPTION

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CLUSTER = FLEET.slot(BLUE).cluster_id
ZONE = FLEET.live_records[0].zone_id
PRIVATE_ZONE = ZONE.replace("dnszones/contoso.com", "privateDnsZones/priv.contoso.com")
LOCATION = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerService/locations/westeurope"
OTHER = CLUSTER.replace(SUBSCRIPTION, "99999999-2222-3333-4444-555555555555")


def get(path: str, region: str = "westeurope", principal: str = "p-1") -> Asked:
    """A read."""
    return Asked(method="GET", path=path, region=region, principal=principal)


def passes(buckets: Buckets, asked: Asked, now: datetime = NOW) -> int:
    """How many of these requests go through at that moment."""
    count = 0
    while buckets.take(asked, now) is None:
        count += 1
    return count


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", CLUSTER, [limits.ARM_READS, limits.AKS_GET]),
        ("PUT", CLUSTER, [limits.ARM_WRITES, limits.AKS_PUT]),
        ("DELETE", CLUSTER, [limits.ARM_DELETES, limits.AKS_OTHER]),
        ("POST", f"{CLUSTER}/runCommand", [limits.ARM_WRITES, limits.AKS_OTHER]),
        ("POST", f"{CLUSTER}/stop", [limits.ARM_WRITES, limits.AKS_OTHER]),
        ("GET", f"{CLUSTER}/commandResults/c-1", [limits.ARM_READS, limits.AKS_OTHER]),
        ("GET", CLUSTER.rpartition("/")[0], [limits.ARM_READS, limits.AKS_LIST_GROUP]),
        (
            "GET",
            f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.ContainerService/managedClusters",
            [limits.ARM_READS, limits.AKS_LIST],
        ),
        ("GET", f"{LOCATION}/operations/o-1", [limits.ARM_READS, limits.AKS_OPERATION]),
        (
            "GET",
            f"{CLUSTER}/providers/Microsoft.KubernetesConfiguration/fluxConfigurations/platform",
            [limits.ARM_READS],
        ),
        ("GET", f"{ZONE}/A/aks", [limits.ARM_READS, limits.NETWORK_READS, limits.DNS_READS]),
        ("GET", f"{PRIVATE_ZONE}/A/aks", [limits.ARM_READS, limits.NETWORK_READS, limits.PRIVATE_DNS_READS]),
        ("PUT", f"{PRIVATE_ZONE}/A/aks", [limits.ARM_WRITES, limits.NETWORK_WRITES]),
        ("GET", f"/subscriptions/{SUBSCRIPTION}/resourcegroups", [limits.ARM_READS]),
        ("POST", f"/v1{CLUSTER}/query", [limits.LOG_QUERIES, limits.LOG_LINE]),
        ("POST", f"/subscriptions/{SUBSCRIPTION}/metrics:getBatch", []),
    ],
    ids=lambda value: value.rpartition("/")[2] if isinstance(value, str) else "",
)
def test_a_request_counts_against_the_published_limits(method: str, path: str, expected: list[Limit]) -> None:
    found = limits_of(Asked(method=method, path=path))
    assert [each for each in found if not each.name.endswith(", all callers")] == expected


@pytest.mark.parametrize(
    ("limit", "asked", "size", "a_minute"),
    [
        (limits.ARM_READS, get(f"/subscriptions/{SUBSCRIPTION}/resourcegroups"), 250, 25 * 60),
        (limits.ARM_WRITES, Asked(method="PUT", path=f"{CLUSTER}/providers/x/y/z"), 200, 10 * 60),
        (limits.AKS_PUT, Asked(method="PUT", path=CLUSTER), 20, 1),
        (limits.AKS_GET, get(CLUSTER), 60, 60),
        (limits.AKS_OTHER, Asked(method="POST", path=f"{CLUSTER}/stop"), 60, 60),
        (limits.PRIVATE_DNS_READS, get(f"{PRIVATE_ZONE}/A/aks"), 500, 0),
        (limits.LOG_QUERIES, Asked(method="POST", path=f"/v1{CLUSTER}/query"), 200, 200),
    ],
    ids=lambda value: value.name if isinstance(value, Limit) else "",
)
def test_a_burst_of_the_size_goes_through_and_then_the_rate(
    limit: Limit, asked: Asked, size: int, a_minute: int
) -> None:
    buckets, later = Buckets(), NOW
    burst = 0
    while (refusal := buckets.take(asked, later)) is None or refusal.limit is not limit:
        # A smaller limit over it, such as Resource Manager's own, is waited out: this is about `limit`.
        burst += refusal is None
        later += timedelta(seconds=refusal.after_seconds if refusal else 0)
    assert burst == pytest.approx(size, rel=0.05)
    steps = (later + timedelta(seconds=step / 30) for step in range(1, 1801))
    room = sum(buckets.take(asked, at) is None for at in steps)
    assert room == pytest.approx(a_minute, abs=1)


def test_each_caller_region_and_subscription_has_its_own_and_all_callers_share_fifteen_times_as_much() -> (
    None
):
    buckets = Buckets()
    groups = f"/subscriptions/{SUBSCRIPTION}/resourcegroups"
    counts = [passes(buckets, get(groups, principal=f"p-{n}")) for n in range(17)]
    assert counts == [250] * 15 + [0, 0]
    assert passes(buckets, get(OTHER.partition("/resourceGroups")[0] + "/resourcegroups")) == 250
    fresh = Buckets()
    assert passes(fresh, get(groups, region="westeurope")) == passes(fresh, get(groups, region="northeurope"))


def test_a_cluster_does_not_pay_for_another() -> None:
    buckets = Buckets()
    assert passes(buckets, get(CLUSTER)) == 60
    assert passes(buckets, get(FLEET.slot(GREEN).cluster_id)) == 60


def test_reads_leave_the_writes_alone() -> None:
    buckets = Buckets()
    record = f"{ZONE}/A/aks"
    passes(buckets, get(record))
    assert buckets.take(Asked(method="PUT", path=record, region="westeurope", principal="p-1"), NOW) is None


def test_who_asks_too_early_is_told_anew_and_who_waits_gets_through() -> None:
    buckets, asked = Buckets(), get(CLUSTER)
    passes(buckets, asked)
    first = buckets.take(asked, NOW)
    assert first is not None
    assert (first.limit, first.after_seconds) == (limits.AKS_GET, 1)
    assert buckets.take(asked, NOW + timedelta(seconds=0.5)) is not None
    assert buckets.take(asked, NOW + timedelta(seconds=1)) is None


def test_a_limit_of_a_span_is_whole_again_when_the_span_is_over() -> None:
    buckets, asked = Buckets(), get(f"{PRIVATE_ZONE}/A/aks")
    for second in range(500):
        assert buckets.take(asked, NOW + timedelta(seconds=second / 5)) is None
    refusal = buckets.take(asked, NOW + timedelta(seconds=100))
    assert refusal is not None
    assert (refusal.limit, refusal.after_seconds) == (limits.PRIVATE_DNS_READS, 200)
    assert buckets.take(asked, NOW + timedelta(seconds=299)) is not None
    assert buckets.take(asked, NOW + timedelta(seconds=300)) is None
