"""Reads the files that people name on the command line: fleet files and bodies of signals."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from shared.errors import Invalid, Mistake
from shared.fleet import Fleet

if TYPE_CHECKING:
    from shared.fleet_file import Declared

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def fleet_from(file: Path) -> Fleet:
    """The one fleet that a file declares. Raises Invalid with every mistake."""
    from shared.fleet_file import parse  # pydantic is too slow to load for the commands that need none of it

    return parse(text_from(file), str(file))


def declared_by(file: Path) -> Declared:
    """Whatever a file declares: a fleet, or rings. Raises Invalid with every mistake."""
    from shared.fleet_file import read

    return read(text_from(file), str(file))


def text_from(file: Path) -> str:
    """The text of a file. Raises Invalid where it is none."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(str(file), (Mistake("(file)", "other bytes", "UTF-8 text"),)) from error


def address_of(file: Path) -> tuple[str, str]:
    """Where in the API a file belongs: `fleets` or `rings`, and the name in it.

    Nothing else is checked: Switchyard judges the rest. Raises Invalid.
    """
    import yaml

    try:
        document = yaml.safe_load(file.read_bytes())
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        raise Invalid(
            str(file),
            (Mistake("(file)", "no YAML", "a YAML mapping", line + 1 if isinstance(line, int) else None),),
        ) from error
    name = document.get("name") if isinstance(document, dict) else None
    if not isinstance(name, str) or not name:
        raise Invalid(str(file), (Mistake("name", json.dumps(name), "the fleet's name"),))
    return "rings" if "rings" in document else "fleets", name


def looks_like_file(word: str) -> bool:
    """Whether a word that may be a fleet's name or a fleet file is meant as a file."""
    return "/" in word or word.endswith((".yaml", ".yml", ".json"))


def json_from(file: Path | None) -> Any:
    """The JSON in a file, or on stdin, read as strictly as Switchyard reads it. Raises ValueError.

    An editor's byte order mark is left out.
    """
    found = sys.stdin.buffer.read() if file is None else file.read_bytes()
    try:
        return msgspec.json.decode(found.decode("utf-8-sig"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
