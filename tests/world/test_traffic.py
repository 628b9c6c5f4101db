"""Users follow the live record, as late as resolvers let them."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from sandbox.world import Faults
from tests.fleets import BLUE, FLEET, GREEN
from tests.world.manual_clock import START, Estate

MINUTE = timedelta(minutes=1)


def test_everybody_is_on_the_live_slot_before_anything_happens() -> None:
    it = Estate()
    it.clock.pass_seconds(600)
    blue, green = (it.world.traffic.minute(slot, START) for slot in (BLUE, GREEN))
    assert 1100 < blue.requests < 1300
    assert green.requests == 0
    assert blue.failed / blue.requests < 0.01


def test_users_follow_a_switch_evenly_and_are_all_there_after_propagation_and_the_ttl() -> None:
    it = Estate()
    it.deploy(GREEN)
    it.point(BLUE, ttl_seconds=60)
    it.clock.pass_seconds(3600)
    it.point(GREEN)
    at = it.clock.now()
    shares = [it.world.traffic.mix(at + timedelta(seconds=s)).get(GREEN, 0.0) for s in (0, 30, 60, 90, 120)]
    assert shares == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])


def test_a_few_users_stay_at_the_old_address_for_longer_than_any_ttl_allows() -> None:
    it = Estate(faults=Faults(stragglers_share=0.02, stragglers_seconds=600))
    it.deploy(GREEN)
    it.point(BLUE, ttl_seconds=60)
    it.clock.pass_seconds(3600)
    it.point(GREEN)
    at = it.clock.now()
    left = [it.world.traffic.mix(at + timedelta(seconds=s)).get(BLUE, 0.0) for s in (60, 120, 719, 721)]
    assert left == pytest.approx([0.5, 0.02, 0.02, 0.0])


def test_lowering_a_ttl_does_not_help_before_the_old_one_has_run_out() -> None:
    hasty, patient = Estate(), Estate()
    for it, seconds in ((hasty, 10), (patient, 360)):
        it.deploy(GREEN)
        it.point(BLUE, ttl_seconds=30)
        it.clock.pass_seconds(seconds)
        it.point(GREEN, ttl_seconds=30)
    in_90_seconds = timedelta(seconds=90)
    left = [it.world.traffic.mix(it.clock.now() + in_90_seconds).get(BLUE, 0.0) for it in (hasty, patient)]
    assert left[0] > 0.7
    assert left[1] == 0


def test_a_switch_back_in_the_middle_takes_everybody_home() -> None:
    it = Estate()
    it.deploy(GREEN)
    it.point(GREEN)
    it.clock.pass_seconds(120)
    it.point(BLUE)
    it.clock.pass_seconds(600)
    assert it.world.traffic.mix(it.clock.now()) == {BLUE: 1.0}


def test_requests_to_a_slot_without_a_cluster_fail() -> None:
    it = Estate()
    it.point(GREEN)
    it.clock.pass_seconds(3600)
    minute = it.world.traffic.minute(GREEN, it.clock.now() - MINUTE)
    assert minute.requests > 1000
    assert minute.failed == minute.requests


def test_requests_to_a_stranger_are_no_slots_requests() -> None:
    it = Estate()
    record = it.fleet.live_records[0]
    it.world.zones.put(record.zone_id, record.name, record.type, ttl_seconds=30, targets=("198.51.100.7",))
    it.clock.pass_seconds(3600)
    start = it.clock.now() - MINUTE
    assert it.world.traffic.minute(BLUE, start).requests == 0
    assert it.world.traffic.stray(start) > 1000


def test_a_past_minute_says_the_same_after_later_switches() -> None:
    it = Estate()
    it.deploy(GREEN)
    minutes = [it.clock.now() + MINUTE * i for i in range(-5, 5)]
    it.point(GREEN)
    it.clock.pass_seconds(600)
    before = [it.world.traffic.minute(GREEN, minute) for minute in minutes]
    it.point(BLUE)
    it.clock.pass_seconds(600)
    assert [it.world.traffic.minute(GREEN, minute) for minute in minutes] == before


def test_two_live_records_share_the_users() -> None:
    second = msgspec.structs.replace(FLEET.live_records[0], name="api")
    it = Estate(msgspec.structs.replace(FLEET, live_records=(*FLEET.live_records, second)))
    it.deploy(GREEN)
    it.point(GREEN)
    it.clock.pass_seconds(3600)
    assert it.world.traffic.mix(it.clock.now()) == {BLUE: 0.5, GREEN: 0.5}


def test_the_same_seed_and_calls_give_the_same_numbers_and_another_seed_others() -> None:
    def story(seed: int) -> list[float]:
        it = Estate(seed=seed)
        it.deploy(GREEN)
        it.point(GREEN)
        it.clock.pass_seconds(900)
        served = [it.world.traffic.minute(GREEN, START + MINUTE * i).requests for i in range(20)]
        latencies = [it.world.respond("aks-green.contoso.com", "/").latency_ms for _ in range(5)]
        return [*served, *latencies]

    assert story(7) == story(7)
    assert story(7) != story(8)


def test_the_report_tells_who_served_what_and_how_long_the_cutover_took() -> None:
    it = Estate()
    it.deploy(GREEN)
    it.point(GREEN)
    it.clock.pass_seconds(1800)
    report = it.world.report()
    minutes = (it.clock.now() - START) / MINUTE
    assert sum(report.served.values()) == pytest.approx(1200 * minutes, rel=0.05)
    assert report.served[GREEN] > report.served[BLUE] > 0
    assert report.cutover_seconds == 60 + 300
    kinds = [entry.kind.value for entry in report.entries]
    assert kinds == ["deployment_started", "cluster_created", "record_written"]
