"""Front Door and Application Gateway: whom they pass a request to, and what a change does to open ones."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from sandbox.traffic.application_gateway import ApplicationGateway
from sandbox.traffic.messages import CutOff, Request
from sandbox.traffic.websocket import GOING_AWAY, Opcode
from shared.levers import Match, SwitchKind
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.fleets_balanced import composite_fleet
from tests.traffic.rig import Rig, balanced, heard, rig, seen

HOST = {"host": "contoso.azurefd.net"}
FRONT_DOORS = (SwitchKind.FRONT_DOOR, SwitchKind.FRONT_DOOR_CLASSIC)


async def slots(r: Rig, number: int, **headers: str) -> Counter[str]:
    """Which slots serve so many requests over one connection to the proxy."""
    line = await r.line(r.proxy)
    request = Request("GET", "/", HOST | headers)
    return Counter([(await line.ask(request)).headers["x-slot"] for _ in range(number)])


@pytest.mark.parametrize("kind", FRONT_DOORS)
async def test_front_door_shares_requests_out_once_a_change_has_come_through(kind: SwitchKind) -> None:
    async with rig(balanced(kind)) as r:
        lever = r.world.fleet.balancers[0]
        r.weigh(lever, {BLUE: 90, GREEN: 10})
        at_once = await slots(r, 50)
        r.clock.pass_seconds(r.world.estate.timings.front_door_seconds)
        canary = await slots(r, 1000)
        r.weigh(lever, {GREEN: 100})
        r.clock.pass_seconds(r.world.estate.timings.front_door_seconds / 2)
        between = await slots(r, 1000)
        r.clock.pass_seconds(r.world.estate.timings.front_door_seconds / 2)
        after = await slots(r, 50)
    assert at_once == {"blue": 50}
    assert 70 < canary["green"] < 130
    assert 480 < between["green"] < 620, "half of the way from a tenth to all"
    assert after == {"green": 50}


@pytest.mark.parametrize(
    ("match", "header"),
    [
        (Match(header="X-Canary", value="yes"), {"x-canary": "yes"}),
        (Match(cookie="canary", value="yes"), {"cookie": "sid=1; canary=yes"}),
    ],
)
async def test_front_door_sends_what_matches_to_the_canary_and_nothing_else(
    match: Match, header: dict[str, str]
) -> None:
    async with rig(balanced(SwitchKind.FRONT_DOOR)) as r:
        r.world.balancers.match(r.world.fleet.balancers[0], match, GREEN)
        early = await slots(r, 20, **header)
        r.clock.pass_seconds(r.world.estate.timings.front_door_seconds)
        matching = await slots(r, 20, **header)
        others = await slots(r, 20, **dict.fromkeys(header, "no"))
        r.world.balancers.match(r.world.fleet.balancers[0], match, None)
        r.clock.pass_seconds(r.world.estate.timings.front_door_seconds)
        lifted = await slots(r, 20, **header)
    assert (early, matching, others, lifted) == ({"blue": 20}, {"green": 20}, {"blue": 20}, {"blue": 20})


async def test_front_door_believes_the_record_beneath_an_origin_for_its_ttl() -> None:
    async with rig(balanced(SwitchKind.FRONT_DOOR, beneath=True)) as r:
        before = await slots(r, 5)
        record = r.world.fleet.balancers[0].beneath[0]
        r.clock.pass_seconds(record.ttl_seconds)
        r.world.zones.put(
            record.zone_id, record.name, record.type, ttl_seconds=30, targets=(ADDRESSES[GREEN],)
        )
        r.clock.pass_seconds(r.world.estate.timings.propagation_seconds - 1)
        asked_late = await slots(r, 5)
        r.clock.pass_seconds(record.ttl_seconds - 1)
        still = await slots(r, 5)
        r.clock.pass_seconds(1)
        after = await slots(r, 5)
    assert (before, asked_late, still, after) == ({"blue": 5}, {"blue": 5}, {"blue": 5}, {"green": 5})


async def test_front_door_above_a_record_follows_the_record_until_it_is_told_a_slot() -> None:
    async with rig(composite_fleet()) as r:
        record, above = r.world.fleet.live_records[0], r.world.fleet.above
        assert above is not None
        before = await slots(r, 5)
        r.world.zones.put(
            record.zone_id, record.name, record.type, ttl_seconds=30, targets=(ADDRESSES[GREEN],)
        )
        r.clock.pass_seconds(r.world.estate.timings.propagation_seconds + record.ttl_seconds)
        moved = await slots(r, 5)
        r.weigh(above, {BLUE: 100})
        r.clock.pass_seconds(r.world.estate.timings.front_door_seconds)
        straight = await slots(r, 5)
        hosts = r.front.hosts
    assert (before, moved, straight) == ({"blue": 5}, {"green": 5}, {"blue": 5})
    assert hosts == ("aks-contoso-edge.azurefd.net",), "users come by Front Door, not by the record"


async def test_a_proxy_says_so_when_an_origin_is_not_there() -> None:
    async with rig(balanced(SwitchKind.FRONT_DOOR)) as r:
        await r.front.gateways[BLUE].stop()
        gone = await r.ask(r.proxy)
        r.weigh(r.world.fleet.balancers[0], {})
        r.clock.pass_seconds(r.world.estate.timings.front_door_seconds)
        nobody = await r.ask(r.proxy)
    assert (gone.status, gone.headers["server"]) == (502, "front-door")
    assert b"no connection" in gone.body
    assert b"no member that is enabled" in nobody.body


async def test_front_door_leaves_a_websocket_where_it_is_and_passes_on_that_it_must_go() -> None:
    async with rig(balanced(SwitchKind.FRONT_DOOR)) as r:
        response, socket = await r.socket(r.proxy)
        r.weigh(r.world.fleet.balancers[0], {GREEN: 100})
        r.clock.pass_seconds(r.world.estate.timings.front_door_seconds + 4 * 3600)
        await socket.send(Opcode.TEXT, b"hello")
        still = await heard(socket)
        r.world.clusters.stop(FLEET.slot(BLUE).cluster_id)
        told = await heard(socket)
        again, _ = await r.socket(r.proxy)
    assert (response.headers["x-slot"], still.payload) == ("blue", b"blue heard hello")
    assert told.status == GOING_AWAY
    assert again.headers["x-slot"] == "green"


async def test_front_door_classic_carries_no_websockets() -> None:
    async with rig(balanced(SwitchKind.FRONT_DOOR_CLASSIC)) as r:
        refused, _ = await r.socket(r.proxy)
    assert refused.status == 400


async def test_application_gateway_lets_what_is_open_end_within_the_drain_timeout() -> None:
    async with rig(balanced(SwitchKind.APPLICATION_GATEWAY), drain_seconds=60) as r:
        slow = asyncio.create_task(r.ask(r.proxy, "/slow/90"))
        _, socket = await r.socket(r.proxy)
        await seen(lambda: r.front.gateways[BLUE].sockets == 1)
        r.weigh(r.world.fleet.balancers[0], {GREEN: 100})
        r.clock.pass_seconds(r.world.estate.timings.gateway_seconds)
        new = await slots(r, 5)
        r.clock.pass_seconds(59)
        await socket.send(Opcode.PING)
        still = await heard(socket)
        answered = await slow
    assert new == {"green": 5}
    assert still.opcode is Opcode.PONG
    assert answered.headers["x-slot"] == "blue"


async def test_application_gateway_cuts_what_outlasts_the_drain_timeout() -> None:
    async with rig(balanced(SwitchKind.APPLICATION_GATEWAY), drain_seconds=60) as r:
        proxy = next(iter(r.front.proxies.values()))
        assert isinstance(proxy, ApplicationGateway)
        _, socket = await r.socket(r.proxy)
        await seen(lambda: r.front.gateways[BLUE].sockets == 1)
        r.weigh(r.world.fleet.balancers[0], {GREEN: 100})
        r.clock.pass_seconds(r.world.estate.timings.gateway_seconds)
        await seen(lambda: BLUE in proxy.left)
        r.clock.pass_seconds(60)
        with pytest.raises(CutOff):
            await heard(socket)
        again, _ = await r.socket(r.proxy)
    assert proxy.cut == 1
    assert again.headers["x-slot"] == "green"


async def test_a_rule_that_comes_back_in_time_cuts_nobody() -> None:
    async with rig(balanced(SwitchKind.APPLICATION_GATEWAY), drain_seconds=60) as r:
        proxy = next(iter(r.front.proxies.values()))
        assert isinstance(proxy, ApplicationGateway)
        _, socket = await r.socket(r.proxy)
        r.weigh(r.world.fleet.balancers[0], {GREEN: 100})
        r.clock.pass_seconds(r.world.estate.timings.gateway_seconds)
        await seen(lambda: BLUE in proxy.left)
        r.weigh(r.world.fleet.balancers[0], {BLUE: 100})
        r.clock.pass_seconds(r.world.estate.timings.gateway_seconds)
        await seen(lambda: BLUE not in proxy.left)
        r.clock.pass_seconds(60)
        await socket.send(Opcode.PING)
        assert (await heard(socket)).opcode is Opcode.PONG
    assert proxy.cut == 0
