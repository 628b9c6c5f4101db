"""Levers of every kind become records and balancers, and what they contradict is named at one of its ends."""

from __future__ import annotations

import msgspec
import pytest

from shared.fleet import Fleet
from shared.fleet_file import parse_json
from shared.levers import THROUGH, Balancer, Member, Record, RecordType, SwitchKind
from tests.fleet_file.examples import (
    CLASSIC_ABOVE,
    FRONT_DOOR,
    LEVER,
    ONE_GATEWAY,
    TRAFFIC_MANAGER,
    changed,
    classic,
    composite,
    data,
    mistakes,
    without,
)


def balancer(fleet: Fleet) -> Balancer:
    """The one lever of a fleet that has no record."""
    (lever,) = fleet.levers
    assert isinstance(lever, Balancer)
    return lever


def test_a_front_door_has_a_second_lever_underneath() -> None:
    lever = balancer(parse_json(data(FRONT_DOOR)))

    assert (lever.kind, lever.name, lever.group) == (SwitchKind.FRONT_DOOR, "afd-contoso", "aks")
    assert (lever.endpoint, lever.rules, lever.propagation_seconds) == ("contoso", "canary", 1200)
    assert [(each.slot, each.name, each.group) for each in lever.members] == [
        ("blue", "blue", "aks-blue"),
        ("green", "green", "aks-green"),
    ]
    assert [record.fqdn for record in lever.beneath] == [
        "origin-blue.contoso.com",
        "origin-green.contoso.com",
    ]


def test_a_record_has_a_second_lever_above() -> None:
    fleet = parse_json(composite())

    assert fleet.above is not None
    assert (fleet.above.kind, fleet.above.label) == (SwitchKind.FRONT_DOOR, "aks of afd-contoso")
    assert {each.slot: each.name for each in fleet.above.members} == {
        "blue": "aks-blue",
        "green": "aks-green",
        THROUGH: "aks-contoso-com",
    }
    assert fleet.above.propagation_seconds == 1200
    assert fleet.levers == fleet.live_records, "what lies above is moved only in an emergency"
    assert fleet == msgspec.structs.replace(parse_json(data()), above=fleet.above)


def test_a_classic_front_door_above_names_its_backends_by_address() -> None:
    fleet = parse_json(composite(CLASSIC_ABOVE))

    assert fleet.above is not None
    assert fleet.above.kind is SwitchKind.FRONT_DOOR_CLASSIC
    assert fleet.above.member(THROUGH).name == "aks.contoso.com"


def test_a_classic_front_door_names_its_backends_by_address() -> None:
    lever = balancer(parse_json(classic(rules="canary")))

    assert (lever.kind, lever.name, lever.group) == (SwitchKind.FRONT_DOOR_CLASSIC, "fd-contoso", "aks")
    assert [each.name for each in lever.members] == ["origin-blue.contoso.com", "203.0.113.20"]
    assert (lever.rules, lever.propagation_seconds) == ("canary", 1200)


def test_a_traffic_manager_has_a_ttl_and_endpoints_with_a_type() -> None:
    lever = balancer(parse_json(data(TRAFFIC_MANAGER)))

    assert (lever.kind, lever.name, lever.group) == (SwitchKind.TRAFFIC_MANAGER, "tm-contoso", "")
    assert (lever.ttl_seconds, lever.propagation_seconds) == (30, 10)
    assert lever.member(lever.members[1].slot) == Member(
        slot=lever.members[1].slot, name="azureEndpoints/green"
    )


def test_one_gateway_in_front_of_both_slots_is_told_apart_by_a_dimension() -> None:
    fleet = parse_json(data(ONE_GATEWAY))
    lever = balancer(fleet)

    assert (lever.kind, lever.group) == (SwitchKind.APPLICATION_GATEWAY, "aks")
    assert {slot.gateway_id for slot in fleet.slots} == {lever.resource_id}
    assert fleet.traffic.dimension == "BackendSettingsPool"
    assert [slot.address for slot in fleet.slots] == ["10.20.1.10", "10.20.1.20"]
    assert {slot.host.kind for slot in fleet.slots} == {SwitchKind.PRIVATE_DNS}


def test_what_a_lever_leaves_out_has_a_default() -> None:
    document = data(TRAFFIC_MANAGER)
    for key in ("ttl", "propagation"):
        del document["live_records"][0][key]
    lever = balancer(parse_json(document))

    assert (lever.ttl_seconds, lever.propagation_seconds) == (30, 10)
    assert balancer(parse_json(without((*LEVER, "propagation"), ONE_GATEWAY))).propagation_seconds == 60
    assert balancer(parse_json(without((*LEVER, "propagation"), FRONT_DOOR))).propagation_seconds == 1200


@pytest.mark.parametrize("record_first", [True, False])
def test_levers_of_both_kinds_keep_the_declared_order(record_first: bool) -> None:
    document = data()
    record, manager = document["live_records"][0], data(TRAFFIC_MANAGER)["live_records"][0]
    second = {**record, "name": "api"}
    document["live_records"] = [record, manager, second] if record_first else [manager, record, second]
    document["hosts"]["cluster"] = "aks.contoso.com" if record_first else "www.contoso.com"

    fleet = parse_json(document)

    kinds = [type(lever) for lever in fleet.levers]
    assert kinds == [Record, Balancer, Record] if record_first else [Balancer, Record, Record]
    assert [record.name for record in fleet.live_records] == ["aks", "api"]
    assert [slot.host.fqdn for slot in fleet.slots] == ["aks-blue.contoso.com", "aks-green.contoso.com"]


def test_an_alias_record_points_at_public_ips_and_not_at_addresses() -> None:
    alias = changed((*LEVER, "alias"), True)
    assert [record.alias for record in parse_json(alias).live_records] == [True]
    assert not parse_json(data()).live_records[0].alias

    del alias["slots"]["green"]["public_ip_id"]
    alias["slots"]["green"]["address"] = "203.0.113.20"
    (mistake,) = mistakes(alias)
    assert mistake[:2] == ("live_records[0].alias", "true")
    assert mistake[2].startswith("false, because slots.green has an address")

    cname = changed((*LEVER, "alias"), True)
    cname["live_records"][0]["type"] = "CNAME"
    assert ("live_records[0].type", '"CNAME"', "A or AAAA, because a slot has a public IP") in mistakes(cname)

    private = changed((*LEVER, "alias"), True, "contoso-private")
    assert [mistake[:2] for mistake in mistakes(private)] == [("live_records[0].alias", "an unknown key")]


@pytest.mark.parametrize(
    ("address", "record_type"),
    [
        ("203.0.113.30", RecordType.A),
        ("2001:db8::30", RecordType.AAAA),
        ("gateway.contoso.net", RecordType.CNAME),
        (None, RecordType.A),
    ],
)
def test_a_slots_own_record_is_of_the_type_that_holds_its_address(
    address: str | None, record_type: RecordType
) -> None:
    document = without(("slots", "green", "host_record", "type"), TRAFFIC_MANAGER)
    if address is not None:
        del document["slots"]["green"]["public_ip_id"]
        document["slots"]["green"]["address"] = address

    assert parse_json(document).slots[1].host.type is record_type
