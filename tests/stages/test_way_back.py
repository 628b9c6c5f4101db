"""How long the way back takes from each place in a rollout."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.fleet import Fleet
from shared.levers import SwitchKind
from shared.model import Outcome, Rollout, Stage
from stages.way_back import way_back
from tests.engine.balanced import balanced
from tests.fleets import BLUE, FLEET
from tests.stages.test_table import NOW
from tests.stages.test_verdicts import rollout


def switched(**facts: object) -> Rollout:
    at = rollout("observe", Stage.SWITCH)
    return msgspec.structs.replace(at, shifted=True, ttl_lowered_at=NOW - timedelta(hours=1), **facts)


def seconds(found: Rollout, fleet: object = FLEET) -> list[tuple[str, float, bool]]:
    back = way_back(fleet, found, NOW)  # type: ignore[arg-type]
    return [(lever.lever, lever.seconds, lever.measured) for lever in back.levers]


def test_before_traffic_moved_there_is_nothing_to_take_back() -> None:
    back = way_back(FLEET, rollout("sync", Stage.SYNC), NOW)
    assert (back.safe, back.possible, back.levers) == (BLUE, True, ())


def test_until_it_was_measured_the_way_back_takes_propagation_and_the_low_ttl() -> None:
    assert seconds(switched()) == [("aks.contoso.com", 60 + 30, False)]


def test_what_was_measured_on_the_way_there_counts_for_the_way_back() -> None:
    measured = switched(follow_seconds={"aks.contoso.com": 140.0})
    assert seconds(measured) == [("aks.contoso.com", 140.0, True)]


def test_a_ttl_that_is_restored_makes_the_way_back_longer_than_the_way_there() -> None:
    restored = msgspec.structs.replace(
        switched(follow_seconds={"aks.contoso.com": 100.0}), ttl_lowered_at=None
    )
    assert seconds(restored) == [("aks.contoso.com", 60 + 300 + 10, True)]


LABEL = "aks of contoso-edge"
STANDARD, CLASSIC = balanced(SwitchKind.FRONT_DOOR), balanced(SwitchKind.FRONT_DOOR_CLASSIC)
STEPPED = balanced(SwitchKind.FRONT_DOOR, steps=True)
ASKED_FOR = balanced(SwitchKind.FRONT_DOOR, steps=True, canary=True)


@pytest.mark.parametrize(
    ("fleet", "facts", "changes"),
    [
        (CLASSIC, {}, 1),
        (STANDARD, {}, 2),
        (STEPPED, {"step": "ramp"}, 1),
        (ASKED_FOR, {"step": "ramp"}, 1),
        (ASKED_FOR, {"step": "ramp", "portion": 1}, 2),
        (ASKED_FOR, {}, 3),
        (ASKED_FOR, {"stage": Stage.RETIRE, "step": "bake"}, 2),
    ],
    ids=["classic", "all", "a share", "a canary", "both", "all and a canary", "no canary any more"],
)
def test_a_front_door_goes_back_in_as_many_changes_as_it_takes(
    fleet: Fleet, facts: dict[str, object], changes: int
) -> None:
    assert seconds(switched(**facts), fleet) == [(LABEL, changes * 1200, False)]
    measured = switched(follow_seconds={LABEL: 1500.0}, **facts)
    assert seconds(measured, fleet) == [(LABEL, changes * 1500, True)]


def test_the_change_that_is_under_way_comes_first() -> None:
    told = switched(ordered_at={LABEL: NOW - timedelta(minutes=5)})
    assert seconds(told, CLASSIC) == [(LABEL, 15 * 60 + 1200, False)]


def test_a_front_door_goes_back_by_what_lies_beneath_it() -> None:
    above = switched(follow_seconds={LABEL: 2400.0}, ordered_at={LABEL: NOW})
    beneath = balanced(SwitchKind.FRONT_DOOR, beneath=True)
    assert seconds(above, beneath) == [("aks of contoso-edge", 60 + 60, False)]


def test_from_destroy_on_there_is_no_way_back_and_nobody_says_there_is() -> None:
    for gone in (switched(destroying=True), switched(outcome=Outcome.COMPLETED)):
        back = way_back(FLEET, gone, NOW)
        assert (back.possible, back.levers) == (False, ())
