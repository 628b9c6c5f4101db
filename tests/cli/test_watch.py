"""Watching a rollout: it ends when the rollout does, with an exit code that says how."""

from __future__ import annotations

import json

from shared.model import Hold, HoldKind, Outcome, Stage
from tests.cli.conftest import Cli, squeezed
from tests.cli.fake_api import FakeApi
from tests.cli.samples import Story, in_sync, rolled_back

WATCH = ("rollout", "show", "contoso-public", "--watch", "--every", "0.01")


def _nothing(_: Story) -> None:
    """Nothing has changed since the last look."""


def _completes(story: Story) -> None:
    story.then("blue is gone", stage=Stage.RETIRE, step="report")
    story.then("all done", outcome=Outcome.COMPLETED, ended_at=story.now)


def test_a_watch_on_a_pipe_prints_each_transition_once_and_ends_with_it(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    api.turns = [_nothing, _nothing, lambda s: s.walk("sync_gate"), _nothing, _completes]
    ran = cli(*WATCH)
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert len(lines) == len(set(lines))
    assert squeezed(lines[0]) == "12:00:00 T0 prepare → admit version 1.32.6 was published"
    assert squeezed(lines[-3]) == "12:09:45 T2 sync sync → sync_gate sync is done"
    assert squeezed(lines[-1]) == "12:11:45 T4 retire report → completed all done"


def test_a_watched_rollout_that_went_back_is_a_no(cli: Cli, api: FakeApi) -> None:
    api.story = rolled_back()
    ran = cli(*WATCH)
    assert ran.code == 1
    assert "observe → rollback divert" in ran.out
    assert "hold_version → rolled back" in ran.out


def test_a_hold_is_told_when_it_begins_and_when_it_ends(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    hold = Hold(kind=HoldKind.PERSON, because="ann paused it", since=api.story.now)
    api.turns = [
        lambda s: s.then("held: ann paused it", held=hold),
        lambda s: s.then("goes on: ann resumed it", held=None),
        _completes,
    ]
    told = [squeezed(line) for line in cli(*WATCH).out.splitlines()]
    assert [line for line in told if "ann" in line] == [
        "12:09:45 T2 sync sync held held: ann paused it",
        "12:10:45 T2 sync sync goes on goes on: ann resumed it",
    ]


def test_a_watch_as_json_is_a_document_a_line(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    api.turns = [_nothing, lambda s: s.walk("sync_gate"), _completes]
    ran = cli(*WATCH, "-o", "json")
    steps = [json.loads(line)["rollout"]["step"] for line in ran.out.splitlines()]
    assert (ran.code, steps) == (0, ["sync", "sync_gate", "report"])
