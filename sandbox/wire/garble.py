"""JSON of another form: what another api-version, or another program, makes of an answer. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Change = Callable[[Any], Any]


def leaves(change: Change) -> Change:
    """Every leaf of a JSON value changed."""

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: changed(each) for name, each in value.items()}
        if isinstance(value, list):
            return [changed(each) for each in value]
        return change(value)

    return changed


def another_type(value: Any) -> Any:
    """A number for a string, a string for a number, a list for anything else."""
    if isinstance(value, str):
        return 17
    return "many" if isinstance(value, int | float) and not isinstance(value, bool) else [value]


def _not_a_number(value: Any) -> Any:
    return float("nan") if isinstance(value, int | float) and not isinstance(value, bool) else value


def with_nan(value: Any) -> Any:
    """NaN for every number, and one where there is none; NaN is no JSON, but many write it."""
    changed = leaves(_not_a_number)(value)
    return {**changed, "nan": float("nan")} if isinstance(changed, dict) else float("nan")


def renamed(value: Any) -> Any:
    """Another name for every field."""
    if isinstance(value, dict):
        return {f"{name}V2": renamed(each) for name, each in value.items()}
    return [renamed(each) for each in value] if isinstance(value, list) else value
