"""The board as a picture for a page: drawn while the new cluster bakes, when there is most to see."""

from __future__ import annotations

import io
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from cli.view.board import Board
from cli.view.scene import Scene
from sandbox.demo.screen import Screen

_STEP = "bake"
_COLUMNS = 112
_ROWS = 44


class PictureScreen:
    """Shows what another screen shows, and keeps one look at the board as an SVG file."""

    def __init__(self, shown: Screen, path: Path) -> None:
        self._shown = shown
        self._path = path

    def __enter__(self) -> Self:
        self._shown.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown.__exit__(kind, error, trace)

    def say(self, words: str) -> None:
        """One line of what the demo itself does."""
        self._shown.say(words)

    def show(self, scene: Scene) -> None:
        """The rollout as it is now; the last look at the bake stays in the file."""
        self._shown.show(scene)
        if scene.rollout.step == _STEP:
            paper = Console(
                record=True, width=_COLUMNS, height=_ROWS, file=io.StringIO(), force_terminal=True
            )
            paper.print(Board(scene))
            paper.save_svg(str(self._path), title="switchyard rollout show --watch")
