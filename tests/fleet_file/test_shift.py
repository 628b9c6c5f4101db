"""The plan of a switch and the proofs around it: what a file says, and which levers refuse it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from shared.fleet import MatchStep, Ring, Shift, WeightStep
from shared.fleet_file import parse_json, schema
from shared.levers import Match
from shared.safety import AfterDrain, Drain, Names, Readiness
from tests.fleet_file.examples import (
    FRONT_DOOR,
    NAMES,
    ONE_GATEWAY,
    TRAFFIC_MANAGER,
    Path_,
    changed,
    data,
    mistakes,
    without,
)

STEPS = [{"weight": 10, "hold": "10m"}]
MATCH = {"cookie": "canary", "value": "always", "hold": "5m"}


def test_a_ramp_has_a_canary_weights_holds_and_gates() -> None:
    fleet = parse_json(data(FRONT_DOOR))
    gates = {gate.name: gate for gate in fleet.gates.switch}

    assert fleet.shift == Shift(
        match=MatchStep(
            match=Match(header="X-Canary", value="always"),
            hold_seconds=300,
            gates=(gates["unhealthy-hosts"], gates["healthz"]),
        ),
        steps=(
            WeightStep(weight=10, hold_seconds=600, gates=(gates["failed-share"], gates["unhealthy-hosts"])),
            WeightStep(weight=50, hold_seconds=600, gates=fleet.gates.switch),
        ),
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", ["full", None, "left out"])
def test_without_a_plan_everything_moves_at_once(name: str, change: str | None) -> None:
    document = data(name)
    document["shift"] = change
    if change == "left out":
        del document["shift"]

    assert parse_json(document).shift == Shift()
    if change is not None:
        jsonschema.Draft202012Validator(schema()).validate(document)


def test_a_plan_may_be_a_canary_or_weights_alone() -> None:
    alone = parse_json(changed(("shift",), {"match": MATCH}, FRONT_DOOR)).shift
    weights = parse_json(changed(("shift",), {"steps": STEPS}, FRONT_DOOR)).shift

    assert alone.steps == ()
    assert alone.match is not None
    assert alone.match.match == Match(cookie="canary", value="always")
    assert weights.match is None
    assert [step.weight for step in weights.steps] == [10]


@pytest.mark.parametrize("name", ["contoso-public", "contoso-private", ONE_GATEWAY])
def test_a_lever_that_moves_everything_at_once_refuses_weights(name: str) -> None:
    kind = data(name)["live_records"][0]["switch"]
    (mistake,) = mistakes(changed(("shift",), {"steps": STEPS}, name))

    reason = f"live_records[0] is {kind}, which moves everything at once"
    able = "front_door, front_door_classic, traffic_manager can do weights"
    assert mistake == ("shift.steps", "a list", f"nothing here, because {reason}; {able}")


@pytest.mark.parametrize("name", ["contoso-public", TRAFFIC_MANAGER, ONE_GATEWAY])
def test_a_lever_that_cannot_tell_requests_apart_refuses_a_canary(name: str) -> None:
    kind = data(name)["live_records"][0]["switch"]
    (mistake,) = mistakes(changed(("shift",), {"match": MATCH}, name))

    reason = f"live_records[0] is {kind}, which cannot tell requests apart"
    able = "front_door, front_door_classic can"
    assert mistake == ("shift.match", "a mapping", f"nothing here, because {reason}; {able}")


def test_one_lever_of_several_that_cannot_is_enough() -> None:
    document = data(FRONT_DOOR)
    document["live_records"] += data(TRAFFIC_MANAGER)["live_records"] + data()["live_records"]

    found = mistakes(document)

    assert [at for at, _, _ in found] == ["shift.match", "shift.match", "shift.steps"]
    assert ["live_records[1] is traffic_manager" in wanted for _, _, wanted in found].count(True) == 1
    assert ["live_records[2] is azure_dns" in wanted for _, _, wanted in found].count(True) == 2


def test_a_canary_needs_rules_and_a_group_for_each_slot() -> None:
    document = data(FRONT_DOOR)
    lever = document["live_records"][0]
    del lever["rules"], lever["members"]["blue"]["group"], lever["members"]["green"]["group"]

    assert [at for at, _, _ in mistakes(document)] == [
        "live_records[0].members.blue.group",
        "live_records[0].members.green.group",
        "live_records[0].rules",
    ]
    document["shift"] = {"steps": STEPS}
    assert parse_json(document).shift.match is None


STEP: Path_ = ("shift", "steps", 1)
WRONG: list[tuple[Path_, Any, str, str]] = [
    (("shift",), {}, "shift", "match, steps or both"),
    (("shift",), {"match": None, "steps": None}, "shift", "match, steps or both"),
    (("shift",), "half", "shift", "a mapping with match and steps, or full"),
    (("shift",), 50, "shift", "a mapping with match and steps, or full"),
    (("shift", "stepps"), [], "shift.stepps", "did you mean steps?"),
    (("shift", "steps"), [], "shift.steps", "at least 1 entry"),
    ((*STEP, "weight"), 10, "shift.steps[1].weight", "more than 10, the weight of shift.steps[0]"),
    ((*STEP, "weight"), 5, "shift.steps[1].weight", "more than 10"),
    ((*STEP, "weight"), 100, "shift.steps[1].weight", "at most 99"),
    ((*STEP, "weight"), 0, "shift.steps[1].weight", "at least 1"),
    ((*STEP, "weight"), "50%", "shift.steps[1].weight", "a whole number"),
    ((*STEP, "hold"), "30s", "shift.steps[1].hold", "at least 1m"),
    ((*STEP, "gates"), ["latency"], "shift.steps[1].gates[0]",
     "a gate in gates.switch: gates.switch[0] is failed-share, gates.switch[1] is unhealthy-hosts"),
    ((*STEP, "gates"), [], "shift.steps[1].gates", "at least 1 entry"),
    (("shift", "match", "gates"), ["home-page"], "shift.match.gates[0]", "a gate in gates.switch"),
    (("shift", "match", "cookie"), "canary", "shift.match", "exactly one of header and cookie"),
    (("shift", "match", "header"), None, "shift.match", "exactly one of header and cookie"),
    (("shift", "match", "header"), "X: Canary", "shift.match.header", "the name of a header"),
    (("shift", "match", "value"), "a;b", "shift.match.value", "letters, digits, hyphens and dots"),
    (("deadlines", "ramp"), "25m", "deadlines.ramp",
     "more than the 1500 s that shift.steps[0].hold, shift.steps[1].hold, shift.match.hold take"),
    (("names",), {"ask": False, "resolvers": ["10.0.0.4"]}, "names.resolvers", "because names.ask is false"),
    (("names", "resolvers"), ["dns.contoso.com"], "names.resolvers[0]", "the IP address of a resolver"),
    (("drain", "connections_metric"), None, "drain.connections_metric", "drain.connections_max is the limit"),
    (("drain", "then"), "destroy", "drain.then", "one of hold, retire"),
    (("readiness", "every"), "5s", "readiness.every", "at least 30s, or 0 for never"),
    (("readiness", "capacity"), "120%", "readiness.capacity", "a share such as 1%"),
    (("readiness", "path"), "healthz", "readiness.path", "a path such as /healthz"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "place", "expected"), WRONG)
def test_a_plan_that_makes_no_sense_is_named_where_it_does_not(
    path: Path_, value: Any, place: str, expected: str
) -> None:
    found = mistakes(changed(path, value, FRONT_DOOR))

    assert any(at == place and expected in wanted for at, _, wanted in found), found


def test_a_ring_follows_another_fleet_by_gates_on_its_own_that_need_no_baseline() -> None:
    document = changed(("ring",), {"after": "contoso-ring0", "hold": "24h"})
    fleet = parse_json(document)
    named = {**document, "ring": {**document["ring"], "gates": ["unhealthy-hosts"]}}
    failed, unhealthy, *others = fleet.gates.bake

    assert [gate.name for gate in others] == ["failed-share", "backend-latency"]
    assert fleet.ring == Ring(after="contoso-ring0", hold_seconds=86_400, gates=(failed, unhealthy))
    assert parse_json(named).ring == Ring(after="contoso-ring0", hold_seconds=86_400, gates=(unhealthy,))
    assert parse_json(data()).ring is None


@pytest.mark.parametrize(
    ("ring", "place", "expected"),
    [
        ({"after": "contoso-public", "hold": "24h"}, "ring.after", "another fleet than this one"),
        ({"after": "Ring 0", "hold": "24h"}, "ring.after", "lower-case letters"),
        ({"hold": "24h"}, "ring.after", "the name of the fleet that gets a version first"),
        ({"after": "ring0"}, "ring.hold", "for how long"),
        (
            {"after": "ring0", "hold": "1h", "gates": ["backend-latency"]},
            "ring.gates[0]",
            "no baseline for gates.bake[3].max_over_baseline",
        ),
        ({"after": "ring0", "hold": "1h", "gates": ["healthz"]}, "ring.gates[0]", "a gate in gates.bake"),
    ],
)
def test_a_ring_that_makes_no_sense_is_named(ring: dict[str, Any], place: str, expected: str) -> None:
    found = mistakes(changed(("ring",), ring))

    assert any(at == place and expected in wanted for at, _, wanted in found), found


def test_a_ring_without_any_gate_to_judge_by_is_refused() -> None:
    document = changed(("ring",), {"after": "ring0", "hold": "1h"})
    document["gates"]["bake"] = document["gates"]["bake"][3:]

    assert [at for at, _, _ in mistakes(document)] == ["ring.gates"]


KQL = "AppRequests | where Cluster == '{cluster}' | project TimeGenerated, value = 1"
ADVICE = [
    {"source": "http", "path": "/", "max": 0, "dry_run": True},
    {"source": "logs", "target": "cluster", "query": KQL, "anomaly": {}},
]


@pytest.mark.parametrize("advice", ADVICE, ids=["dry run", "anomaly"])
@pytest.mark.parametrize("place", [(*STEP, "gates"), ("shift", "match", "gates")])
def test_a_portion_that_only_advice_would_judge_is_refused(
    place: tuple[str | int, ...], advice: dict[str, Any]
) -> None:
    document = changed(place, ["advice"], FRONT_DOOR)
    document["gates"]["switch"].append({"name": "advice", **advice})

    assert [(at, found) for at, found, _ in mistakes(document)] == [
        (".".join(map(str, place)).replace(".1", "[1]"), "gates that only advise")
    ]
    portion = document["shift"]["match"] if "match" in place else document["shift"]["steps"][1]
    portion["gates"] = ["advice", "failed-share"]
    assert parse_json(document).shift.steps


@pytest.mark.parametrize("advice", ADVICE, ids=["dry run", "anomaly"])
def test_a_ring_that_only_advice_would_judge_is_refused(advice: dict[str, Any]) -> None:
    document = changed(("ring",), {"after": "ring0", "hold": "1h"})
    dry = {"name": "advice", **advice}
    document["gates"]["bake"] = [*document["gates"]["bake"][3:], dry]

    assert [at for at, _, _ in mistakes(document)] == ["ring.gates"]


def test_every_weight_must_rise_above_the_highest_before_it() -> None:
    steps = [{"weight": weight, "hold": "5m"} for weight in (10, 50, 20, 40, 60)]

    assert [at for at, _, _ in mistakes(changed(("shift", "steps"), steps, FRONT_DOOR))] == [
        "shift.steps[2].weight",
        "shift.steps[3].weight",
    ]


@pytest.mark.parametrize(
    ("resolver", "fits"),
    [
        ("10.0.0.4", True),
        ("10.0.0.4:53", True),
        ("fd00::4", True),
        ("[fd00::4]:5353", True),
        ("[10.0.0.4]:53", False),
        ("10.0.0.4:0", False),
        ("10.0.0.4:65536", False),
        ("10.0.0.4:+53", False),
        ("10.0.0.4:", False),
        ("[fd00::4]", False),
        ("fe80::1%eth0", False),
        ("[fe80::1%eth0]:53", False),
        ("resolver", False),
        (":53", False),
    ],
)
def test_a_resolver_is_an_address_with_a_port_or_without(resolver: str, fits: bool) -> None:
    document = changed(("names",), {"resolvers": [resolver, resolver]})

    if fits:
        assert parse_json(document).names == Names(ask=True, resolvers=(resolver,), owners=True, writers=True)
    else:
        assert {at for at, _, _ in mistakes(document)} == {"names.resolvers[0]", "names.resolvers[1]"}


def test_the_proofs_of_a_file_are_on_unless_it_says_otherwise() -> None:
    document = data()
    for key in ("names", "drain", "readiness"):
        del document[key]
    fleet = parse_json(document)

    assert fleet.names == Names(ask=True, owners=True, writers=True)
    assert fleet.drain == Drain()
    assert fleet.readiness == Readiness(every_seconds=180)

    off = {"names": {"ask": False, "owners": False, "writers": False}, "readiness": {"every": 0}}
    quiet = parse_json({**document, **off})
    assert (quiet.names, quiet.readiness) == (Names(), Readiness())


def test_the_proofs_of_a_file_become_numbers() -> None:
    fleet = parse_json(data(TRAFFIC_MANAGER))

    assert fleet.drain == Drain(
        connections_metric="CurrentConnections", connections_max=5.0, then=AfterDrain.RETIRE
    )
    assert fleet.readiness == Readiness(
        every_seconds=180, path="/healthz", certificate_seconds_min=86_400, capacity_min=0.5, load_max=0.8
    )


@pytest.mark.parametrize("key", ["shift", "names", "drain", "readiness"])
def test_a_section_of_the_switch_may_be_left_out(key: str) -> None:
    assert parse_json(without((key,))).name == "contoso-public"
