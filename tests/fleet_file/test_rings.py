"""A file with rings: the fleets that it declares, and each of its mistakes where people wrote it."""

from __future__ import annotations

import copy
import json
import re
from random import Random
from typing import Any

import jsonschema
import msgspec
import pytest

from shared.errors import Invalid
from shared.fleet import Fleet
from shared.fleet_file import parse, parse_rings, read, schema
from shared.fleet_file.ring_checks import FOLLOW_SECONDS_MAX
from shared.model import Stage
from stages.runbook import RUNBOOK
from tests.fleet_file.examples import ONE_GATEWAY, TEXTS, data, paths
from tests.fleet_file.examples import RINGS as TEXT

NAMES = ["contoso-ring0", "contoso-ring1", "contoso-ring2"]


def fleets(document: dict[str, Any]) -> tuple[Fleet, ...]:
    """The fleets of a document with rings."""
    return parse_rings(json.dumps(document)).fleets


def mistakes(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The path, the value and the expectation of every mistake."""
    with pytest.raises(Invalid) as caught:
        read(json.dumps(document))
    return [(mistake.path, mistake.value, mistake.expected) for mistake in caught.value.mistakes]


def rings() -> dict[str, Any]:
    """The example as plain data, the caller's own copy."""
    return data("contoso-rings")


def test_each_ring_is_a_fleet_that_follows_the_one_before_it() -> None:
    declared = read(TEXT)

    assert (declared.name, declared.rings) == ("contoso", True)
    assert [fleet.name for fleet in declared.fleets] == NAMES
    assert {fleet.chain for fleet in declared.fleets} == {"contoso"}
    first, second, third = (fleet.ring for fleet in declared.fleets)
    assert first is None
    assert second is not None
    assert (second.after, second.hold_seconds) == (NAMES[0], 86_400)
    assert [gate.name for gate in second.gates] == ["failed-requests"]
    assert third is not None
    assert (third.after, third.hold_seconds) == (NAMES[1], 172_800)
    assert [gate.name for gate in third.gates] == ["failed-requests", "unhealthy-hosts"]


def test_a_ring_is_the_fleet_that_a_file_of_its_own_would_declare() -> None:
    document = rings()
    ring = document.pop("rings")[1]
    follows = {"after": NAMES[0], "hold": ring.pop("hold"), "gates": ring.pop("gates")}
    alone = parse(json.dumps({**document, **ring, "name": NAMES[1], "ring": follows}))

    assert read(TEXT).fleets[1] == msgspec.structs.replace(alone, chain="contoso")


def test_a_ring_says_the_whole_of_what_it_says_for_itself() -> None:
    document = rings()
    document["approvals"] = {"start": True}

    found = [(fleet.approvals.start, fleet.approvals.switch) for fleet in fleets(document)]

    assert found == [(True, False), (True, False), (False, True)]


def test_the_schema_knows_both_kinds_of_file() -> None:
    validator = jsonschema.Draft202012Validator(schema())

    validator.validate(rings())
    for key in ("hosts", "ring", "nonsense"):
        assert not validator.is_valid({**rings(), key: data().get(key, {})}), key
    assert not validator.is_valid({**data(), "nonsense": 1})
    assert TEXT.startswith("# yaml-language-server: $schema=../schema/fleet.schema.json\n")


def test_mistakes_come_at_once_with_the_line_and_the_place_where_people_wrote_them() -> None:
    text = (
        TEXT.replace("exposure: public", "exposure: publik")
        .replace("        name: ring1\n", "        nane: ring1\n")
        .replace("    hold: 2d", "    hold: soon")
    )

    with pytest.raises(Invalid) as caught:
        read(text)

    lines = text.splitlines()
    found = {mistake.path: mistake for mistake in caught.value.mistakes}
    assert {"exposure", "rings[1].live_records[0].nane", "rings[2].hold"} <= found.keys()
    assert len([path for path in found if path == "exposure"]) == 1
    for path, mistake in found.items():
        assert mistake.line is not None
        assert path.rsplit(".", 1)[-1] in lines[mistake.line - 1] or mistake.value == "nothing", path


WRONG: list[tuple[tuple[str | int, ...], Any, str, str]] = [
    (("rings", 1, "name"), "ring0", "rings[1].name", "another name than rings[0].name"),
    (("rings", 1, "name"), "Ring 1", "rings[1].name", "lower-case letters"),
    (
        ("rings", 1, "name"),
        "r" * 33,
        "rings[1].name",
        "at most 32 characters, because the fleet's name contoso-r",
    ),
    (("name",), "c" * 40, "name", "at most 38 characters"),
    (("rings", 0, "hold"), "1h", "rings[0].hold", "nothing here, because the first ring follows none"),
    (("rings", 1, "hold"), None, "rings[1].hold", "for how long that fleet must be well"),
    (("rings", 1, "gates"), ["backend-latency"], "rings[1].gates[0]", "another fleet has no baseline"),
    (
        ("rings", 2, "hold"),
        "29d",
        "rings[2].hold",
        "because the holds up to here take 2592000 s",
    ),
    (("deadlines", "follow"), "2d", "rings[2].hold", "and deadlines.follow is 172800 s"),
    (("rings", 1, "gates"), ["none"], "rings[1].gates[0]", "the name of a gate in gates.bake"),
    (("rings", 1, "policy"), {}, "rings[1].policy", "one of approvals, gates, hold, hosts"),
    (("rings", 2, "live"), "red", "rings[2].live", "one of blue, green"),
    (("live",), None, "rings[1].live", "blue or green: the slot that serves users today"),
    (("rings",), [], "rings", "at least 1 entry"),
    (("rings",), "ring0", "rings", "a list of rings"),
    (("ring",), {"after": "a", "hold": "1h"}, "ring", "each ring follows the one before it"),
    (("hosts",), {}, "hosts", "each ring has its own"),
    (("slots",), {}, "slots", "each ring has its own"),
    (("nonsense",), 1, "nonsense", "one of alerts, approvals, deadlines"),
    (
        ("policy", "switch_ttl"),
        "10m",
        "policy.switch_ttl",
        "the TTL of 300 s in rings[2].live_records[0].ttl",
    ),
    (
        ("rings", 1, "hosts", "blue"),
        "a.example.com",
        "rings[1].hosts.blue",
        "the zone of rings[1].live_records[0]",
    ),
    (
        ("rings", 1, "hosts", "green"),
        "ring1-blue.contoso.com",
        "rings[1].hosts.green",
        "another name than rings[1].hosts.blue",
    ),
]


@pytest.mark.parametrize(("path", "value", "place", "expected"), WRONG)
def test_a_mistake_is_told_where_it_was_written(
    path: tuple[str | int, ...], value: Any, place: str, expected: str
) -> None:
    document = rings()
    here: Any = document
    for key in path[:-1]:
        here = here[key]
    if value is None:
        del here[path[-1]]
    else:
        here[path[-1]] = value

    found = mistakes(document)

    assert [told for at, _, told in found if at == place and expected in told], found


SHARED: list[tuple[tuple[str | int, ...], str]] = [
    (("slots", "blue", "cluster_id"), "another cluster than rings[0].slots.blue.cluster_id"),
    (("slots", "green", "gateway_id"), "another gateway than rings[0].slots.green.gateway_id"),
    (("slots", "green", "public_ip_id"), "another public IP than rings[0].slots.green.public_ip_id"),
    (("hosts", "blue"), "another name than rings[0].hosts.blue"),
    (("live_records", 0, "name"), "another name than rings[0].hosts.cluster"),
]


@pytest.mark.parametrize(("path", "expected"), SHARED)
def test_what_two_rings_may_not_both_have_is_told(path: tuple[str | int, ...], expected: str) -> None:
    document = rings()
    here, there = document["rings"][1], document["rings"][0]
    for key in path[:-1]:
        here, there = here[key], there[key]
    taken = there[path[-1]]
    here[path[-1]] = taken.upper() if path[0] == "hosts" else taken

    found = mistakes(document)

    assert [told for at, _, told in found if at.startswith("rings[1]") and told == expected], found


def test_what_users_know_may_be_the_same_for_all_rings() -> None:
    document = rings()
    for ring in document["rings"]:
        ring["hosts"]["official"] = "shop.contoso.com"

    assert {fleet.hosts.official for fleet in fleets(document)} == {"shop.contoso.com"}


def behind_one_gateway() -> dict[str, Any]:
    """Two rings behind one gateway on purpose: each by a rule and by pools of its own."""
    document = data(ONE_GATEWAY)
    own = {key: document.pop(key) for key in ("hosts", "live_records", "slots")}
    first, second = (
        copy.deepcopy(own),
        json.loads(
            json.dumps(own).replace("aks-blue", "aks-b").replace("aks-green", "aks-g").replace("10.", "11.")
        ),
    )
    second["hosts"]["cluster"] = "two.contoso.com"
    second["live_records"][0]["rule"] = "two"
    for colour in ("blue", "green"):
        second["live_records"][0]["members"][colour]["name"] = f"two-{colour}"
    document["rings"] = [{"name": "ring0", **first}, {"name": "ring1", "hold": "1h", **second}]
    return document


def test_rings_share_a_gateway_where_it_is_the_lever_of_both() -> None:
    document = behind_one_gateway()

    assert len({slot.gateway_id for fleet in fleets(document) for slot in fleet.slots}) == 1

    document["rings"][1]["live_records"][0]["rule"] = document["rings"][0]["live_records"][0]["rule"]
    document["rings"][1]["live_records"][0]["members"]["blue"]["name"] = "blue"
    assert [(at, told) for at, _, told in mistakes(document)] == [
        (
            "rings[1].live_records[0].members.blue.name",
            "another back-end pool than rings[0].live_records[0].members.blue.name",
        ),
        ("rings[1].live_records[0].rule", "another lever than rings[0].live_records[0].rule"),
    ]


def test_the_holds_of_all_rings_are_held_against_the_deadline_of_the_step_that_waits() -> None:
    (follow,) = (step for step in RUNBOOK[Stage.PREPARE] if step.name == "follow")

    assert follow.deadline_seconds == FOLLOW_SECONDS_MAX


def test_a_file_of_one_fleet_is_no_file_of_rings_and_the_other_way_round() -> None:
    with pytest.raises(Invalid, match="rings: got nothing, expected a list of rings"):
        parse_rings(TEXTS["contoso-public"])
    with pytest.raises(Invalid, match="several fleets, where one is asked for"):
        parse(TEXT)
    assert read(TEXTS["contoso-public"]).fleets == (parse(TEXTS["contoso-public"]),)


ODD: tuple[Any, ...] = (None, "", "x", 7, -1, True, [], {}, [{}], ["x"], {"x": 1}, "\x1b[2J")


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_wrong_is_told_with_a_place_of_this_file(seed: int) -> None:
    chance = Random(seed)
    for _ in range(6):
        document = rings()
        path = chance.choice(paths(document))
        here: Any = document
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = chance.choice(ODD)
        try:
            read(json.dumps(document))
        except Invalid as error:
            places = {mistake.path for mistake in error.mistakes}
            known = {"name", *document}
            assert all(re.split(r"[.\[]", place)[0] in known | {"rings"} for place in places), (path, places)
