"""Change any one thing in a good file: it stays valid, or the error names what was changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import batched
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Invalid, Mistake
from shared.fleet_file import parse, parse_json
from shared.fleet_file.tree import dotted, read_yaml, shown
from tests.fleet_file.examples import NAMES, TEXTS, Path_, changed, data, paths, without

PATHS = {name: paths(data(name)) for name in NAMES}
ODD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from(
        ["", " ", "@", "5m", "1%", "blue", "A", "aks.contoso.com", "::1", "10.0.0.1", "/", "é", "x" * 500]
    ),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from([*data(), "gates", "slots", "hosts", "policy"])


def error_of(read: Callable[[], object]) -> Invalid | None:
    """The error of a reading, None if it went well."""
    try:
        read()
    except Invalid as error:
        return error
    return None


GONE = object()
CHANGES: dict[str, Any] = {
    "left out": GONE,
    "null": None,
    "text": "x",
    "empty text": "",
    "blank text": " ",
    "long text": "x" * 10_000,
    "odd text": "\x1b[2J\u202e\x00",
    "half a character": "\ud800",
    "number": 7,
    "zero": 0,
    "fraction": 0.5,
    "negative": -1,
    "negative fraction": -0.5,
    "huge": 10**17,
    "enormous": 10**400,
    "infinite": float("inf"),
    "true": True,
    "empty list": [],
    "list": [None, 7],
    "long list": [7] * 2000,
    "empty mapping": {},
    "mapping": {"x": 1},
}


def made(name: str, path: Path_, value: Any) -> dict[str, Any]:
    """The example with one change."""
    return without(path, name) if value is GONE else changed(path, value, name)


def is_named(mistake: Mistake, path: Path_) -> bool:
    """Whether the mistake is the field's own or of something in it, or says its key beside its holder."""
    field, holder = dotted(path), dotted(path[:-1]) if path[:-1] else ""
    own = re.fullmatch(rf"{re.escape(field)}([.\[].*)?", mistake.path) is not None
    if own or field in str(mistake):
        return True
    if isinstance(path[-1], int):
        return mistake.path == holder
    return holder in str(mistake) and re.search(rf"\b{re.escape(path[-1])}\b", mistake.expected) is not None


def names(error: Invalid, path: Path_) -> bool:
    """Whether the error speaks of the value at `path`."""
    return any(is_named(mistake, path) for mistake in error.mistakes)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_every_field_is_valid_or_told_with_field_value_and_expectation(
    name: str, change: str
) -> None:
    value = CHANGES[change]
    for path in PATHS[name]:
        document = made(name, path, value)
        error = error_of(lambda it=document: parse_json(it))  # type: ignore[misc]
        if error is None:
            continue
        assert names(error, path), f"{dotted(path)} {change}: {error}"
        for mistake in error.mistakes:
            assert mistake.value, f"no value: {mistake}"
            assert mistake.expected, f"no expectation: {mistake}"
            assert str(mistake).isprintable(), repr(mistake)
            assert len(str(mistake)) < 1000, f"{len(str(mistake))} characters for one mistake"
        own = [mistake.value for mistake in error.mistakes if mistake.path == dotted(path)]
        shows = {"nothing", "null"} if value is GONE or value is None else {shown(value)}
        assert not own or change in TOLD_OTHERWISE or shows & set(own), f"{dotted(path)} {change}: {own}"


TOLD_OTHERWISE = frozenset({"half a character", "enormous", "infinite", "empty mapping", "mapping", "null"})
"""Told in words of their own, or as what is missing in them."""


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_key_beside_every_field_is_named_and_all_of_them_at_once(name: str) -> None:
    free = ("provision", "parameters"), ("deadlines",)
    holders = {path[:-1] for path in PATHS[name] if isinstance(path[-1], str)} - {free[0]}
    holders -= {path[:-1] for path in PATHS[name] if path[-2:-1] == ("kustomizations",)}
    for some in batched(sorted(holders, key=str), 40, strict=False):
        document = data(name)
        for holder in some:
            here: Any = document
            for key in holder:
                here = here[key]
            here["colour"] = 60

        error = error_of(lambda it=document: parse_json(it))  # type: ignore[misc]

        assert error is not None
        unknown = {mistake.path for mistake in error.mistakes if mistake.value.startswith("an unknown")}
        assert unknown == {dotted((*holder, "colour")) for holder in some}


