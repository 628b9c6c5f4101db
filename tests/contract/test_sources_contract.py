"""What every world promises of readings whose source is no part of a slot."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import msgspec
import pytest

from sandbox.world import Faults
from shared.fleet import Gate
from shared.model import Sample
from shared.probes import GateReading, Reading, Unavailable
from tests.contract.sides import Side, Sides, seen_as
from tests.fleets import BLUE, GREEN
from tests.sources import APP, EDGE, KUBELET, ORIGIN, PODS, PODS_BY_ID, PROFILE, SHARE, WORLDWIDE, at


@pytest.fixture
async def bad(make: Sides) -> Side:
    """A world with levers that lie in no region, whose candidate runs, badly, and has no users."""
    side = await make(WORLDWIDE, Faults(bad_nodes=True))
    side.estate.deploy(GREEN)
    side.clock.pass_seconds(25 * 60 + 30)
    return side


def minute(side: Side) -> datetime:
    """The start of the present minute."""
    return side.clock.now().replace(second=0, microsecond=0)


async def read(side: Side, gate: Gate, slot: str, minutes_ago: int | None = None) -> Reading:
    """A reading of a gate that names this side's own Prometheus."""
    since = None if minutes_ago is None else minute(side) - timedelta(minutes=minutes_ago)
    probe = GateReading(at(gate, side.prometheus_endpoint), BLUE if slot == BLUE else GREEN, since)
    return seen_as(await side.see(probe), Reading)


def values(samples: tuple[Sample, ...]) -> list[float | None]:
    return [sample.value for sample in samples]


@pytest.mark.parametrize("gate", [KUBELET, PODS, PODS_BY_ID], ids=lambda gate: gate.name)
async def test_each_slot_is_told_by_its_own_name(bad: Side, gate: Gate) -> None:
    live, candidate = await read(bad, gate, BLUE), await read(bad, gate, GREEN)
    assert len(live.samples) == len(candidate.samples) == 5
    assert max(value or 0 for value in values(live.samples)) < min(v or 0 for v in values(candidate.samples))
    assert "aks-blue" in live.source
    assert "aks-green" in candidate.source


@pytest.mark.parametrize("gate", [KUBELET, APP, PODS, PODS_BY_ID, ORIGIN], ids=lambda gate: gate.name)
async def test_both_slots_are_read_over_the_same_window(bad: Side, gate: Gate) -> None:
    live, candidate = await read(bad, gate, BLUE, 6), await read(bad, gate, GREEN, 6)
    assert len(live.samples) == len(candidate.samples) > 1 or gate is APP
    assert (live.since, live.until) == (candidate.since, candidate.until)
    assert all(live.since <= sample.at < live.until for sample in live.samples)
    assert live.until == minute(bad) - timedelta(seconds=gate.ingestion_seconds)


async def test_a_value_over_a_range_says_nothing_of_the_time_before_since(bad: Side) -> None:
    found = await read(bad, KUBELET, BLUE, 5)
    assert [sample.at for sample in found.samples] == [minute(bad) - timedelta(minutes=3)]


async def test_a_share_of_nothing_is_kept_as_it_is(bad: Side) -> None:
    found = await read(bad, SHARE, GREEN)
    assert len(found.samples) == 5
    assert all(value is not None and math.isnan(value) for value in values(found.samples))


async def test_a_query_that_gives_several_series_is_no_answer(bad: Side) -> None:
    both = msgspec.structs.replace(KUBELET, query="kubelet_runtime_operations_errors_total")
    answer = await bad.see(GateReading(at(both, bad.prometheus_endpoint), BLUE))
    assert isinstance(answer, Unavailable)
    assert "one series" in answer.because


async def test_a_query_that_cannot_be_parsed_is_no_answer(bad: Side) -> None:
    wrong = msgspec.structs.replace(KUBELET, query='sum(http_requests_total{cluster="{cluster}"}')
    answer = await bad.see(GateReading(at(wrong, bad.prometheus_endpoint), BLUE))
    assert isinstance(answer, Unavailable)
    assert "bad_data" in answer.because


async def test_a_series_that_is_not_there_is_no_data(bad: Side) -> None:
    none = msgspec.structs.replace(KUBELET, query='no_such_series{cluster="{cluster}"}')
    assert (await read(bad, none, BLUE)).samples == ()


async def test_a_query_says_how_many_requests_are_behind_a_share(bad: Side) -> None:
    found = await read(bad, APP, BLUE)
    assert found.samples
    assert all(sample.requests is not None and sample.requests > 1000 for sample in found.samples)
    bare = msgspec.structs.replace(APP, query=APP.query.replace(", requests = count()", ""))
    assert {sample.requests for sample in (await read(bad, bare, BLUE)).samples} == {None}


async def test_a_slots_own_origin_is_told_apart_and_the_whole_is_not(bad: Side) -> None:
    requests = msgspec.structs.replace(ORIGIN, filter="Origin eq '{member}' and HttpStatusGroup eq '2XX'")
    assert min(value or 0 for value in values((await read(bad, requests, BLUE)).samples)) > 1000
    assert set(values((await read(bad, requests, GREEN)).samples)) == {0}
    assert (await read(bad, EDGE, BLUE)).samples == (await read(bad, EDGE, GREEN)).samples


async def test_an_endpoint_of_a_profile_is_told_by_its_own_name(bad: Side) -> None:
    found = await read(bad, PROFILE, BLUE)
    assert set(values(found.samples)) == {1}
    assert "blue" in found.source


async def test_a_filter_for_a_member_that_there_is_none_of_is_no_answer(make: Sides) -> None:
    side = await make()
    side.clock.pass_seconds(1200)
    answer = await side.see(GateReading(ORIGIN, BLUE))
    assert isinstance(answer, Unavailable)
    assert "no member" in answer.because
