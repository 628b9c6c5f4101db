"""What a person may say, and how it is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Refused
from shared.model import COMMANDS, Signal, SignalKind
from shared.signals import parse_command
from tests.signals.bodies import NOW

ID = "contoso-public-0001"


def said(kind: SignalKind, body: Any = None, by: str | None = "ada@contoso.com", **more: Any) -> Signal:
    """A command of Ada's."""
    rollout = None if kind is SignalKind.START else ID
    return parse_command(kind, "contoso-public", rollout, body, by, more.pop("at", NOW), **more)


def test_a_start_names_its_version_and_who_wants_it() -> None:
    body = {
        "version": "1.32.6",
        "template_version": "1.5.0",
        "lift_hold": True,
        "note": "CVE",
        "by": "ignored",
    }

    signal = said(SignalKind.START, body)

    assert (signal.version, signal.template_version, signal.lift_hold) == ("1.32.6", "1.5.0", True)
    assert signal.by == "ada@contoso.com"
    assert signal.because == "ada@contoso.com starts a rollout to 1.32.6: CVE"


@pytest.mark.parametrize("kind", sorted(COMMANDS - {SignalKind.START}))
def test_every_other_command_is_about_one_rollout(kind: SignalKind) -> None:
    signal = said(kind, {"note": "seen enough"})

    assert (signal.kind, signal.rollout, signal.note) == (kind, ID, "seen enough")
    assert signal.because.startswith("ada@contoso.com ")
    assert signal.because.endswith(": seen enough")


def test_a_command_with_a_key_is_said_once() -> None:
    later = NOW + timedelta(seconds=5)

    assert said(SignalKind.PAUSE, key="k1").id == said(SignalKind.PAUSE, key="k1", at=later).id
    assert said(SignalKind.PAUSE, key="k1").id != said(SignalKind.PAUSE, key="k2").id
    assert said(SignalKind.PAUSE).id != said(SignalKind.PAUSE, at=later).id
    assert said(SignalKind.PAUSE, key="k1").id != said(SignalKind.RESUME, key="k1").id


@pytest.mark.parametrize(
    ("kind", "body", "by", "sentence"),
    [
        (SignalKind.START, {}, "ada", "version: got nothing, expected a Kubernetes version such as 1.32.6"),
        (SignalKind.START, {"version": "latest"}, "ada", 'version: got "latest"'),
        (SignalKind.START, {"version": "1.32.6", "lift_hold": "yes"}, "ada", "expected true or false"),
        (SignalKind.START, {"version": "1.32.6", "verison": 1}, "ada", "verison: got an unknown field"),
        (
            SignalKind.PROMOTE,
            {"version": "1.32.6"},
            "ada",
            "version: got an unknown field, expected by, note",
        ),
        (SignalKind.PROMOTE, {"note": 3}, "ada", "note: got 3, expected text"),
        (SignalKind.PROMOTE, [], "ada", "body: got an array, expected an object"),
        (SignalKind.PROMOTE, {}, None, "by: got nothing, expected the person behind the command"),
        (SignalKind.PROMOTE, {}, "  ", "by: got"),
        (SignalKind.ALERT, {}, "ada", "command: got alert, expected one of pause"),
    ],
)
def test_a_wrong_command_is_refused_in_one_sentence(
    kind: SignalKind, body: Any, by: str | None, sentence: str
) -> None:
    with pytest.raises(Refused) as caught:
        said(kind, body, by)

    assert sentence in str(caught.value)
