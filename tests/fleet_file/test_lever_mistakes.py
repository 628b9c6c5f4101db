"""What levers contradict is named at one of its ends, and a wrong one is told with all that is wrong."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from shared.fleet_file import parse_json, schema
from tests.fleet_file.examples import (
    CLASSIC_ABOVE,
    ELSEWHERE,
    FRONT_DOOR,
    LEVER,
    NETWORK,
    ONE_GATEWAY,
    TRAFFIC_MANAGER,
    Path_,
    changed,
    classic,
    composite,
    data,
    mistakes,
    without,
)

ZONE = f"{NETWORK}/dnszones/contoso.com"
GATEWAY_LOGS = {"name": "logs", "source": "logs", "target": "gateway", "query": "AGWAccessLogs", "max": 0}
CONTRADICTIONS: list[tuple[str, Path_, Any, str, str]] = [
    (FRONT_DOOR, ("exposure",), "private", "live_records[0].switch", "application_gateway, because exposure"),
    (TRAFFIC_MANAGER, ("exposure",), "private", "live_records[0].switch", "because exposure is private"),
    (FRONT_DOOR, (*LEVER, "profile"), f"{ELSEWHERE}/Microsoft.Cdn/profiles/afd", "live_records[0].profile",
     "the fleet's subscription"),
    (ONE_GATEWAY, (*LEVER, "gateway"), f"{ELSEWHERE}/Microsoft.Network/applicationGateways/agw",
     "live_records[0].gateway", "the fleet's subscription"),
    (FRONT_DOOR, (*LEVER, "members", "blue", "beneath", "zone"),
     f"{ELSEWHERE}/Microsoft.Network/dnszones/contoso.com", "live_records[0].members.blue.beneath.zone",
     "the fleet's subscription"),
    (FRONT_DOOR, (*LEVER, "members", "green", "name"), "Blue", "live_records[0].members.green.name",
     "another one than live_records[0].members.blue has"),
    (FRONT_DOOR, (*LEVER, "members", "green", "beneath"), None, "live_records[0].members.green.beneath",
     "or none there"),
    (FRONT_DOOR, (*LEVER, "members", "blue", "beneath"), None, "live_records[0].members.blue.beneath",
     "as live_records[0].members.green.beneath is one"),
    (FRONT_DOOR, (*LEVER, "members", "green", "beneath", "name"), "origin-blue",
     "live_records[0].members.green.beneath.name", "another name than live_records[0].members.blue.beneath"),
    (FRONT_DOOR, (*LEVER, "members", "green", "beneath", "name"), "aks-green",
     "live_records[0].members.green.beneath.name", "another name than hosts.green, which never moves"),
    (FRONT_DOOR, (*LEVER, "members", "green", "beneath", "type"), "CNAME",
     "live_records[0].members.green.beneath.type", "a slot has a public IP"),
    (FRONT_DOOR, (*LEVER, "members", "green", "beneath", "switch"), "private_dns",
     "live_records[0].members.green.beneath.switch", "azure_dns, because exposure is public"),
    (FRONT_DOOR, (*LEVER, "members", "blue", "group"), "AKS", "live_records[0].members.blue.group",
     "a group with blue alone, another one than live_records[0].origin_group"),
    (FRONT_DOOR, (*LEVER, "members", "green", "group"), "aks-blue", "live_records[0].members.green.group",
     "another one than live_records[0].members.blue.group"),
    (FRONT_DOOR, (*LEVER, "rules"), None, "live_records[0].rules", "the canary of shift.match"),
    (FRONT_DOOR, (*LEVER, "members", "green", "group"), None, "live_records[0].members.green.group",
     "which shift.match sends requests to"),
    (FRONT_DOOR, ("hosts", "green"), "green.contoso.net", "hosts.green",
     "a name under contoso.com, the zone of live_records[0].members.green.beneath"),
    (TRAFFIC_MANAGER, ("slots", "green", "host_record"), None, "slots.green.host_record",
     "the zone of aks-green.contoso.com"),
    (TRAFFIC_MANAGER, ("slots", "green", "host_record", "type"), "CNAME", "slots.green.host_record.type",
     "a slot has a public IP"),
    (TRAFFIC_MANAGER, ("traffic", "dimension"), "BackendSettingsPool", "traffic.dimension",
     "no application_gateway is among live_records"),
    (TRAFFIC_MANAGER, ("slots", "green", "gateway_id"), f"{NETWORK}/applicationGateways/agw-BLUE",
     "slots.green.gateway_id", "an application_gateway among live_records that is in front of both"),
    (ONE_GATEWAY, (*LEVER, "gateway"), f"{NETWORK}/applicationGateways/agw-other", "slots.green.gateway_id",
     "that is in front of both"),
    (ONE_GATEWAY, ("traffic", "dimension"), None, "traffic.dimension", "because both slots have one gateway"),
    (ONE_GATEWAY, ("drain",), {"connections_metric": "CurrentConnections"}, "drain.connections_metric",
     "counts connections as a whole"),
    (ONE_GATEWAY, ("gates", "switch", 0), GATEWAY_LOGS, "gates.switch[0].target",
     "whose logs do not tell them apart"),
    (ONE_GATEWAY, ("slots", "green", "address"), "10.20.1.10", "slots.green.address", "the blue slot has"),
    (ONE_GATEWAY, ("slots", "green", "host_record", "type"), "AAAA", "slots.green.address",
     "an IPv6 address, because slots.green.host_record is AAAA"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "value", "place", "expected"), CONTRADICTIONS)
def test_a_contradiction_among_levers_is_named_at_one_of_its_ends(
    name: str, path: Path_, value: Any, place: str, expected: str
) -> None:
    found = mistakes(changed(path, value, name))

    assert any(at == place and expected in wanted for at, _, wanted in found), found


VALUES: list[tuple[str, Path_, Any, str]] = [
    (FRONT_DOOR, ("switch",), "frontdoor", "did you mean front_door?"),
    (FRONT_DOOR, ("switch",), 7, "one of application_gateway, azure_dns, front_door"),
    (FRONT_DOOR, ("profile",), f"{NETWORK}/frontDoors/fd-contoso", "Microsoft.Cdn/profiles"),
    (FRONT_DOOR, ("origin_group",), "-aks", "an origin group"),
    (FRONT_DOOR, ("origin_group",), "aks/origins/x", "an origin group"),
    (FRONT_DOOR, ("endpoint",), "contoso.azurefd.net", "not its host name"),
    (FRONT_DOOR, ("rules",), "canary-rules", "letters and digits"),
    (FRONT_DOOR, ("propagation",), "3h", "at most 2h"),
    (FRONT_DOOR, ("members",), {"blue": {"name": "blue"}}, "what stands for the green slot"),
    (FRONT_DOOR, ("members", "red"), {"name": "red"}, "one of blue, green"),
    (FRONT_DOOR, ("members", "blue", "nam"), "x", "did you mean name?"),
    (FRONT_DOOR, ("ttl",), "30s", "one of endpoint, members"),
    (TRAFFIC_MANAGER, ("members", "blue", "name"), "blue", "TYPE/NAME"),
    (
        TRAFFIC_MANAGER,
        ("members", "blue", "name"),
        "otherEndpoints/blue",
        "azureEndpoints, externalEndpoints",
    ),
    (TRAFFIC_MANAGER, ("members", "blue", "beneath"), {}, "one of name"),
    (TRAFFIC_MANAGER, ("ttl",), 0, "at least 1s"),
    (ONE_GATEWAY, ("rule",), "a/b", "a request routing rule"),
    (ONE_GATEWAY, ("members", "green", "name"), "", "a back-end address pool"),
]


@pytest.mark.parametrize(("name", "path", "value", "expected"), VALUES)
def test_a_wrong_value_of_a_lever_is_named_without_its_branch(
    name: str, path: Path_, value: Any, expected: str
) -> None:
    found = mistakes(changed((*LEVER, *path), value, name))

    place = "live_records[0]." + ".".join(map(str, path))
    assert any(at.startswith(place) and expected in wanted for at, _, wanted in found), found


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        (FRONT_DOOR, ("switch",), "frontdoor"),
        (FRONT_DOOR, ("members", "blue", "nam"), "x"),
        (FRONT_DOOR, ("ttl",), "30s"),
        (TRAFFIC_MANAGER, ("members", "blue", "name"), "blue"),
        ("contoso-private", ("alias",), True),
    ],
)
def test_an_editor_marks_what_is_wrong_in_a_lever_of_its_kind(name: str, path: Path_, value: Any) -> None:
    document = changed((*LEVER, *path), value, name)

    assert not jsonschema.Draft202012Validator(schema()).is_valid(document)


def test_a_lever_without_a_switch_is_told_which_there_are() -> None:
    found = mistakes(without((*LEVER, "switch"), TRAFFIC_MANAGER))

    assert [each[:2] for each in found if each[0].endswith("switch")] == [
        ("live_records[0].switch", "nothing")
    ]
    assert "traffic_manager" in next(wanted for at, _, wanted in found if at.endswith("switch"))


@pytest.mark.parametrize("value", [7, "aks", None, []])
def test_a_lever_that_is_no_mapping_is_named(value: Any) -> None:
    assert ("live_records[0]", "a mapping") in {
        (at, wanted) for at, _, wanted in mistakes(changed(LEVER, value))
    }


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (FRONT_DOOR, "origin_group"),
        (TRAFFIC_MANAGER, "profile"),
        (ONE_GATEWAY, "rule"),
        ("classic", "backend_pool"),
    ],
)
def test_two_levers_must_be_two(name: str, key: str) -> None:
    document = classic() if name == "classic" else data(name)
    twin = dict(document["live_records"][0])
    twin[key] = twin[key].upper().replace("/SUBSCRIPTIONS", "/subscriptions")
    document["live_records"].append(twin)

    wanted = [wanted for at, _, wanted in mistakes(document) if at == f"live_records[1].{key}"]
    assert wanted == ["another lever than live_records[0]"]


def test_a_record_beneath_is_no_live_record_either() -> None:
    document = data(FRONT_DOOR)
    record = {"zone": ZONE, "name": "origin-green", "type": "A", "ttl": "5m", "switch": "azure_dns"}
    document["live_records"].append(record)
    document["shift"] = "full"

    assert [(at, wanted) for at, _, wanted in mistakes(document)] == [
        ("live_records[0].members.green.beneath.name",
         "another name than live_records[1], because each moves by itself"),
    ]  # fmt: skip


def test_a_record_beneath_fits_the_addresses_of_both_slots() -> None:
    document = data(FRONT_DOOR)
    for colour, address in (("blue", "203.0.113.10"), ("green", "2001:db8::20")):
        del document["slots"][colour]["public_ip_id"]
        document["slots"][colour]["address"] = address

    assert [at for at, _, _ in mistakes(document)] == ["slots.green.address"]


@pytest.mark.parametrize("address", ["10.20.1.10", "fd00::10"])
def test_only_behind_a_gateway_may_a_public_fleets_slots_be_private(address: str) -> None:
    document = data(TRAFFIC_MANAGER)
    del document["slots"]["green"]["public_ip_id"]
    document["slots"]["green"]["address"] = address
    document["slots"]["green"]["host_record"]["type"] = "AAAA" if ":" in address else "A"
    assert [at for at, _, _ in mistakes(document)] == ["slots.green.address"]

    document["live_records"] = data(ONE_GATEWAY)["live_records"]
    document["shift"] = "full"
    assert parse_json(document).slots[1].address == address


def test_a_gateway_serves_private_fleets_too() -> None:
    document = changed(("exposure",), "private", ONE_GATEWAY)

    assert parse_json(document).exposure == "private"


@pytest.mark.parametrize(
    ("name", "switch", "key"),
    [
        (FRONT_DOOR, "front-door", "origin_group"),
        (FRONT_DOOR, 7, "origin_group"),
        (TRAFFIC_MANAGER, None, "profile"),
        (ONE_GATEWAY, "ours", "rule"),
        ("contoso-private", "dns", "type"),
        ("classic", "", "backend_pool"),
    ],
)
def test_a_wrong_switch_hides_no_other_mistake(name: str, switch: Any, key: str) -> None:
    document = classic() if name == "classic" else data(name)
    document["live_records"][0] |= {"switch": switch, key: "/"}

    found = mistakes(document)

    assert {"live_records[0].switch", f"live_records[0].{key}"} <= {at for at, _, _ in found}
    assert not any("unknown key" in value for _, value, _ in found), found


ABOVE = "live_records[0].above"
ABOVE_MISTAKES: list[tuple[Path_, Any, str, str]] = [
    (("switch",), "traffic_manager", f"{ABOVE}.switch", "one of front_door, front_door_classic"),
    (("switch",), "frontdoor", f"{ABOVE}.switch", "did you mean front_door?"),
    (("profile",), f"{ELSEWHERE}/Microsoft.Cdn/profiles/afd", f"{ABOVE}.profile", "the fleet's subscription"),
    (("origin",), "-aks", f"{ABOVE}.origin", "the name of an origin"),
    (("members", "blue", "name"), "AKS-contoso-com", f"{ABOVE}.members.blue.name", f"than {ABOVE}.origin"),
    (("members", "green", "name"), "aks-blue", f"{ABOVE}.members.green.name", f"{ABOVE}.members.blue.name"),
    (("members", "green"), None, f"{ABOVE}.members.green", "a mapping"),
    (("members", "blue", "beneath"), {}, f"{ABOVE}.members.blue.beneath", "one of name"),
    (("rules",), "canary", f"{ABOVE}.rules", "one of members, origin"),
    (("propagation",), "3h", f"{ABOVE}.propagation", "at most 2h"),
]


@pytest.mark.parametrize(("path", "value", "place", "expected"), ABOVE_MISTAKES)
def test_what_is_wrong_above_a_record_is_named(path: Path_, value: Any, place: str, expected: str) -> None:
    document = composite()
    here = document["live_records"][0]["above"]
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value

    found = mistakes(document)

    assert any(at == place and expected in wanted for at, _, wanted in found), found


def test_a_classic_front_door_above_passes_on_to_the_records_own_name() -> None:
    found = mistakes(composite({**CLASSIC_ABOVE, "backend": "www.contoso.com"}))

    assert [each[0] for each in found] == [f"{ABOVE}.backend"]
    assert found[0][2] == "aks.contoso.com, the name of live_records[0]"


def test_a_front_door_above_stands_above_the_only_lever() -> None:
    document = composite()
    document["live_records"].append({**document["live_records"][0], "name": "api", "above": None})

    ((place, _, expected),) = mistakes(document)

    assert place == ABOVE
    assert "another of live_records" in expected


def test_there_is_no_front_door_above_a_private_record() -> None:
    document = changed((*LEVER, "above"), composite()["live_records"][0]["above"], "contoso-private")

    assert [each[:2] for each in mistakes(document)] == [(ABOVE, "an unknown key")]


def test_what_is_wrong_with_a_kind_above_hides_nothing_else() -> None:
    document = composite()
    document["live_records"][0]["above"] |= {"switch": "afd", "origin": "-aks"}

    assert {each[0] for each in mistakes(document)} == {f"{ABOVE}.switch", f"{ABOVE}.origin"}
