"""Percent as weights, and which members of a balancer a write changes in which order."""

from __future__ import annotations

import pytest

from shared.azure.front_doors import Held, percent, shares
from shared.azure.switch import Share, changes, percents
from shared.errors import NotFound, Retry
from shared.levers import SwitchKind
from tests.fleets import BLUE, GREEN
from tests.fleets_balanced import balancer

LEVER = balancer(SwitchKind.FRONT_DOOR)
FULL, OUT = Share(1000, enabled=True), Share(1000, enabled=False)
TENTH, REST = Share(100, enabled=True), Share(900, enabled=True)


def late(blue: int, green: int, held_blue: Share, held_green: Share) -> list[tuple[str, Share]]:
    """What is to be changed for these shares."""
    return changes(LEVER, {BLUE: blue, GREEN: green}, {"aks-blue": held_blue, "aks-green": held_green})


def test_who_gets_more_comes_before_who_gets_less() -> None:
    assert late(0, 100, FULL, OUT) == [("aks-green", FULL), ("aks-blue", Share(1, enabled=False))]
    assert late(100, 0, OUT, FULL) == [("aks-blue", FULL), ("aks-green", Share(1, enabled=False))]
    assert late(90, 10, FULL, OUT) == [("aks-green", TENTH), ("aks-blue", REST)]


def test_the_way_back_from_a_canary_is_one_change() -> None:
    assert late(100, 0, REST, TENTH) == [("aks-green", Share(1, enabled=False))]
    assert late(0, 100, Share(500, enabled=True), Share(500, enabled=True)) == [
        ("aks-blue", Share(1, enabled=False))
    ]


def test_a_weight_that_says_nothing_is_left_alone() -> None:
    assert late(100, 0, Share(7, enabled=True), Share(3, enabled=False)) == []
    assert late(90, 10, REST, TENTH) == []


def test_weights_come_back_as_the_percent_that_they_were() -> None:
    for green in range(1, 100):
        written = dict(late(100 - green, green, OUT, OUT))
        assert percents(LEVER, written) == {BLUE: 100 - green, GREEN: green}
        assert all(1 <= share.weight <= 1000 and share.enabled for share in written.values())


def test_members_are_found_by_their_names_in_any_case_among_others() -> None:
    found = [Held("AKS-Blue", True, 900), Held("aks-green", True, 100), Held("maintenance", True, 5)]
    held = shares(LEVER, found)
    assert held == {"aks-blue": REST, "aks-green": TENTH}
    assert percent(LEVER, held) == {BLUE: 90, GREEN: 10}
    with pytest.raises(NotFound, match="aks-green"):
        shares(LEVER, found[:1])


def test_a_weight_that_azure_does_not_say_is_needed_by_two_and_not_by_one() -> None:
    alone = shares(LEVER, [Held("aks-blue", True, None), Held("aks-green", False, None)])
    assert percent(LEVER, alone) == {BLUE: 100}
    both = shares(LEVER, [Held("aks-blue", True, None), Held("aks-green", True, 10)])
    with pytest.raises(Retry, match="weight of aks-blue"):
        percent(LEVER, both)
    assert ("aks-blue", REST) in changes(LEVER, {BLUE: 90, GREEN: 10}, both)
