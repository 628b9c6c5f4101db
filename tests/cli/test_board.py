"""The board: what a person sees of a rollout, at every width."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from cli.view.board import Board
from cli.view.scene import Scene, Served, read_scene
from shared.model import Hold, HoldKind, Stage, Verdict
from tests.cli.conftest import Cli, squeezed
from tests.cli.fake_api import FakeApi
from tests.cli.samples import BLUE, GREEN, Story, in_sync, rolled_back


def scene_of(story: Story) -> Scene:
    """The scene that the API's answers make."""
    return read_scene(story.fleet_body(), story.rollout_body(), story.audit_body(), story.now)


def shown(scene: Scene, width: int = 100, height: int = 50) -> list[str]:
    """The board's lines as text."""
    return [line.plain for line in Board(scene).lines(width, height)]


def line_of(lines: list[str], word: str) -> str:
    """The one line that has `word`."""
    (found,) = [line for line in lines if word in line]
    return found


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("story", [in_sync(), rolled_back()], ids=["in sync", "rolled back"])
def test_no_line_is_wider_than_the_terminal(story: Story, width: int) -> None:
    served = {"blue": Served(12_345_678, 999), "green": Served(0, 0)}
    board = Board(replace(scene_of(story), served=served))
    assert max(line.cell_len for line in board.lines(width, 50)) <= width


@pytest.mark.parametrize("height", [16, 24, 50])
def test_the_board_is_never_taller_than_the_terminal(height: int) -> None:
    story = rolled_back()
    for number in range(20):
        story.judged(f"gate_{number}", GREEN, Verdict.PASS, because="fine", value=1.0, limit=2.0)
    assert len(shown(scene_of(story), height=height)) <= height


def test_the_present_stage_is_unfolded_and_its_step_says_why_it_waits() -> None:
    lines = shown(scene_of(in_sync()))
    present = squeezed(line_of(lines, "▶ sync"))
    assert present == "▶ sync green is syncing: 1 of 2 configurations is compliant 45s"
    assert squeezed(line_of(lines, "✓ freeze")) == "✓ freeze freeze is done 1m 00s"
    assert squeezed(line_of(lines, "T0 prepare")) == "✓ T0 prepare admit · preflight · baseline 3m 00s"
    assert line_of(lines, "T4 retire").startswith(" · T4 retire")


def test_steps_that_the_fleet_does_not_ask_for_are_not_shown() -> None:
    text = "\n".join(shown(scene_of(in_sync())))
    assert "approve_" not in text
    assert "functional_tests" not in text
    assert "unfreeze" in text


def test_a_gate_shows_value_limit_unit_and_verdict() -> None:
    lines = shown(scene_of(rolled_back()))
    assert "gates ✗ failed_requests green 6.2% ≤ 1% fail" in squeezed(line_of(lines, "failed_requests"))
    assert squeezed(line_of(lines, "nodes_ready")) == "✓ nodes_ready green 3 ≥ 3 pass"


def test_the_traffic_follows_the_live_records() -> None:
    story = in_sync()
    assert "100%" in line_of(shown(scene_of(story)), " traffic ")
    assert any(line.endswith("aks.contoso.com → blue") for line in shown(scene_of(story)))
    story.walk("shift", stage=Stage.SWITCH).then("points aks at green", shifted=True)
    assert any(line.endswith("aks.contoso.com is being moved") for line in shown(scene_of(story)))
    story.then("seen at green", moved_at=story.now, step="converge")
    assert any(line.endswith("aks.contoso.com → green") for line in shown(scene_of(story)))


def test_a_measured_share_is_shown_instead_of_the_promise() -> None:
    story = in_sync().walk("shift", stage=Stage.SWITCH)
    story.then("seen at green", shifted=True, moved_at=story.now, step="converge")
    story.now += timedelta(seconds=60)
    story.claim(story.rollout, "green serves 75%", requests={"blue": 300.0, "green": 900.0})
    lines = shown(scene_of(story))
    assert "25%" in line_of(lines, " traffic ")
    assert "75%" in line_of(lines, " candidate")


def test_requests_served_and_failed_are_counted_where_they_are_known() -> None:
    served = {"blue": Served(12_480, 0), "green": Served(1_201, 66)}
    lines = shown(replace(scene_of(in_sync()), served=served))
    assert line_of(lines, " live ").endswith("12,480 served  0 failed")
    assert line_of(lines, " candidate ").endswith("1,201 served  66 failed")


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (HoldKind.GATE, "promote"),
        (HoldKind.DEADLINE, "promote"),
        (HoldKind.PERSON, "resume"),
        (HoldKind.ALERT, "resume"),
    ],
)
def test_a_hold_shows_its_reason_and_the_command_that_answers_it(kind: HoldKind, answer: str) -> None:
    story = in_sync()
    hold = Hold(kind=kind, because="2 of 10 samples are beyond the limit", since=story.now)
    lines = shown(scene_of(story.then("held", held=hold)))
    assert "‖ sync" in line_of(lines, "2 of 10 samples are beyond the limit")
    assert f"switchyard {answer} contoso-public" in line_of(lines, " waits ")
    assert "held" in lines[0]


def test_a_lever_that_others_moved_waits_for_no_command() -> None:
    story = in_sync()
    hold = Hold(kind=HoldKind.DRIFT, because="somebody else moved it", since=story.now)
    assert not [line for line in shown(scene_of(story.then("held", held=hold))) if " waits " in line]


def test_a_rollback_shows_the_step_that_failed_and_the_way_back() -> None:
    lines = shown(scene_of(rolled_back()))
    assert "✗ observe" in line_of(lines, "T3 switch")
    assert line_of(lines, "T4 retire").startswith(" – T4 retire")
    assert squeezed(line_of(lines, "✓ divert")) == "✓ divert pointed back 1m 00s"
    assert lines[0].endswith("rolled back in 22m 45s")
    assert lines[-1] == " because  6.2% is beyond the limit of 1% in 3 of 5 samples"


def test_a_pipe_gets_the_board_without_colour(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    out = cli("rollout", "show", "contoso-public").out
    assert "▶ sync" in out
    assert "\x1b" not in out


def test_slots_keep_their_colour_whatever_their_role() -> None:
    def bars(scene: Scene) -> list[str]:
        lines = [line for line in Board(scene).lines(100, 50) if "%" in line.plain]
        return [str(span.style) for line in lines for span in line.spans if "bold" in str(span.style)]

    story = in_sync()
    swapped = replace(scene_of(story), rollout=replace(story.rollout, live=GREEN, candidate=BLUE))
    assert bars(scene_of(story)) == bars(swapped)
