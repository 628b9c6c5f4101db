"""Watches a rollout to its end: a live board on a terminal, lines on a pipe, a JSON document per change.

Decides how often to ask. Refuses to give up on a Switchyard that is away for a moment: it may be restarting.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.live import Live

from cli.client import Api, Unreachable
from cli.context import Desk
from cli.output import console
from cli.view.board import Board
from cli.view.plain import line
from cli.view.scene import Scene, read_scene
from shared.model import Outcome

AWAY_SECONDS_MAX = 60.0


class Look:
    """Looks at one rollout again and again, and reads its trail anew only when it has gone on."""

    def __init__(self, api: Api, fleet: str, rollout_id: str) -> None:
        self._api = api
        self._fleet = fleet
        self._rollout_id = rollout_id
        self._place: tuple[object, ...] = ()
        self._trail: Any = None

    def again(self) -> Scene:
        """The rollout at this moment; `current` is the one that was current at first. Raises like `Api`."""
        about = self._api.get("fleets", self._fleet).body
        found = self._api.get("fleets", self._fleet, "rollouts", self._rollout_id).body
        rollout = found["rollout"]
        self._rollout_id = rollout["id"]
        place = tuple(rollout.get(name) for name in ("id", "stage", "step", "held", "outcome"))
        if place != self._place:
            self._trail = self._api.get("fleets", self._fleet, "rollouts", rollout["id"], "audit").body
            self._place = place
        return read_scene(about, found, self._trail, _now(about))


def watch(desk: Desk, fleet: str, rollout_id: str, *, plain: bool, every_seconds: float) -> Outcome:
    """Show a rollout until it has ended, and return how. Raises Problem, Unreachable."""
    screen = console()
    board = screen.is_terminal and not plain and not desk.output.as_json
    told = -1
    holder: AbstractContextManager[Live | None] = (
        Live(console=screen, auto_refresh=False, transient=False) if board else nullcontext()
    )
    with holder as live:
        for scene in _scenes(Look(desk.api, fleet, rollout_id), every_seconds):
            if live is not None:
                live.update(Board(scene), refresh=True)
            else:
                told = _tell(desk, scene, told)
            if scene.rollout.outcome is not None:
                return scene.rollout.outcome
    raise AssertionError("scenes end only with their rollout")


def _scenes(look: Look, every_seconds: float) -> Iterator[Scene]:
    """A scene after each pause, patient with a Switchyard that has answered once."""
    yield look.again()
    heard = time.monotonic()
    while True:
        time.sleep(every_seconds)
        try:
            scene = look.again()
        except Unreachable:
            if time.monotonic() - heard > AWAY_SECONDS_MAX:
                raise
            continue
        heard = time.monotonic()
        yield scene


def _tell(desk: Desk, scene: Scene, told: int) -> int:
    """Print what is new since the epoch `told`; returns the newest epoch."""
    fresh = [passage for passage in scene.story if passage.epoch > told]
    if desk.output.as_json and (fresh or told < 0):
        desk.output.json_line(
            msgspec.to_builtins(
                {"rollout": scene.rollout, "judgements": scene.judgements, "way_back": scene.way_back}
            )
        )
    elif not desk.output.as_json:
        for passage in fresh:
            click.echo(line(passage))
    return max([told, 0, *(passage.epoch for passage in fresh)])


def _now(about: Mapping[str, Any]) -> datetime:
    """Switchyard's own time, which is not ours while it rehearses."""
    told = about.get("now")
    return msgspec.convert(told, datetime) if told else datetime.now(UTC)
