"""Header values that no client should send: refused by name, never an error of ours, never sent back."""

from __future__ import annotations

import pytest

from tests.api.conftest import EXAMPLE, Client, content

VALUES = ["\udcff", "é", "a\x1b[2J", "\x7f"]


@pytest.mark.parametrize("value", VALUES)
async def test_a_value_that_is_not_printable_ascii_is_refused_by_its_header_s_name(value: str) -> None:
    it = Client()
    await it.rig.applied()
    await it.rig.publish_version()
    pause = {"fleet": "contoso", "rollout": "current", "command": "pause"}

    answers = [
        await it.call(it.api.put_fleet, EXAMPLE.read_bytes(), {"if-match": value}, fleet="contoso-public"),
        await it.call(it.api.command, {}, {"if-match": value}, path=pause),
        await it.call(it.api.command, {}, {"idempotency-key": value}, path=pause),
        await it.call(it.api.take_events, None, {"webhook-request-origin": value}, method="OPTIONS"),
    ]

    names = ["if-match", "if-match", "idempotency-key", "webhook-request-origin"]
    for answer, name in zip(answers, names, strict=True):
        assert answer.status == 400
        assert content(answer)["detail"].startswith(f"{name}: got ")
