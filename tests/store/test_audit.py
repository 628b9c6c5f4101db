"""The audit trail replays to the state, and whoever changes a word of it is found out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import FleetState, Hold, HoldKind, Sample, Stage
from shared.ports import AuditEntry, Row
from shared.probes import Answer, GateReading, Probe, Reading
from shared.store.audit import difference, digest, entry, patched, verify
from tests.fleets import BLUE, GREEN
from tests.store.samples import NOW, decision, fleet, gate, later, rollout, seen

replace = msgspec.structs.replace

names = st.sampled_from(["a", "b", "c"])
leaves = st.sampled_from([False, 0, 1, 1.5, "", "x", [], [None], ["x", {"a": 1}]])
documents = st.dictionaries(
    names, st.recursive(leaves, lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=6)
)


def trail() -> tuple[list[AuditEntry], FleetState]:
    """Four claims that enter steps, hold, learn facts and forget them again, and the state they end in."""
    row, entries = Row(fleet=fleet(), state=FleetState(live=BLUE)), list[AuditEntry]()
    held = replace(rollout(step="preflight"), held=Hold(kind=HoldKind.PERSON, because="Wait.", since=NOW))
    for state in (
        rollout(),
        held,
        replace(held, held=None, baseline={"errors": 1.0}),
        rollout(step="deploy"),
    ):
        decided = decision(row, state, because=f"It enters {state.step}.")
        before = row.state if row.etag else None
        entries.append(entry(before, decided, seen(at=later(row.state.epoch)), row.audit_head))
        row = replace(row, state=decided.state, etag="any", audit_head=entries[-1].hash)
    return entries, row.state


@given(documents, documents)
def test_a_change_applied_to_the_state_before_gives_the_state_after(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert patched(before, difference(before, after)) == after


def test_a_change_is_an_rfc_7396_merge_patch_of_what_differs() -> None:
    entries, _ = trail()
    assert entries[1].change == {
        "epoch": 2,
        "rollout": {
            "step": "preflight",
            "held": {"kind": "person", "because": "Wait.", "since": "2026-11-21T04:00:00Z"},
        },
    }
    assert entries[2].change == {"epoch": 3, "rollout": {"held": None, "baseline": {"errors": 1.0}}}


def test_an_untouched_trail_has_no_problem() -> None:
    entries, state = trail()
    assert verify(entries, state) == ()
    assert verify([], None) == ()


def test_a_trail_read_back_from_json_has_no_problem() -> None:
    entries, state = trail()
    again = msgspec.json.decode(msgspec.json.encode(entries), type=list[AuditEntry])
    assert verify(again, msgspec.json.decode(msgspec.json.encode(state), type=FleetState)) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("because", "It was fine."),
        ("who", "somebody@contoso.com"),
        ("at", NOW + timedelta(hours=1)),
        ("actions", [{"type": "thaw", "slot": "blue"}]),
        ("seen", {}),
        ("signals", ["event-9"]),
    ],
)
def test_an_altered_word_is_found(field: str, value: object) -> None:
    entries, state = trail()
    entries[1] = replace(entries[1], **{field: value})
    assert verify(entries, state) == ("epoch 2 was altered: its hash does not match what it says",)


def test_an_altered_word_with_a_new_hash_breaks_the_chain() -> None:
    entries, state = trail()
    forged = replace(entries[1], because="It was fine.")
    entries[1] = replace(forged, hash=digest(forged))
    assert verify(entries, state) == ("epoch 3 is not chained to epoch 2: it names another hash",)


def test_a_missing_entry_is_named() -> None:
    entries, state = trail()
    assert verify([entries[0], *entries[2:]], state) == ("epoch 2 is missing: epoch 3 stands in its place",)


def test_a_missing_newest_entry_is_found_by_the_stored_state() -> None:
    entries, state = trail()
    problems = verify(entries[:-1], state)
    assert problems == (
        "the trail does not replay to the stored state: epoch is 3 by the trail and 4 as stored",
    )


def test_a_state_that_was_changed_behind_the_trail_is_found_with_its_first_difference() -> None:
    entries, state = trail()
    assert state.rollout is not None
    tampered = replace(state, rollout=replace(state.rollout, stage=Stage.RETIRE, safe=GREEN))
    (problem,) = verify(entries, tampered)
    assert 'rollout.safe is "blue" by the trail and "green" as stored' in problem
    forgotten = replace(state, rollout=None)
    (problem,) = verify(entries, forgotten)
    assert "absent as stored" in problem


def test_what_was_seen_is_kept_as_it_was_seen() -> None:
    kept = trail()[0][0].seen
    answers = [
        (msgspec.convert(probe, Probe), msgspec.convert(answer, Answer)) for probe, answer in kept["answers"]
    ]
    assert dict(answers) == seen().answers


def test_the_same_claim_has_the_same_hash_in_whatever_order_it_was_seen() -> None:
    row, looked = Row(fleet=fleet(), state=FleetState(live=BLUE)), seen()
    turned = replace(looked, answers=dict(reversed(list(looked.answers.items()))))
    decided = decision(row, rollout())
    assert entry(None, decided, looked, "") == entry(None, decided, turned, "")


def test_what_is_too_large_to_keep_says_so_and_still_verifies() -> None:
    row = Row(fleet=fleet(), state=FleetState(live=BLUE))
    flood = Reading(tuple(Sample(at=later(n), value=float(n)) for n in range(6_000)), "metrics", NOW, NOW)
    huge = replace(seen(), answers={GateReading(gate("flood"), GREEN): flood})
    decided = decision(row, rollout())
    only = entry(None, decided, huge, "")
    assert only.seen == {"truncated": True}
    assert verify([only], decided.state) == ()
