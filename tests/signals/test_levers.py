"""Levers that are no records: what an alert or a change on one of them, or on a part of it, is about."""

from __future__ import annotations

import pytest

from shared.fleet_file import parse, parse_json
from shared.signals.matching import match
from tests.fleet_file.examples import TEXTS, classic
from tests.signals.bodies import SUBSCRIPTION, entry

NETWORK = f"{SUBSCRIPTION}/resourceGroups/rg-network/providers"
AFD = f"{NETWORK}/Microsoft.Cdn/profiles/afd-contoso"


@pytest.mark.parametrize(
    ("fleet", "resource_id"),
    [
        ("contoso-front-door", AFD),
        ("contoso-front-door", f"{AFD}/originGroups/aks"),
        ("contoso-front-door", f"{AFD}/origingroups/AKS/origins/green"),
        ("contoso-front-door", f"{AFD}/originGroups/aks-green"),
        ("contoso-front-door", f"{NETWORK}/Microsoft.Network/dnszones/contoso.com/A/origin-green"),
        ("contoso-traffic-manager", f"{NETWORK}/Microsoft.Network/trafficManagerProfiles/tm-contoso"),
        (
            "contoso-traffic-manager",
            f"{NETWORK}/Microsoft.Network/trafficManagerProfiles/tm-contoso/azureEndpoints/green",
        ),
        ("contoso-one-gateway", f"{NETWORK}/Microsoft.Network/applicationGateways/agw-contoso"),
        (
            "contoso-one-gateway",
            f"{NETWORK}/Microsoft.Network/applicationGateways/agw-contoso/backendAddressPools/green",
        ),
    ],
)
def test_a_balancer_and_what_it_is_made_of_are_the_whole_fleets(fleet: str, resource_id: str) -> None:
    directory = (entry(parse(TEXTS[fleet])),)

    (found,) = match([resource_id], directory)

    assert (found.fleet, found.slot) == (fleet, None)


def test_a_classic_front_door_and_its_pool_are_the_whole_fleets() -> None:
    directory = (entry(parse_json(classic())),)
    front_door = f"{NETWORK}/Microsoft.Network/frontDoors/fd-contoso"

    for resource_id in (front_door, f"{front_door}/backendPools/aks"):
        assert [found.slot for found in match([resource_id], directory)] == [None]
    assert match([f"{front_door}/backendPools/other"], directory) == ()


def test_what_else_lies_in_a_balancer_is_nobodys() -> None:
    directory = (entry(parse(TEXTS["contoso-front-door"])),)

    assert match([f"{AFD}/originGroups/shop", f"{AFD}/originGroups/aks/origins/yellow"], directory) == ()
