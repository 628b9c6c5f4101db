"""The slots' gateways: sessions, kept connections, drains, illness, and messages that are none."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.traffic.messages import Request, closes, read_response
from sandbox.traffic.websocket import GOING_AWAY, NORMAL, Opcode
from sandbox.world import Faults
from sandbox.world.traffic import floor_minute
from tests.fleets import BLUE, FLEET, GREEN
from tests.traffic.rig import heard, rest, rig, seen

HOST = {"host": "aks.contoso.com"}


async def test_an_answer_says_which_slot_served_and_opens_a_session() -> None:
    async with rig() as r:
        response = await r.ask(r.gateway(GREEN))
    assert (response.status, response.headers["x-slot"], response.headers["x-session"]) == (
        200,
        "green",
        "new",
    )
    assert response.headers["set-cookie"].startswith("sid=")


@pytest.mark.parametrize(("shared", "kept", "number"), [(True, "kept", "2"), (False, "lost", "1")])
async def test_a_session_outlives_a_switch_where_the_slots_share_a_store(
    *, shared: bool, kept: str, number: str
) -> None:
    async with rig(shared_sessions=shared) as r:
        first = await r.ask(r.gateway(BLUE))
        cookie = first.headers["set-cookie"].partition(";")[0]
        second = await r.ask(r.gateway(GREEN), cookie=f"theme=dark; {cookie}")
    assert (second.headers["x-session"], second.headers["x-session-requests"]) == (kept, number)
    assert ("set-cookie" in second.headers) is not shared


async def test_a_connection_is_kept_until_its_time_is_up() -> None:
    async with rig(keepalive_seconds=60) as r:
        line = await r.line(r.gateway(BLUE))
        early = await line.ask(Request("GET", "/", HOST))
        r.clock.pass_seconds(59)
        still = await line.ask(Request("GET", "/", HOST))
        r.clock.pass_seconds(1)
        last = await line.ask(Request("GET", "/", HOST))
        left = await rest(line)
    assert [closes(each.headers) for each in (early, still, last)] == [False, False, True]
    assert left == b"", "the server closes after it has said so"


async def test_a_gateway_that_drains_answers_and_lets_everybody_go() -> None:
    async with rig() as r:
        _, socket = await r.socket(r.gateway(BLUE))
        r.front.gateways[BLUE].drain()
        frame = await heard(socket)
        response = await r.ask(r.gateway(BLUE))
        refused, _ = await r.socket(r.gateway(BLUE))
    assert (frame.opcode, frame.status) == (Opcode.CLOSE, GOING_AWAY)
    assert (response.status, closes(response.headers), refused.status) == (200, True, 503)


async def test_a_stopped_cluster_is_a_bad_gateway_and_is_counted_as_failed() -> None:
    async with rig() as r:
        _, socket = await r.socket(r.gateway(BLUE))
        await r.ask(r.gateway(BLUE))
        r.world.clusters.stop(FLEET.slot(BLUE).cluster_id)
        response = await r.ask(r.gateway(BLUE))
        minute = floor_minute(r.clock.now())
        counted = r.world.traffic.minute(BLUE, minute)
        users = r.world.traffic.users(minute)
        told = await heard(socket)
    assert (response.status, closes(response.headers)) == (502, True)
    assert (counted.requests, counted.failed) == (users + 2, users + 1), "all users failed, and one of ours"
    assert told.status == GOING_AWAY


async def test_a_cluster_with_broken_nodes_fails_the_share_that_the_world_says() -> None:
    async with rig(faults=Faults(bad_nodes=True)) as r:
        line = await r.line(r.gateway(GREEN))
        statuses = [(await line.ask(Request("GET", "/", HOST))).status for _ in range(200)]
    assert set(statuses) == {200, 503}
    assert 0.5 < statuses.count(503) / 200 < 0.7


async def test_a_slow_answer_takes_as_long_as_it_says_by_the_worlds_clock() -> None:
    async with rig() as r:
        asked = asyncio.create_task(r.ask(r.gateway(BLUE), "/slow/20"))
        quick = await r.ask(r.gateway(BLUE))
        assert not asked.done()
        r.clock.pass_seconds(20)
        slow = await asked
    assert (quick.status, slow.status) == (200, 200)


async def test_a_websocket_pings_echoes_and_closes() -> None:
    async with rig() as r:
        response, socket = await r.socket(r.gateway(GREEN))
        await socket.send(Opcode.PING, b"there?")
        pong = await heard(socket)
        await socket.send(Opcode.TEXT, b"x" * 300)
        echo = await heard(socket)
        await socket.close(NORMAL)
        close = await heard(socket)
    assert response.headers["x-slot"] == "green"
    assert pong == (Opcode.PONG, b"there?")
    assert echo == (Opcode.TEXT, b"green heard " + b"x" * 300)
    assert (close.opcode, close.status) == (Opcode.CLOSE, NORMAL)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"upgrade": "websocket"}, 400),
        ({"upgrade": "websocket", "sec-websocket-key": "a2V5", "sec-websocket-version": "8"}, 426),
    ],
)
async def test_a_handshake_that_is_none_is_refused(headers: dict[str, str], status: int) -> None:
    async with rig() as r:
        line = await r.line(r.gateway(BLUE))
        response = await line.ask(Request("GET", "/live", {**HOST, **headers}))
    assert response.status == status


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    ],
)
async def test_a_message_that_is_not_understood_is_a_bad_request_and_the_last(sent: bytes) -> None:
    async with rig() as r:
        line = await r.line(r.gateway(BLUE))
        line.stream.writer.write(sent)
        response = await read_response(line.stream.reader)
        left = await rest(line)
    assert (response.status, closes(response.headers), left) == (400, True, b"")


async def test_a_body_is_read_so_that_the_connection_can_be_used_again() -> None:
    async with rig() as r:
        line = await r.line(r.gateway(BLUE))
        post = Request("POST", "/", {**HOST, "content-length": "4"}, b"body")
        first = await line.ask(post)
        second = await line.ask(Request("GET", "/", HOST))
    assert (first.status, second.status) == (200, 200)


async def test_a_client_that_vanishes_takes_nothing_with_it() -> None:
    async with rig() as r:
        line = await r.line(r.gateway(BLUE))
        line.stream.writer.write(b"GET / HT")
        line.close()
        _, socket = await r.socket(r.gateway(BLUE))
        r.close()
        await seen(lambda: not r.front.gateways[BLUE].sockets)
        after = await r.ask(r.gateway(BLUE))
    assert after.status == 200
    assert socket is not None
