"""A fleet in shadow over the API: it says so, and nobody keeps score of it."""

from __future__ import annotations

import msgspec
import pytest

from shared.model import SignalKind
from tests.api.conftest import EXAMPLE, RINGS, Client, content
from tests.engine.rig import VERSION
from tests.fleets import FLEET

SHADOW = msgspec.structs.replace(FLEET, shadow=True)
ONE = {"fleet": "contoso", "rollout": "contoso-0001"}


@pytest.fixture
async def over() -> Client:
    """An API that knows a fleet whose first rollout, in shadow, is over."""
    client = Client()
    await client.rig.store.apply(SHADOW, if_match=None, now=client.rig.clock.now())
    await client.rig.publish_version()
    await client.rig.ended()
    return client


async def test_applying_it_says_so(client: Client) -> None:
    text = EXAMPLE.read_text("utf-8") + "\nshadow: true\n"
    name = "contoso-public"
    answer = await client.call(client.api.put_fleet, text.encode(), method="PUT", fleet=name)
    assert content(answer)["notices"] == [
        "it is in shadow: rollouts that begin now decide and record, and change nothing"
    ]
    body = content(await client.call(client.api.get_fleet, method="GET", fleet=name))
    assert body["fleet"]["shadow"] is True


async def test_its_rollout_and_its_trail_say_so(over: Client) -> None:
    found = content(await over.call(over.api.get_rollout, method="GET", path=ONE))
    assert found["rollout"]["shadow"] is True
    assert found["way_back"]["levers"] == [], "nothing has moved"
    trail = content(await over.call(over.api.get_audit, method="GET", path=ONE))["audit"]
    assert {entry["because"].partition(": ")[0] for entry in trail} == {"in shadow"}


async def test_it_has_no_score_and_takes_no_part_in_that_of_others(over: Client) -> None:
    refused = await over.call(over.api.get_scorecard, method="GET", path=ONE)
    assert refused.status == 409
    assert content(refused)["detail"].startswith("contoso-0001 is in shadow")
    months = await over.call(over.api.get_scorecard, method="GET", fleet="contoso")
    assert content(months)["rollouts"] == []
    etag = (await over.rig.store.load("contoso")).fleet_etag
    await over.rig.store.apply(FLEET, if_match=etag, now=over.rig.clock.now())
    await over.rig.send(SignalKind.START, version=VERSION, by="olivia@contoso.com")
    await over.rig.ended()
    months = await over.call(over.api.get_scorecard, method="GET", fleet="contoso")
    assert content(months)["rollouts"] == ["contoso-0002"]


async def test_a_file_whose_rings_are_in_shadow_is_known_again_as_it_was_applied(client: Client) -> None:
    text = RINGS.read_text("utf-8") + "\nshadow: true\n"
    applied = await client.call(client.api.put_rings, text.encode(), method="PUT", rings="contoso")
    assert applied.status == 201, applied.body
    found = content(await client.call(client.api.get_rings, method="GET", rings="contoso"))
    assert found["notices"] == []
