"""What an HTTP answer does not meet is said in a phrase, and nothing of its body with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest

from shared.check_rules import Expect
from shared.checks.expecting import LINE_CHARACTERS_MAX, Answered, is_safe, unmet

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECRET = b'{"status": "up", "lag": 3, "ready": true, "checks": {"db": "down"}, "token": "s3cret"}'


def answer(status: int = 200, milliseconds: float = 40, body: bytes | None = SECRET) -> Answered:
    """An answer under a certificate for another 30 days."""
    return Answered(status, milliseconds, body, NOW + timedelta(days=30))


@pytest.mark.parametrize(
    "expect",
    [
        Expect(),
        Expect(statuses=(200, 204)),
        Expect(latency_ms=40),
        Expect(body='"status": "up"'),
        Expect(pattern=r'"lag": \d+,'),
        Expect(fields=(("status", "up"), ("lag", 3), ("ready", True), ("checks.db", "down"))),
        Expect(certificate_seconds=30 * 86_400),
    ],
)
def test_an_answer_that_meets_everything_leaves_nothing_to_say(expect: Expect) -> None:
    assert unmet(expect, answer(), NOW) == ""


@pytest.mark.parametrize(
    ("expect", "answered", "said"),
    [
        (Expect(), answer(400), "status 400, expected less than 400"),
        (Expect(statuses=(200, 204)), answer(302), "status 302, expected 200 or 204"),
        (Expect(latency_ms=39.5), answer(), "40 ms, expected 39.5 ms at most"),
        (Expect(body="UP"), answer(), f"a body of {len(SECRET)} bytes without UP"),
        (Expect(pattern="^x"), answer(), f"a body of {len(SECRET)} bytes in which no line matches ^x"),
        (Expect(fields=(("checks.db", "up"),)), answer(), 'JSON in which checks.db is not "up"'),
        (Expect(fields=(("ready", 1),)), answer(), "JSON in which ready is not 1"),
        (Expect(fields=(("gone.far", "x"),)), answer(), 'JSON in which gone.far is not "x"'),
        (Expect(fields=(("a", 1),)), answer(body=b"[" * 90_000), "a body of 90000 bytes that is not JSON"),
        (Expect(body="x"), answer(body=None), "a body that is longer than is read"),
        (
            Expect(certificate_seconds=31 * 86_400),
            answer(),
            "a certificate until 2026-12-21 09:00, expected one for another 31 days",
        ),
        (
            Expect(certificate_seconds=86_400),
            Answered(200, 1, b""),
            "no certificate, expected one for another 1 days",
        ),
        (
            Expect(statuses=(204,), latency_ms=1, body="x"),
            answer(),
            (
                "status 200, expected 204, 40 ms, expected 1 ms at most, "
                f"a body of {len(SECRET)} bytes without x"
            ),
        ),
    ],
)
def test_what_is_not_met_is_said_and_nothing_of_the_body(
    expect: Expect, answered: Answered, said: str
) -> None:
    found = unmet(expect, answered, NOW)
    assert found == said
    assert "s3cret" not in found


@pytest.mark.parametrize("pattern", ["a*$", "[^x]+y", ".{0,4000}z", r"\w+!"])
def test_a_pattern_that_is_accepted_is_quick_on_the_worst_of_bodies(pattern: str) -> None:
    assert is_safe(pattern)
    body = b"a" * LINE_CHARACTERS_MAX + b"b"
    begun = perf_counter()
    unmet(Expect(pattern=pattern), answer(body=body), NOW)
    assert perf_counter() - begun < 5
