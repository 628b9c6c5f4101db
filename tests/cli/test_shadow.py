"""Whoever looks at a fleet or a rollout in shadow is told so, wherever they look."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml

from cli.view.board import Board
from cli.view.fleet import fleet_text, rollout_line
from cli.view.scene import read_scene
from shared.model import FleetState, Stage
from tests.cli.conftest import Cli
from tests.cli.samples import FLEET, START, Story, as_json, in_sync
from tests.fleet_file.examples import data

SHADOW = msgspec.structs.replace(FLEET, shadow=True)


def shadowed() -> Story:
    """A rollout in shadow that has ordered its switch."""
    story = in_sync().then("goes on", shadow=True)
    return story.walk("shift", stage=Stage.SWITCH).then("points aks at green", shifted=True)


def written(folder: Path, shadow: bool) -> str:
    """An example as a file."""
    file = folder / "fleet.yaml"
    file.write_text(yaml.safe_dump({**data(), "shadow": shadow}), "utf-8")
    return str(file)


def test_the_board_says_it_in_its_title_and_that_the_levers_stay_where_they_are() -> None:
    story = shadowed()
    scene = read_scene(story.fleet_body(), story.rollout_body(), story.audit_body(), story.now)
    lines = [line.plain for line in Board(scene).lines(100, 50)]
    assert "1.32.6  in shadow" in lines[0]
    assert any(line.endswith("aks.contoso.com → blue") for line in lines)


def test_a_rollout_in_one_line_says_it() -> None:
    assert "blue → green  in shadow" in rollout_line(shadowed().rollout).plain
    assert "in shadow" not in rollout_line(in_sync().rollout).plain


def test_a_fleet_says_it() -> None:
    body = {"fleet": as_json(SHADOW), "state": as_json(FleetState(live=FLEET.live))}
    text = fleet_text({**body, "now": as_json(START), "pending": 0}).plain
    assert "notice    it is in shadow: rollouts that begin now decide and record, and change nothing" in text


def test_checking_a_file_says_it(cli: Cli, tmp_path: Path) -> None:
    assert "notice: it is in shadow" in cli("fleet", "validate", written(tmp_path, True)).out
    assert "shadow" not in cli("fleet", "validate", written(tmp_path, False)).out


def test_a_plan_says_that_it_would_be_written_nowhere(cli: Cli, tmp_path: Path) -> None:
    said = cli("plan", written(tmp_path, True), "1.32.6")
    assert said.out.startswith("the fleet is in shadow: a rollout decides all of this and writes none of it")
    assert cli("plan", written(tmp_path, True), "1.32.6", "-o", "json").json["shadow"] is True
    assert "shadow" not in cli("plan", written(tmp_path, False), "1.32.6").out
