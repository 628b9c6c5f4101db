"""Which gates of a fleet file measure for the scorecard, and which cannot."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Invalid
from shared.fleet_file import parse_json
from shared.gate_rules import Named
from tests.fleet_file.examples import data

LOST = {"name": "lost-sessions", "source": "http", "path": "/sessions", "max": 1}


def scored(**named: Any) -> dict[str, Any]:
    """An example with a gate of its own in the bake, and these names."""
    document = data()
    document["gates"]["bake"].append(LOST)
    document["scorecard"] = named
    return document


def test_gates_are_named_for_what_only_they_can_measure() -> None:
    named = {"errors": "failed-share", "latency": "backend-latency", "sessions": "lost-sessions"}

    found = parse_json(scored(**named, cost_max=2)).scorecard

    assert found == Named(**named, cost_max=2.0)


def test_without_names_no_gate_measures() -> None:
    assert parse_json(data()).scorecard == Named()


def test_a_packs_gate_can_be_named() -> None:
    document = {**data(), "gates": {"packs": ["platform", "gateway"]}, "shift": "full"}
    document["scorecard"] = {"errors": "failed-requests"}

    assert parse_json(document).scorecard.errors == "failed-requests"


@pytest.mark.parametrize(
    ("named", "path", "expected"),
    [
        ({"errors": "failed-shares"}, "scorecard.errors", "(did you mean failed-share?)"),
        ({"latency": "nodes-not-ready"}, "scorecard.latency", "a gate of gates.switch or gates.bake"),
        ({"cost": "lost-sessions"}, "scorecard.cost", "only those have a baseline"),
        ({"session": "lost-sessions"}, "scorecard.session", "(did you mean sessions?)"),
        ({"cost_max": 0}, "scorecard.cost_max", "more than 0"),
        ({"errors": 3}, "scorecard.errors", "got 3"),
    ],
)
def test_a_gate_that_cannot_measure_is_refused(named: dict[str, Any], path: str, expected: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(scored(**named))

    assert [mistake.path for mistake in caught.value.mistakes] == [path]
    assert expected in str(caught.value)
