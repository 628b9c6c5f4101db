"""Where the demo is shown: the live board on a terminal, lines anywhere else. Decides nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cli.view.board import Board
from cli.view.plain import line
from cli.view.scene import Scene
from cli.view.words import PAST, WAITS


class Screen(Protocol):
    """What the demo tells people through."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def say(self, words: str) -> None:
        """One line of what the demo itself does."""

    def show(self, scene: Scene) -> None:
        """The rollout as it is now."""


class BoardScreen:
    """A board that is redrawn in place; what the demo does stands above it, and the newest of it below."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=False)
        self._started = False
        self._notes: list[Text] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._started:
            self._live.stop()

    def say(self, words: str) -> None:
        """Above the board before it is there, below it afterwards."""
        if self._started:
            self._notes = [Text(), Text(f" demo     {words}", WAITS)]
        else:
            self._console.print(Text(f" demo     {words}", PAST))

    def show(self, scene: Scene) -> None:
        """Draw the board anew."""
        if not self._started:
            self._console.print()
            self._live.start()
            self._started = True
        self._live.update(Board(scene, self._notes), refresh=True)


class PlainScreen:
    """One line for each transition and for each thing that the demo does."""

    def __init__(self) -> None:
        self._epoch = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was taken."""

    def say(self, words: str) -> None:
        """A line of the demo's own."""
        print(f"demo      {words}", flush=True)

    def show(self, scene: Scene) -> None:
        """Only what is new."""
        for passage in scene.story:
            if passage.epoch > self._epoch:
                self._epoch = passage.epoch
                print(line(passage), flush=True)


def screen(console: Console, *, plain: bool) -> Screen:
    """The board where there is a terminal to draw it on."""
    return PlainScreen() if plain or not console.is_terminal else BoardScreen(console)


def lines(console: Console, texts: Sequence[Text]) -> None:
    """Print lines that a pipe gets in full."""
    for text in texts:
        console.print(text, soft_wrap=True)
