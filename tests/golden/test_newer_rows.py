"""A newer version began a rollout and was itself rolled back: this one finds its rows in mid flight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.api.http import problem
from shared.errors import Conflict
from shared.model import HoldKind, Outcome, SignalKind
from shared.signals import parse_command
from shared.store.audit import verify
from tests.fleets import ADDRESSES, BLUE, GREEN
from tests.golden.continuing import Continued
from tests.golden.newer import document, keys, left, merged, put

FACTS = {"warm": True, "warmed": {"green": 21.5}, "rollout": {"heat": {"at": "2026-11-21T10:00:00Z"}}}
UNKNOWN = (
    {"rollout": {"stage": "T5"}},
    {"rollout": {"outcome": "half_way"}},
    {"rollout": {"held": {"kind": "weather", "because": "It rains.", "since": "2026-11-21T10:00:00Z"}}},
    {"rollout": {"failures": "none"}},
)


async def ended(it: Continued) -> Outcome | None:
    for _ in range(200):
        rollout = await it.rollout()
        if rollout is not None and rollout.outcome is not None and rollout.wake_at is None:
            return rollout.outcome
        await it.pass_time()
    raise AssertionError(f"it does not end: {await it.rollout()}")


async def say(it: Continued, kind: SignalKind, **body: Any) -> None:
    rollout = await it.rollout()
    named = rollout.id if rollout is not None and kind is not SignalKind.START else None
    signal = parse_command(kind, it.fleet.name, named, body, "olivia@contoso.com", it.clock.at)
    await it.intake.command(signal)


async def problems(it: Continued) -> tuple[str, ...]:
    name = it.fleet.name
    return verify(await it.store.audit(name), (await it.store.load(name)).state)


async def test_what_a_newer_version_remembers_is_still_there_when_it_comes_back() -> None:
    it = await left(FACTS)
    assert await ended(it) is Outcome.COMPLETED
    stored = (await document(it.tables, "contoso", "s-state"))["json"]
    assert merged(stored, FACTS) == stored
    assert (await document(it.tables, "contoso", "h-contoso-0001"))["json"] == stored["rollout"]


async def test_the_trail_that_two_versions_wrote_verifies_and_replays() -> None:
    it = await left(FACTS)
    await it.pass_time()
    assert await problems(it) == ()
    await ended(it)
    assert await problems(it) == ()


async def test_a_hold_that_says_more_keeps_it_for_as_long_as_it_lasts() -> None:
    held = {"kind": "alert", "because": "It fired.", "since": "2026-11-21T10:00:00Z", "until": "noon"}
    it = await left({"rollout": {"held": held}})
    await it.pass_time()
    assert (await document(it.tables, "contoso", "s-state"))["json"]["rollout"]["held"] == held
    await say(it, SignalKind.PAUSE)
    stored = (await document(it.tables, "contoso", "s-state"))["json"]
    assert "until" not in stored["rollout"]["held"], "it is another hold"
    assert await problems(it) == ()


async def test_what_was_remembered_of_a_rollout_goes_with_it() -> None:
    it = await left(FACTS, place="T1 deploy")
    await say(it, SignalKind.ROLLBACK)
    await ended(it)
    await say(it, SignalKind.START, version="1.33.1")
    stored = (await document(it.tables, "contoso", "s-state"))["json"]
    assert stored["rollout"]["id"] == "contoso-0002"
    assert "heat" not in stored["rollout"]
    assert stored["warmed"] == FACTS["warmed"], "what is said of the fleet stays"
    assert await problems(it) == ()


async def test_a_held_version_that_says_more_keeps_it() -> None:
    held = {"version": "1.30.0", "because": "Bad.", "since": "2026-11-21T10:00:00Z", "until": "noon"}
    it = await left({"held_versions": [held]})
    await it.alert()
    assert await ended(it) is Outcome.ROLLED_BACK
    kept = (await document(it.tables, "contoso", "s-state"))["json"]["held_versions"]
    assert [each["version"] for each in kept] == ["1.30.0", "1.32.6"]
    assert kept[0] == held
    assert await problems(it) == ()


async def test_a_plan_is_the_fleet_as_it_lies_there_with_what_only_a_newer_version_reads() -> None:
    it = await left({}, place="T1 deploy")
    applied = await document(it.tables, "contoso", "s-fleet")
    applied["json"]["policy"]["heat"] = 21
    await put(it.tables, "contoso", applied)
    await say(it, SignalKind.ROLLBACK)
    await ended(it)
    await say(it, SignalKind.START, version="1.33.1")
    assert (await document(it.tables, "contoso", "s-plan"))["json"] == applied["json"]


async def test_a_step_that_this_version_does_not_have_is_held_and_says_so() -> None:
    it = await left({"rollout": {"stage": "T3", "step": "warm_up", "entered_at": "2026-11-21T10:00:00Z"}})
    await it.pass_time()
    rollout = await it.rollout()
    assert rollout is not None
    assert rollout.held is not None
    assert rollout.held.kind is HoldKind.GATE
    assert "T3 has no step warm_up" in rollout.held.because
    assert (rollout.step, rollout.wake_at is not None) == ("warm_up", True)
    it.clock.at += timedelta(hours=2)
    await it.tick()
    rollout = await it.rollout()
    assert rollout is not None
    assert rollout.step == "warm_up"
    assert rollout.outcome is None


async def test_a_rollback_out_of_a_step_that_this_version_does_not_have_brings_users_back() -> None:
    it = await left({"rollout": {"stage": "T3", "step": "warm_up", "entered_at": "2026-11-21T10:00:00Z"}})
    await it.pass_time()
    await it.alert()
    record = it.fleet.live_records[0]
    assert it.world.zones.get(record.zone_id, record.name, record.type).targets == (ADDRESSES[BLUE],)
    assert await ended(it) is Outcome.ROLLED_BACK


async def test_a_way_back_with_a_step_that_this_version_does_not_have_begins_anew() -> None:
    it = await left({"rollout": {"step": "warm_down"}}, place="rollback divert", history="alert-in-bake")
    await it.pass_time()
    assert await ended(it) is Outcome.ROLLED_BACK
    record = it.fleet.live_records[0]
    assert it.world.zones.get(record.zone_id, record.name, record.type).targets == (ADDRESSES[BLUE],)


@pytest.mark.parametrize("change", UNKNOWN, ids=("stage", "outcome", "hold", "type"))
async def test_a_state_that_this_version_cannot_read_is_left_alone_with_a_sentence(change: Any) -> None:
    it = await left(change)
    before = await document(it.tables, "contoso", "s-state")
    with pytest.raises(
        Conflict, match="contoso s-state cannot be read by this version of Switchyard"
    ) as told:
        await it.tick()
    assert problem(told.value).status == 409
    assert await document(it.tables, "contoso", "s-state") == before


async def test_other_fleets_are_swept_and_the_unreadable_one_is_asked_after_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    it = await left({})
    await it.store.mark("contoso", active=True, now=it.clock.at)
    unreadable = await document(it.tables, "contoso", "s-state")
    unreadable["json"]["rollout"]["stage"] = "T5"
    for row in (await document(it.tables, "contoso", "s-fleet"), unreadable):
        if "name" in row["json"]:
            row["json"]["name"] = "alien"
        await put(it.tables, "alien", row)
    alien = await it.store.directory()
    assert [entry.name for entry in alien] == ["contoso"]
    await it.store.apply(
        it.fleet.__class__(**{**_fields(it.fleet), "name": "alien"}), if_match=None, now=it.clock.at
    )
    await it.store.mark("alien", active=True, now=it.clock.at)
    it.clock.at += timedelta(hours=1)
    for _ in range(2):
        caplog.clear()
        assert await it.engine.sweep() == ("contoso",)
        assert [r.levelname for r in caplog.records if "alien s-state cannot be read" in r.message] == [
            "CRITICAL"
        ]
    await it.engine.housekeep()
    assert {entry.name for entry in await it.store.directory(active_only=True)} == {"contoso", "alien"}


async def test_an_alert_to_a_fleet_that_cannot_be_read_is_stored_and_acknowledged() -> None:
    it = await left({"rollout": {"stage": "T5"}})
    waiting = await keys(it.tables, "contoso", "p-")
    await it.alert()
    assert len(await keys(it.tables, "contoso", "p-")) == len(waiting) + 1


async def test_a_signal_of_a_kind_that_only_a_newer_version_knows_waits_for_it_and_stops_nothing() -> None:
    it = await left({})
    row = {
        "id": "s1",
        "kind": "weather",
        "fleet": "contoso",
        "at": "2026-11-21T10:00:00Z",
        "because": "It rains.",
    }
    strange = {"RowKey": "p-01795255200000000-strange", "json": row}
    await put(it.tables, "contoso", strange)
    await it.alert()
    assert await ended(it) is Outcome.ROLLED_BACK
    assert await keys(it.tables, "contoso", "p-") == ["p-01795255200000000-strange"]
    it.clock.at += timedelta(hours=1)
    await it.engine.housekeep()
    assert [entry.active for entry in await it.store.directory()] == [True], "a newer version has to find it"


async def test_a_rollout_or_a_verdict_of_a_newer_version_is_an_error_with_a_sentence() -> None:
    it = await left({"rollout": {"stage": "T5"}})
    stored = (await document(it.tables, "contoso", "s-state"))["json"]["rollout"]
    await put(it.tables, "contoso", {"RowKey": "h-contoso-0001", "json": stored})
    with pytest.raises(Conflict, match="h-contoso-0001 cannot be read"):
        await it.store.rollouts("contoso")
    judged = [
        {"gate": "g", "slot": GREEN, "verdict": "lukewarm", "because": "So so.", "at": "2026-11-21T10:00:00Z"}
    ]
    row = {"RowKey": "j-contoso-0001-0000000009-00", "rollout": "contoso-0001", "json": judged}
    await put(it.tables, "contoso", row)
    with pytest.raises(Conflict, match=r"\$\[0\]\.verdict"):
        await it.store.judgements("contoso", "contoso-0001")


async def test_rows_without_what_this_version_added_have_its_defaults() -> None:
    it = await left({})
    row = await document(it.tables, "contoso", "s-state")
    required = {"id", "version", "live", "candidate", "safe", "stage", "step", "because"}
    required |= {"entered_at", "started_at", "started_by"}
    bare = {k: v for k, v in row["json"]["rollout"].items() if k in required}
    row["json"] = {"live": "blue", "epoch": row["json"]["epoch"], "rollout": bare}
    await put(it.tables, "contoso", row)
    rollout = await it.rollout()
    assert rollout is not None
    assert (rollout.shifted, rollout.held, rollout.addresses, rollout.failures) == (False, None, {}, 0)


def _fields(fleet: Any) -> dict[str, Any]:
    return {name: getattr(fleet, name) for name in fleet.__struct_fields__}