def keys_with_a_line(name: str) -> dict[int, Path_]:
    """Every key that begins a line; what an alias repeats has the lines of what it stands for."""
    lines = TEXTS[name].splitlines()
    found: dict[int, Path_] = {}
    for path, line in read_yaml(TEXTS[name]).lines.items():
        if path and re.match(rf" *(- (&\S+ )?)?{path[-1]}:", lines[line - 1]):
            found.setdefault(line, path)
    return found


def twice(name: str, wanted: list[int]) -> str:
    """The example with a second key before each of these lines."""
    lines = TEXTS[name].splitlines()
    for line in sorted(wanted, reverse=True):
        start = re.match(r" *(?:- )?(?:&\S+ )?", lines[line - 1])
        key = keys_with_a_line(name)[line][-1]
        assert start is not None
        lines[line - 1 : line] = [
            f"{start[0]}{key}: 1",
            " " * len(start[0]) + lines[line - 1][len(start[0]) :],
        ]
    return "\n".join(lines)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_that_is_there_twice_is_named_and_all_of_them_at_once(name: str) -> None:
    found = keys_with_a_line(name)
    assert len(found) > 100
    holders = {path[:n] for path in found.values() for n in range(1, len(path))}
    batches = list(batched([line for line, path in found.items() if path not in holders], 12, strict=False))
    batches += [(line,) for line, path in found.items() if path in holders]
    for lines in batches:
        text = twice(name, list(lines))

        error = error_of(lambda it=text: parse(it))  # type: ignore[misc]

        assert error is not None
        told = {mistake.path for mistake in error.mistakes if mistake.value == "the key a second time"}
        assert {dotted(found[line]) for line in lines} <= told


@pytest.mark.parametrize("seed", range(4))
def test_several_mistakes_are_all_told_at_once(seed: int) -> None:
    random = Random(seed)
    for _ in range(40):
        name = random.choice(NAMES)
        leaves = [
            path
            for path in PATHS[name]
            if not any(other[: len(path)] == path != other for other in PATHS[name])
        ]
        document = data(name)
        wrong = random.sample([path for path in leaves if path[:2] != ("provision", "parameters")], 6)
        for path in wrong:
            here: Any = document
            for key in path[:-1]:
                here = here[key]
            here[path[-1]] = {"odd": None}

        error = error_of(lambda it=document: parse_json(it))  # type: ignore[misc]

        assert error is not None
        assert {dotted(path) for path in wrong} <= {mistake.path for mistake in error.mistakes}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_changed_value_is_valid_or_named(draw: st.DataObject) -> None:
    name = draw.draw(st.sampled_from(NAMES))
    path = draw.draw(st.sampled_from(PATHS[name]))
    document = changed(path, draw.draw(ODD), name)

    error = error_of(lambda: parse_json(document))

    assert error is None or names(error, path)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_one_left_out_value_is_valid_or_named(draw: st.DataObject) -> None:
    name = draw.draw(st.sampled_from(NAMES))
    path = draw.draw(st.sampled_from(PATHS[name]))

    error = error_of(lambda: parse_json(without(path, name)))

    assert error is None or names(error, path)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=6) | JSON)
def test_any_json_is_a_fleet_or_a_list_of_mistakes(body: Any) -> None:
    error = error_of(lambda: parse_json(body))

    assert error is None or error.mistakes


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 9000), st.integers(0, 40), st.text("\t\n :-[]{}&*!|>'\"%@a1", max_size=6))
def test_any_damage_to_the_text_is_survived(at: int, length: int, insert: str) -> None:
    text = TEXTS["contoso-public"]

    error = error_of(lambda: parse(text[:at] + insert + text[at + length :]))

    assert error is None or error.mistakes
