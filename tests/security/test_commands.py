"""What somebody names is never part of a command for a cluster, and of an expression only as a string."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from shared.azure.freeze import freezing, thawing
from shared.platform import Freeze
from tests.security.odd_names import ODD

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

COMMANDS = ("kubectl apply -f expiry.json && kubectl apply -f freeze.json", thawing())


@pytest.mark.parametrize("value", ODD)
def test_nothing_that_anybody_names_is_in_a_command_for_a_cluster(value: str) -> None:
    policy = Freeze(expires_seconds=3600, exempt_users=(value, 'a"||true||"'), expiry_image=value)
    command, files = freezing(value, policy, AT)
    assert command == COMMANDS[0]
    assert "$" not in thawing()
    assert "`" not in thawing()
    freeze = json.loads(files["freeze.json"])["items"][0]["spec"]
    expression = freeze["matchConditions"][0]["expression"]
    # An expression is CEL: what is between quotes is one text, however it looks.
    assert _outside_quotes(expression) == _outside_quotes(_expression("x"))


def _expression(user: str) -> str:
    policy = Freeze(expires_seconds=3600, exempt_users=(user, "y"), expiry_image="x")
    files = freezing("x", policy, AT)[1]
    conditions = json.loads(files["freeze.json"])["items"][0]["spec"]["matchConditions"]
    return str(conditions[0]["expression"])


def _outside_quotes(expression: str) -> str:
    """The expression without what its string literals hold."""
    kept, inside, escaped = [], False, False
    for character in expression:
        if escaped:
            escaped = False
        elif inside and character == "\\":
            escaped = True
        elif character == '"':
            inside = not inside
        elif not inside:
            kept.append(character)
    assert not inside
    return "".join(kept)


def test_an_exempt_user_is_written_as_cel_reads_it() -> None:
    """CEL knows no halves of a character, which JSON writes by default for what lies beyond U+FFFF."""
    assert "\N{ROCKET}" in _expression("\N{ROCKET}")
    assert "\\u" not in _expression("é")
