"""Change any one thing in a good file: it stays valid, or the error names what was changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.fleet_file import parse, parse_json
from shared.fleet_file.tree import dotted
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


def names(error: Invalid, path: Path_) -> bool:
    """Whether the error speaks of the value at `path`, or of the thing that it belongs to."""
    around = dotted(path[:-1]) if len(path) > 1 else dotted(path)
    return dotted(path) in str(error) or around in str(error)


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
