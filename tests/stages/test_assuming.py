"""Orders that are taken as carried out: what they answer, and where they have sent users."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from shared.actions import (
    Action,
    DestroyCluster,
    PointRecord,
    SetMatch,
    SetWeights,
    StartCluster,
    StopCluster,
)
from shared.assumed import Assumed
from shared.fleet import Fleet
from shared.levers import THROUGH, SwitchKind
from shared.model import Stage
from shared.probes import BalancerSeen, BalancerState, ClusterSeen, ClusterState, RecordSeen, RecordState
from stages.assuming import answered, ordered, users
from stages.plan import plan
from tests.engine.balanced import CANARY, balanced
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.fleets_balanced import composite_fleet

RECORD = FLEET.live_records[0]
DOOR = balanced(SwitchKind.FRONT_DOOR, beneath=True, steps=True, canary=True)
ABOVE = composite_fleet()


def after(*actions: Action) -> Assumed:
    """What is assumed after these orders, the first of epoch 1."""
    assumed = Assumed()
    for epoch, action in enumerate(actions, start=1):
        assumed = ordered(assumed, BLUE, action, epoch)
    return assumed


def at(slot: str, record: object = RECORD) -> PointRecord:
    """The order that points a record at a slot."""
    return PointRecord(record, slot, ADDRESSES[slot], 30, "etag")  # type: ignore[arg-type, index]


def test_what_was_not_ordered_is_not_known() -> None:
    assumed = after(at(GREEN))
    assert answered(assumed, RecordState(FLEET.slot(GREEN).host)) is None
    assert answered(assumed, ClusterState(GREEN)) is None


def test_a_record_holds_its_newest_order() -> None:
    seen = answered(after(at(GREEN), at(BLUE)), RecordState(RECORD))
    assert seen == RecordSeen(exists=True, targets=(ADDRESSES[BLUE],), ttl_seconds=30, etag="", epoch=2)


def test_a_canary_stays_while_weights_change_until_it_is_lifted() -> None:
    (door,) = DOOR.balancers
    tried = (SetMatch(door, CANARY, GREEN), SetWeights(door, {"blue": 0, "green": 100}))
    assert answered(after(tried[0]), BalancerState(door)) == BalancerSeen(
        {"blue": 100}, matched="green", epoch=0
    )
    assert answered(after(*tried), BalancerState(door)) == BalancerSeen(
        {"green": 100}, matched="green", epoch=2
    )
    lifted = answered(after(*tried, SetMatch(door, CANARY, None)), BalancerState(door))
    assert lifted == BalancerSeen({"green": 100}, epoch=2)


def test_a_cluster_that_was_started_again_is_asked_again() -> None:
    stopped = answered(after(StopCluster(BLUE)), ClusterState(BLUE))
    assert isinstance(stopped, ClusterSeen)
    assert stopped.power == "Stopped"
    assert answered(after(StopCluster(BLUE), StartCluster(BLUE)), ClusterState(BLUE)) is None
    assert answered(after(DestroyCluster(BLUE, None)), ClusterState(BLUE)) == ClusterSeen(exists=False)


(door,), over = DOOR.balancers, ABOVE.above
assert over is not None
(edge,) = (each.beneath for each in door.members if each.slot == BLUE)
assert edge is not None


@pytest.mark.parametrize(
    ("fleet", "actions", "ways", "green"),
    [
        (FLEET, (), {}, 0),
        (FLEET, (at(GREEN),), {}, 100),
        (FLEET, (at(GREEN, FLEET.slot(GREEN).host),), {}, 0),
        (DOOR, (SetWeights(door, {"blue": 90, "green": 10}),), {}, 10),
        (DOOR, (at(GREEN, edge),), {}, 0),
        (DOOR, (at(GREEN, edge),), {"beneath": True}, 100),
        (ABOVE, (SetWeights(over, {"green": 100}),), {"above": True}, 100),
        (ABOVE, (SetWeights(over, {THROUGH: 100}),), {"above": True}, 0),
        (ABOVE, (at(GREEN), SetWeights(over, {THROUGH: 100})), {"above": True}, 100),
    ],
)
def test_users_are_where_the_levers_were_told_to_send_them(
    fleet: Fleet, actions: tuple[Action, ...], ways: dict[str, bool], green: float
) -> None:
    assert users(fleet, BLUE, after(*actions), **ways) == {"blue": 100 - green, "green": green}


def test_users_of_several_levers_count_the_same() -> None:
    both = msgspec.structs.replace(FLEET, balancers=DOOR.balancers)
    half = users(both, BLUE, after(SetWeights(door, {"green": 100})))
    assert half == {"blue": 50, "green": 50}


def test_a_plan_lifts_the_canary_that_it_has_set() -> None:
    writes = plan(DOOR, "1.32.6", datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    canaries = [(each.stage, each.action.slot) for each in writes if isinstance(each.action, SetMatch)]
    assert canaries == [(Stage.SWITCH, GREEN), (Stage.SWITCH, None)]
