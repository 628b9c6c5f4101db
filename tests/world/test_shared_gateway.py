"""One gateway before both slots in the world, and how soon a balancer's users follow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.world import ArmError
from sandbox.world.balancers import MemberState
from sandbox.world.metrics import Series
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import GATEWAY, PROFILE, application_gateway_fleet, traffic_manager_fleet
from tests.world.manual_clock import Estate

IN, OUT = MemberState(1000, enabled=True), MemberState(1000, enabled=False)


def halfway() -> Estate:
    """An estate whose users were moved from blue to green five minutes ago, after five minutes of rest."""
    it = Estate(application_gateway_fleet())
    it.deploy(GREEN)
    it.world.balancers.write(GATEWAY, {"cluster-blue": OUT, "cluster-green": IN})
    it.clock.pass_seconds(300)
    return it


def asked(it: Estate, name: str, filter_text: str = "") -> tuple[Series, ...]:
    """The series of the gateway's metric in the ten minutes that were ingested last."""
    until = it.clock.now() - timedelta(minutes=2)
    since = until - timedelta(minutes=8)
    return it.world.metrics.query(GATEWAY.resource_id, name, since, until, filter_text).series


def totals(series: Series) -> list[float]:
    return [bucket.total or 0.0 for bucket in series.buckets]


def test_one_gateway_counts_the_requests_of_both_slots_by_pool() -> None:
    it = halfway()
    (both,) = asked(it, "TotalRequests")
    blue, green = asked(it, "TotalRequests", "BackendSettingsPool eq '*'")
    assert blue.dimensions["BackendSettingsPool"].startswith("cluster-blue~")
    assert green.dimensions["BackendSettingsPool"].startswith("cluster-green~")
    assert sum(totals(blue)) > 1000 < sum(totals(green))
    assert totals(both) == [sum(pair) for pair in zip(totals(blue), totals(green), strict=True)]


def test_the_metrics_of_back_ends_name_the_pool_itself() -> None:
    it = halfway()
    pools = [
        each.dimensions["BackendPool"]
        for each in asked(it, "BackendLastByteResponseTime", "BackendPool eq '*'")
    ]
    assert pools == ["cluster-blue", "cluster-green"]


def test_open_connections_are_counted_at_the_door_and_not_by_pool() -> None:
    it = halfway()
    (both,) = asked(it, "CurrentConnections")
    assert [bucket.total for bucket in both.buckets] == [pytest.approx(120, rel=0.05)] * 8
    with pytest.raises(ArmError, match="does not support"):
        asked(it, "CurrentConnections", "BackendSettingsPool eq '*'")


def test_each_slot_has_the_gateway_that_it_shares() -> None:
    estate = Estate(application_gateway_fleet()).world.estate
    assert [slot.name for slot in estate.slots_of_gateway(GATEWAY.resource_id.upper())] == [BLUE, GREEN]
    assert estate.slots_of_gateway(f"{GATEWAY.resource_id}-x") == ()


def test_traffic_manager_does_not_wait_for_the_change_before() -> None:
    it = Estate(traffic_manager_fleet())
    it.world.balancers.write(PROFILE, {"externalEndpoints/green": IN})
    it.world.balancers.write(PROFILE, {"externalEndpoints/blue": OUT})
    assert it.world.traffic.cutover_seconds(PROFILE) == 10 + PROFILE.ttl_seconds


def test_a_gateway_deploys_one_change_after_the_other() -> None:
    it = Estate(application_gateway_fleet())
    for _ in range(2):
        it.world.balancers.write(GATEWAY, {"cluster-blue": OUT, "cluster-green": IN})
    assert it.world.traffic.cutover_seconds(GATEWAY) == 80
