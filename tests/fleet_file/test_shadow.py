"""A fleet whose rollouts change nothing: the key, and a ring that says it for itself."""

from __future__ import annotations

import json

import pytest

from shared.errors import Invalid
from shared.fleet_file import parse_json, read
from tests.fleet_file.examples import data


def test_a_fleet_is_real_unless_its_file_says_shadow() -> None:
    assert parse_json(data()).shadow is False
    assert parse_json({**data(), "shadow": True}).shadow is True


@pytest.mark.parametrize("value", ["yes", 1, None, {}])
def test_nothing_but_true_and_false_is_a_shadow(value: object) -> None:
    with pytest.raises(Invalid, match="shadow: got"):
        parse_json({**data(), "shadow": value})


def test_one_ring_may_be_in_shadow_and_the_others_not() -> None:
    document = data("contoso-rings")
    document["rings"][1]["shadow"] = True
    assert [fleet.shadow for fleet in read(json.dumps(document)).fleets] == [False, True, False]
    document["shadow"], document["rings"][1]["shadow"] = True, False
    assert [fleet.shadow for fleet in read(json.dumps(document)).fleets] == [True, False, True]
