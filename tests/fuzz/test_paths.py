"""Paths with something in the place of a name: not found, in a sentence that is fit to be shown."""

from __future__ import annotations

import pytest

from tests.api.conftest import EXAMPLE, Client, content

NAMES = ["a\nb", "\x1b[2J", "\u202e", "x' or PartitionKey ne '", "../contoso", "a" * 5000, "CONTOSO", ""]


@pytest.mark.parametrize("name", NAMES)
async def test_what_is_no_name_is_not_found_and_shown_in_short(name: str) -> None:
    it = Client()
    await it.rig.applied()
    await it.rig.publish_version()

    answers = [
        await it.call(it.api.get_fleet, method="GET", fleet=name),
        await it.call(it.api.get_rollout, method="GET", fleet="contoso", rollout=name),
        await it.call(it.api.start_rollout, {"version": "1.32.6"}, fleet=name),
        await it.call(it.api.command, {}, fleet="contoso", rollout="current", command=name),
    ]

    for answer in answers:
        assert answer.status == 404
        assert content(answer)["detail"].isprintable()
        assert len(content(answer)["detail"]) < 300


@pytest.mark.parametrize("name", NAMES)
async def test_a_fleet_file_sent_to_what_is_no_name_is_refused(name: str) -> None:
    it = Client()
    answer = await it.call(it.api.put_fleet, EXAMPLE.read_bytes(), method="PUT", fleet=name)

    assert answer.status == 400
    assert content(answer)["detail"].isprintable()
    assert len(content(answer)["detail"]) < 300
