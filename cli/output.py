"""Decides how an answer is shown: as text for a person, or as the JSON that the API gave. Knows no command.

The exit codes are part of the contract: see `Exit`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from cli.client import Problem
from shared.errors import Invalid


class Exit(IntEnum):
    """What the exit code says. `NO`: refused, invalid, not verified, or not completed under --watch."""

    OK = 0
    NO = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


class No(Exception):
    """The answer is no, and everything about it has been printed."""


class Output:
    """Where a command prints. `as_json` is the user's `-o json`."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def show(self, body: Any, text: Callable[[Any], str | Text | None]) -> None:
        """Print `body` as JSON, or what `text` makes of it."""
        if self.as_json:
            self.json(body)
        elif (words := text(body)) is not None:
            self.text(words)

    def json(self, body: Any) -> None:
        """Print a JSON document, indented, in the order in which it came."""
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))

    def json_line(self, body: Any) -> None:
        """Print a JSON document on one line, for a stream of them."""
        click.echo(json.dumps(body, ensure_ascii=False))

    def text(self, words: str | Text) -> None:
        """Print text as it is: no markup is read in it, and a pipe gets no colour and no line breaks."""
        console().print(words, soft_wrap=True, markup=False, highlight=False, emoji=False)

    def progress(self, words: str) -> None:
        """Tell a person who waits at a terminal for what; a log has no use for it."""
        if sys.stderr.isatty():
            click.echo(words, err=True)

    def refuse(self, problem: Problem) -> None:
        """Print a problem document: JSON to stdout, or its sentence and its mistakes to stderr."""
        if self.as_json:
            self.json(problem.body)
        else:
            self.complain(str(problem), problem.mistakes)

    def invalid(self, invalid: Invalid) -> None:
        """Print what is wrong with a file, in the shape of the API's own problem documents."""
        mistakes = [mistake._asdict() for mistake in invalid.mistakes]
        if self.as_json:
            self.json({"title": "The input has mistakes", "detail": str(invalid), "mistakes": mistakes})
        else:
            self.complain(str(invalid), mistakes)

    def complain(self, sentence: str, mistakes: list[dict[str, Any]]) -> None:
        """Say no on stderr, with every mistake on a line of its own."""
        if not mistakes:
            click.echo(sentence, err=True)
            return
        click.echo(sentence.split(": ", 1)[0] + ":", err=True)
        for mistake in mistakes:
            click.echo(f"  {mistake_line(mistake)}", err=True)


def mistake_line(mistake: dict[str, Any]) -> str:
    """`line 12: slots[0].address: got 1.2.3, expected an IP address`."""
    line = mistake.get("line")
    where = f"line {line}: " if line is not None else ""
    return f"{where}{mistake['path']}: got {mistake['value']}, expected {mistake['expected']}"


def console(*, stderr: bool = False) -> Console:
    """A console on the present stdout or stderr; colour only on a terminal, and never with NO_COLOR."""
    return Console(stderr=stderr, highlight=False)
