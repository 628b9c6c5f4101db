"""What every world promises of gate readings and traffic."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from shared.fleet import Target
from shared.probes import (
    GateReading,
    Reading,
    TrafficSeen,
    TrafficShare,
    Unavailable,
)
from tests.contract.sides import Side, answer_samples, seen_as
from tests.fleets import BLUE, ERRORS, GREEN, HEALTH, NODES
from tests.world.manual_clock import START


async def test_a_reading_holds_whole_minutes_that_are_old_enough_and_none_before_since(side: Side) -> None:
    side.clock.pass_seconds(20 * 60 + 30)
    since = START + timedelta(minutes=16, seconds=20)
    reading = seen_as(await side.see(GateReading(NODES, BLUE, since)), Reading)
    assert [sample.at for sample in reading.samples] == [START + timedelta(minutes=17)]
    assert [sample.value for sample in reading.samples] == [0]
    assert NODES.metric in reading.source
    assert reading.source.endswith(" on aks-blue")
    whole = seen_as(await side.see(GateReading(NODES, BLUE)), Reading)
    assert [sample.at for sample in whole.samples] == [
        START + timedelta(minutes=m) for m in (13, 14, 15, 16, 17)
    ]


async def test_a_window_that_has_not_begun_has_no_samples(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    reading = seen_as(await side.see(GateReading(NODES, BLUE, side.clock.now())), Reading)
    assert reading.samples == ()


async def test_a_cluster_without_data_gives_no_values_instead_of_zeros(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    answer = await side.see(GateReading(NODES, GREEN))
    assert isinstance(answer, Unavailable) or not [s for s in answer_samples(answer) if s is not None]


async def test_logs_give_a_sample_a_minute(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    reading = seen_as(await side.see(GateReading(ERRORS, BLUE)), Reading)
    values = answer_samples(reading)
    assert len(values) >= ERRORS.min_samples
    assert all(value is not None and value < 0.01 for value in values)


async def test_the_share_that_one_metric_has_of_another_says_how_much_is_behind_it(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    gate = msgspec.structs.replace(
        NODES,
        target=Target.GATEWAY,
        namespace="Microsoft.Network/applicationGateways",
        metric="FailedRequests / TotalRequests",
        aggregation="Total",
        filter="",
    )
    reading = seen_as(await side.see(GateReading(gate, BLUE)), Reading)
    assert len(reading.samples) == 5
    assert all(each.value is not None and 0 <= each.value < 0.01 for each in reading.samples)
    assert all(each.requests is not None and each.requests > 100 for each in reading.samples)
    assert gate.metric in reading.source
    # Nobody is on the candidate: a share of nothing is none, and no zero.
    idle = await side.see(GateReading(gate, GREEN))
    assert isinstance(idle, Unavailable) or not [s for s in answer_samples(idle) if s is not None]


async def test_a_missing_table_is_no_data(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    gate = msgspec.structs.replace(ERRORS, query="NoSuchTable | project TimeGenerated, value = 1")
    assert seen_as(await side.see(GateReading(gate, BLUE)), Reading).samples == ()


async def test_a_bin_of_time_that_the_window_has_a_part_of_is_no_sample(side: Side) -> None:
    side.clock.pass_seconds(20 * 60)
    gate = msgspec.structs.replace(ERRORS, query=ERRORS.query.replace("1m", "5m"))
    reading = seen_as(await side.see(GateReading(gate, BLUE)), Reading)
    assert (reading.since.minute, reading.until.minute) == (13, 18)
    # The stand-in runs no KQL: it has a row a minute, of which the one at 15 is the beginning of a bin.
    assert [sample.at.minute for sample in reading.samples] == [13, 14, 16, 17]


async def test_a_slots_own_host_answers_before_users_reach_it(side: Side) -> None:
    assert set(answer_samples(await side.see(GateReading(HEALTH, GREEN)))) == {1.0}
    side.estate.deploy(GREEN)
    assert set(answer_samples(await side.see(GateReading(HEALTH, GREEN)))) == {0.0}


async def test_traffic_is_counted_by_slot_over_complete_minutes(side: Side) -> None:
    side.clock.pass_seconds(20 * 60 + 10)
    seen = seen_as(await side.see(TrafficShare(START, 180)), TrafficSeen)
    assert seen.minutes == 3
    assert 3000 < seen.requests[BLUE] < 4200
    assert seen.requests.get(GREEN, 0) == 0
    nothing = seen_as(await side.see(TrafficShare(side.clock.now(), 180)), TrafficSeen)
    assert (nothing.requests, nothing.minutes) == ({}, 0)


async def test_only_the_slots_that_are_named_are_asked_for_their_traffic(side: Side) -> None:
    side.clock.pass_seconds(20 * 60 + 10)
    alone = seen_as(await side.see(TrafficShare(START, 180, (BLUE,))), TrafficSeen)
    assert alone.requests.keys() == {BLUE}
    both = seen_as(await side.see(TrafficShare(START, 180)), TrafficSeen)
    assert alone.requests[BLUE] == both.requests[BLUE]
    other = seen_as(await side.see(TrafficShare(START, 180, (GREEN,))), TrafficSeen)
    assert BLUE not in other.requests
