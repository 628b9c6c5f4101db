"""Packs: what a fleet gets without writing a gate, what it may say itself, and what is told of a mistake."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest

from shared.errors import Invalid
from shared.fleet import Fleet, Gate, Source
from shared.fleet_file import parse, parse_json, parse_rings, schema
from shared.fleet_file.draft import QUESTIONS
from shared.fleet_file.pack_models import PACKS, GatewayPack, PlatformPack
from shared.fleet_file.packs import gates_of
from shared.fleet_file.source_models import AN_ENDPOINT
from shared.fleet_file.tree import read_yaml
from shared.gates.recorded import recorded
from shared.model import Sample, Verdict
from tests.fleet_file.examples import NAMES, RINGS, TEXTS, data
from tests.sources import ENDPOINT

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
OBJECTIVE = {"pack": "slo-http", "objective": "99%"}
ONE = "one of front-door, gateway, platform, slo-http"
WANTED = "the share of good readings wanted, such as 99%"
LEVELS = "1 nodes and cluster, 2 API server and kubelet, 3 default Kubernetes objects"
PROFILE = (
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-network/providers"
    "/Microsoft.Cdn/profiles/afd-contoso"
)
DOOR = {"pack": "front-door", "profile": PROFILE}
ALL: list[Any] = ["platform", "gateway", DOOR, OBJECTIVE]


def packed(*packs: Any, name: str = "contoso-public", **own: Any) -> dict[str, Any]:
    """An example whose gates are these packs, and those of its own."""
    document = data(name)
    document["gates"] = {"packs": list(packs), **own}
    document["shift"] = "full"
    return document


def refused(*packs: Any, **own: Any) -> dict[str, str]:
    """What was expected, by the path of the mistake."""
    with pytest.raises(Invalid) as caught:
        parse_json(packed(*packs, **own))
    return {mistake.path: mistake.expected for mistake in caught.value.mistakes}


def names(fleet: Fleet) -> dict[str, list[str]]:
    """The gates of each question."""
    return {question: [gate.name for gate in getattr(fleet.gates, question)] for question in QUESTIONS}


@pytest.mark.parametrize("name", NAMES)
def test_packs_alone_are_enough_in_every_example(name: str) -> None:
    document = packed(*ALL, name=name)

    gates = parse_json(document).gates

    assert {gate.level for gate in gates.platform} == {1, 2, 3}
    assert gates.functional
    assert gates.switch
    assert gates.bake
    jsonschema.Draft202012Validator(schema()).validate(document)


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("name", NAMES)
def test_each_pack_can_be_added_to_each_example(name: str, pack: str) -> None:
    document = data(name)
    declared = names(parse_json(document))
    document["gates"]["packs"] = [{"slo-http": OBJECTIVE, "front-door": DOOR}.get(pack, pack)]

    found = names(parse_json(document))

    assert all(found[question][: len(declared[question])] == declared[question] for question in QUESTIONS)
    assert all(len(set(each)) == len(each) for each in found.values())


def test_a_platform_is_asked_about_by_its_logs_or_by_its_prometheus() -> None:
    def asked(pack: Any) -> dict[str, Gate]:
        gates = parse_json(packed(pack, "gateway")).gates.platform
        return {gate.name: gate for gate in gates if gate.source is not Source.METRICS}

    logs, series = asked("platform"), asked({"pack": "platform", "prometheus": ENDPOINT})

    assert logs.keys() == series.keys() == {"kubelet-errors", "system-pods-not-running"}
    assert {gate.source for gate in logs.values()} == {Source.LOGS}
    assert {(gate.source, gate.endpoint) for gate in series.values()} == {(Source.PROMETHEUS, ENDPOINT)}
    for gates in (logs, series):
        assert "gatekeeper-system" in gates["system-pods-not-running"].query
    assert refused({"pack": "platform", "prometheus": "https://example.com"}, "gateway") == {
        "gates.packs[0].prometheus": AN_ENDPOINT
    }


@pytest.mark.parametrize("pack", ["platform", {"pack": "platform", "prometheus": ENDPOINT}])
def test_a_kubelet_that_never_failed_is_well_and_not_silent(pack: Any) -> None:
    (gate,) = (
        each for each in parse_json(packed(pack, "gateway")).gates.platform if each.level == 2 and each.query
    )
    # A counter of errors is not there before the first of them.
    assert "kubelet_runtime_operations_errors_total" in gate.query
    assert "kubelet_runtime_operations_total" in gate.query


def test_the_logs_of_the_kubelet_are_those_that_the_agent_writes_by_itself() -> None:
    (gate,) = (
        each for each in parse_json(packed("platform", "gateway")).gates.platform if "Tags" in each.query
    )
    assert "Namespace == 'container.azm.ms/prometheus'" in gate.query
    assert "prev(Tags)" in gate.query, "a node that is new has not failed as often as its counter says"


def test_a_file_with_packs_is_the_file_in_which_their_gates_are_written() -> None:
    short = TEXTS["contoso-public"]
    begin, end = short.index("gates:\n"), short.index("# The metric that says where")
    text = short[:begin] + "gates:\n  packs: [platform, gateway]\n" + short[end:]
    gateway = gates_of(GatewayPack(pack="gateway"))
    written = {**read_yaml(text).data, "gates": {**gates_of(PlatformPack(pack="platform")), **gateway}}

    assert parse(text) == parse_json(written)


def test_a_declared_gate_takes_the_place_of_a_packs_for_every_question() -> None:
    own = {"name": "failed-requests", "source": "http", "path": "/orders", "max": "5%"}

    gates = parse_json(packed(*ALL, switch=[own])).gates

    for question in (gates.switch, gates.bake):
        assert [gate.path for gate in question if gate.name == "failed-requests"] == ["/orders"]
    assert [gate.name for gate in gates.switch if gate.name == "unhealthy-hosts"] == ["unhealthy-hosts"]


def test_a_front_door_speaks_of_all_users_and_only_when_they_are_in_one_place() -> None:
    ramped = packed("platform", "gateway", DOOR, name="contoso-front-door")
    ramped["shift"] = {"steps": [{"weight": 10, "hold": "5m", "gates": ["failed-requests"]}]}
    mine = {"origin-health", "front-door-errors", "front-door-latency"}

    whole, stepwise = names(parse_json(packed("platform", "gateway", DOOR))), names(parse_json(ramped))

    assert mine <= set(whole["switch"]) & set(whole["bake"])
    assert mine & set(stepwise["switch"]) == {"origin-health"}
    assert mine <= set(stepwise["bake"])


def test_a_front_door_is_asked_about_the_slots_own_origin_where_it_is_a_lever() -> None:
    def health(name: str) -> str:
        gates = parse_json(packed("platform", "gateway", DOOR, name=name)).gates.bake
        return next(gate.filter for gate in gates if gate.name == "origin-health")

    assert health("contoso-front-door") == "Origin eq '{member}'"
    assert health("contoso-public") == ""


def test_what_a_pack_is_told_reaches_its_gates() -> None:
    gateway = {"pack": "gateway", "failed_requests": "3%", "latency_over_baseline": 2}
    http = {"pack": "slo-http", "objective": "95%", "latency_ms": 400, "path": "/healthz"}

    gates = {gate.name: gate for gate in parse_json(packed("platform", gateway, http)).gates.switch}

    assert gates["failed-requests"].max_value == 0.03
    assert gates["backend-latency"].max_over_baseline == 2
    assert gates["slot-latency"].max_value == 400
    assert gates["slot-latency"].path == "/healthz"
    tolerance = gates["slot-availability"].tolerance
    assert tolerance is not None
    assert (tolerance.failures_max, tolerance.of) == (5, 100)


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ((0.0, 0.01, 0.0, 0.0), Verdict.PASS),
        ((0.0, 0.5, 0.0, 0.0), Verdict.PASS),
        ((0.0, 0.011, 0.0, 0.011), Verdict.FAIL),
        ((None, None, None, None), Verdict.NO_DATA),
    ],
)
def test_a_gateway_is_judged_by_the_share_of_its_requests_that_failed(
    shares: tuple[float | None, ...], verdict: Verdict
) -> None:
    gates = {gate.name: gate for gate in parse_json(packed("platform", "gateway")).gates.switch}
    samples = [Sample(at=NOW + timedelta(minutes=n), value=share) for n, share in enumerate(shares)]

    assert gates["failed-requests"].metric == "FailedRequests / TotalRequests"
    assert recorded(gates["failed-requests"], samples).verdict is verdict


def test_a_single_bad_reading_is_tolerated_whatever_the_objective() -> None:
    strict = {"pack": "slo-http", "objective": "99.99%"}

    gates = {gate.name: gate for gate in parse_json(packed("platform", strict)).gates.bake}

    tolerance = gates["slot-availability"].tolerance
    assert tolerance is not None
    assert tolerance.failures_max == 1


@pytest.mark.parametrize(("failed", "verdict"), [(0, Verdict.PASS), (1, Verdict.PASS), (2, Verdict.FAIL)])
def test_an_objective_is_judged_by_how_many_readings_were_bad(failed: int, verdict: Verdict) -> None:
    gates = {gate.name: gate for gate in parse_json(packed("platform", OBJECTIVE)).gates.bake}
    samples = [
        Sample(at=NOW + timedelta(minutes=minute), value=float(minute < failed and request == 0))
        for minute in range(6)
        for request in range(5)
    ]

    found = recorded(gates["slot-availability"], samples)

    assert found.verdict is verdict, found.because


@pytest.mark.parametrize(
    ("packs", "path", "expected"),
    [
        (["platfrom", "gateway"], "gates.packs[0]", f"{ONE} (did you mean platform?)"),
        ([{"pack": "nodes"}, "gateway"], "gates.packs[0].pack", ONE),
        ([{}, "gateway"], "gates.packs[0].pack", ONE),
        ([7, "gateway"], "gates.packs[0]", ONE),
        (["platform", "gateway", "gateway"], "gates.packs[2]", "each pack once"),
        (["platform", "front-door"], "gates.packs[1].profile", "the ARM id of the Front Door profile"),
        (
            ["platform", {**DOOR, "profile": PROFILE.replace("Cdn/profiles", "Network/frontDoors")}],
            "gates.packs[1].profile",
            "an ARM id /subscriptions/…/resourceGroups/…/providers/Microsoft.Cdn/profiles/…",
        ),
        (["platform", "slo-http"], "gates.packs[1].objective", WANTED),
        (["platform", {**OBJECTIVE, "objective": 1}], "gates.packs[1].objective", "less than 1"),
        (
            ["platform", {**OBJECTIVE, "latency": 9}],
            "gates.packs[1].latency",
            "one of latency_ms, objective, pack, path (did you mean latency_ms?)",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_a_pack_is_told_once_and_where_it_is(packs: list[Any], path: str, expected: str) -> None:
    assert refused(*packs) == {path: expected}


def test_packs_leave_no_question_without_a_deciding_gate() -> None:
    assert sorted(refused("platform")) == ["gates.bake", "gates.switch"]
    assert sorted(refused("gateway")) == ["gates.platform"]


def test_a_gate_that_cannot_stand_in_for_a_packs_is_told_with_the_pack() -> None:
    elsewhere = {"name": "nodes-not-ready", "source": "http", "path": "/", "max": 0}
    beside = {"name": "failed-requests", "source": "http", "path": "/", "max_over_live": 2}

    assert refused("platform", "gateway", functional=[elsewhere]) == {
        "gates.packs[0].platform.nodes-not-ready.level": LEVELS,
        "gates.packs[0].platform.nodes-not-ready.source": "another source: applications are not there yet",
    }
    assert refused("platform", "gateway", switch=[beside]) == {
        "gates.packs[1].gateway.failed-requests.max_over_live": (
            "max or min: the live slot serves nobody during the bake"
        )
    }


def test_a_pack_counts_among_the_gates_of_a_question() -> None:
    many = [{"name": f"own-{i}", "source": "http", "path": "/", "max": 0} for i in range(50)]

    assert refused("platform", "gateway", switch=many) == {"gates.switch": "at most 50 entries"}


def test_rings_share_packs() -> None:
    document = read_yaml(RINGS).data
    document["gates"] = {"packs": ["platform", "gateway"]}
    for ring in document["rings"]:
        ring.pop("gates", None)
    fleets = parse_rings(json.dumps(document)).fleets

    assert len({tuple(names(fleet)["switch"]) for fleet in fleets}) == 1
    assert "unhealthy-hosts" in names(fleets[0])["bake"]


ODD: list[Any] = [None, True, 0, -1, "", "x", [], [[]], {}, {"pack": []}, {"pack": {}}, [None], 10**17, "99%"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_nothing_that_stands_where_a_pack_does_breaks_the_reader(odd: Any) -> None:
    keys = ("pack", "objective", "latency_ms", "path", "profile", "failed_requests", "other")
    packs: list[Any] = [odd, [odd], ["platform", odd], [odd, odd, "gateway"]]
    packs += [[{**pack, key: odd}] for pack in (OBJECTIVE, DOOR, {"pack": "gateway"}) for key in keys]
    documents = [{**packed(), "gates": {**data()["gates"], "packs": each}} for each in packs]
    documents += [packed(*ALL, switch=odd), packed(*ALL, platform=[odd]), packed(*ALL, bake=[{"name": odd}])]

    for document in documents:
        with suppress(Invalid):
            assert parse_json(document).gates.platform
