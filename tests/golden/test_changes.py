"""What is listed as meant is let through, that alone, and only while it makes a difference."""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from tests.golden.changes import Behaviour, Field, Look, Sentence, Table, differences
from tests.golden.history import History, names, read

# Nothing is meant but what makes a difference in every history: the fields that today's code remembers since,
# and the sentences that it says otherwise.
NONE = Table(looks=(), behaviours=())


def table(**entries: Any) -> Table:
    fields = (*NONE.fields, *entries.pop("fields", ()))
    sentences = (*NONE.sentences, *entries.pop("sentences", ()))
    return msgspec.structs.replace(NONE, **entries, fields=fields, sentences=sentences)


def edited(epoch: int, **fields: Any) -> History:
    """A history in which another version decided otherwise at one epoch."""
    history = read("good")
    trail = copy.deepcopy(history.trail)
    trail[epoch - 1]["json"].update(fields)
    return msgspec.structs.replace(history, trail=trail)


def found(history: History, table: Table) -> list[tuple[int, tuple[str, ...]]]:
    return [(each.epoch, each.what) for each in differences(history, table)]


def test_a_sentence_that_was_reworded_is_let_through_in_its_words_alone() -> None:
    then = edited(19, because="makes the TTL of aks.contoso.com shorter, it is 30 s now")
    assert found(then, NONE) == [(19, ("because",))]
    old, new = r"makes the TTL of (\S+) shorter, it is (\d+ s) now", r"lowers the TTL of \1 to \2"
    assert found(then, table(sentences=(Sentence(old, new, "shorter"),))) == []
    assert found(then, table(sentences=(Sentence(old, "lowers it", "shorter"),))) != []


def test_an_action_is_let_through_for_the_history_and_the_epochs_that_are_listed() -> None:
    then = edited(19, actions=[])
    for history, epochs, what, left in (
        ("good", (19,), ("actions",), []),
        ("good", (19,), ("because",), [(19, ("actions",))]),
        ("good", (18,), ("actions",), [(19, ("actions",))]),
        ("bare", (19,), ("actions",), [(19, ("actions",))]),
    ):
        assert found(then, table(behaviours=(Behaviour(history, epochs, what, "why"),))) == left


def test_a_difference_names_rollout_epoch_and_step_and_both_sentences() -> None:
    (difference,) = differences(edited(19, because="It shortens the TTL."), NONE)
    said = str(difference)
    assert "good: contoso-0001 epoch 19, T2 lower_ttl: because" in said
    assert "recorded: It shortens the TTL." in said
    assert "today:    lowers the TTL of aks.contoso.com to 30 s" in said


def test_a_field_that_nobody_knew_then_is_let_through_by_its_path() -> None:
    change = copy.deepcopy(read("good").trail[0]["json"]["change"])
    del change["rollout"]["template_version"]
    then = edited(1, change=change)
    assert (1, ("state",)) in found(then, NONE)
    assert found(then, table(fields=(Field("rollout.template_version", "since then"),))) == []


def test_what_nobody_looked_at_then_is_not_decided_again() -> None:
    then = edited(19, seen={"answers": [], "signals": [], "results": []})
    assert "asks" in found(then, NONE)[0][1]
    assert found(then, table(looks=(Look("record_state", "since then"),))) == []


def test_what_is_listed_still_makes_a_difference() -> None:
    listed = Table()
    for name in Table.__struct_fields__:
        entries = getattr(listed, name)
        for entry in entries:
            without = tuple(each for each in entries if each is not entry)
            rest = msgspec.structs.replace(listed, **{name: without})
            assert any(any(differences(read(each), rest)) for each in names()), f"{entry} changes nothing"
