"""Where each row of the contract is held, and how a test leaves out the rows that have no such order."""

from __future__ import annotations

import pytest

from tests.contract import subscription
from tests.contract.rows import ROWS, Row

DOORS = ("ports", "azure")
ITSELF = "subscription"
STAND_IN = [(door, row) for door in DOORS for row in ROWS]
EVERYWHERE = [*STAND_IN, *((ITSELF, row) for row in ROWS if subscription.declared(row))]


def name(place: tuple[str, Row]) -> str:
    """A test's name for a door and a row."""
    door, row = place
    return f"{door}-{row.name}"


def only(flag: str, *, everywhere: bool = False) -> pytest.MarkDecorator:
    """Holds the rows with that flag alone to a test: on the stand-in, or `everywhere` that it is named."""
    fixture, places = ("lever", EVERYWHERE) if everywhere else ("start", STAND_IN)
    kept = [place for place in places if getattr(place[1], flag)]
    return pytest.mark.parametrize(fixture, kept, indirect=True, ids=map(name, kept))
