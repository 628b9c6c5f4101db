"""The load generator: how many requests it makes, what its users notice, and how that is counted."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from sandbox.traffic.listener import Connection, Listener
from sandbox.traffic.load import Load
from sandbox.traffic.messages import Request, response_bytes
from sandbox.traffic.tally import failures, lost_sessions, right_after_seconds, share_at
from sandbox.traffic.users import HABITS, Habits, Street, User, Visit
from sandbox.traffic.websocket import Socket, accepted
from tests.fleets import ADDRESSES, BLUE, FLEET, GREEN
from tests.traffic.rig import Rig, rig, seen
from tests.world.manual_clock import START

NAME = "aks.contoso.com"
FAITHFUL = Habits(keeps=True, cookies=True, slow=False)


def user(r: Rig, habits: Habits = FAITHFUL) -> User:
    """One user of the fleet's name."""
    return User(Street(r.front.names, r.front.places, r.clock.now), NAME, habits)


async def test_it_makes_as_many_requests_as_it_may_and_every_kind_of_user_takes_part() -> None:
    async with rig() as r, Load(r.front, users=8, sockets=2, per_second=400, requests_max=500) as load:
        await seen(lambda: len(load.visits) >= 500 and all(each.pings for each in load.sockets))
        made = list(load.visits)
    assert 500 <= len(load.visits) < 500 + 8
    assert failures(made) == Counter()
    assert Counter(visit.session for visit in made)["new"] == 4, "four of eight carry cookies"
    assert {visit.slot for visit in made} == {"blue"}


async def test_a_kept_connection_stays_where_it_is_until_it_is_told_to_end() -> None:
    async with rig() as r:
        someone = user(r)
        await someone.visit()
        r.estate.point(GREEN)
        r.clock.pass_seconds(59)
        last_but_one = await someone.visit()
        r.clock.pass_seconds(302)
        last = await someone.visit()
        after = await someone.visit()
        someone.close()
    assert [visit.slot for visit in (last_but_one, last, after)] == ["blue", "blue", "green"]
    assert after.session == "kept"


@pytest.mark.parametrize(("shared", "session"), [(True, "kept"), (False, "lost")])
async def test_a_user_notices_that_the_session_is_lost(*, shared: bool, session: str) -> None:
    async with rig(shared_sessions=shared) as r:
        someone = user(r, HABITS[1])
        await someone.visit()
        r.estate.point(GREEN)
        r.clock.pass_seconds(400)
        after = await someone.visit()
    assert (after.slot, after.session) == ("green", session)
    assert lost_sessions([after]) == (session == "lost")


async def test_a_user_of_a_stopped_cluster_has_failed_and_says_why() -> None:
    async with rig() as r:
        someone = user(r)
        await someone.visit()
        r.world.clusters.stop(FLEET.slot(BLUE).cluster_id)
        bad = await someone.visit()
        await r.front.gateways[BLUE].stop()
        worse = await someone.visit()
    assert failures([bad]) == {"502 from blue": 1}
    assert worse.why.startswith("no connection")


async def test_a_websocket_that_is_cut_was_dropped_and_one_that_is_told_was_not() -> None:
    async with rig() as r, Load(r.front, users=1, sockets=1, per_second=1, requests_max=1) as load:
        (socket,) = load.sockets
        await seen(lambda: socket.pings == 1)
        r.front.gateways[BLUE].drain()
        await seen(lambda: socket.told == 1 and bool(socket.refused))
        assert not socket.dropped
        r.estate.point(GREEN)
        r.clock.pass_seconds(400)
        await seen(lambda: socket.slot == "green")
        assert socket.refused == {"503 instead of a websocket": 1}
        await r.front.gateways[GREEN].stop()
        await seen(lambda: bool(socket.dropped))
    assert socket.dropped == {"closed without a word": 1}


async def test_a_websocket_that_is_closed_for_another_reason_was_dropped() -> None:
    async def serve(request: Request, connection: Connection) -> None:
        connection.stream.writer.write(response_bytes(accepted(request)))
        await Socket(connection.stream, client=False).close(1011)
        await connection.stream.reader.read()

    async with rig() as r:
        broken = Listener(serve, r.clock.now)
        r.front.places[ADDRESSES[BLUE]] = await broken.start()
        async with Load(r.front, users=1, sockets=1, per_second=1, requests_max=0) as load:
            await seen(lambda: bool(load.sockets[0].dropped))
        await broken.stop()
    assert "closed with status 1011" in load.sockets[0].dropped
    assert load.sockets[0].told == 0


def visit(second: float, slot: str, why: str = "") -> Visit:
    """A request at that second."""
    return Visit(START + timedelta(seconds=second), slot, why, "")


SPAN = START, START + timedelta(seconds=1000)


@pytest.mark.parametrize(
    ("visits", "seconds"),
    [
        ([], None),
        ([visit(1, "blue")], None),
        ([visit(1, "green")], 1),
        ([visit(1, "blue"), visit(5, "green")], 5),
        ([visit(5, "green"), visit(1, "blue"), visit(2, "green"), visit(3, "blue")], 5),
        ([visit(1, "green", "502 from green"), visit(7, "green")], 7),
        ([visit(1, "green"), *[visit(2, "blue")] * 2, *[visit(3, "green")] * 998], 3),
        ([visit(1, "green"), visit(2, "blue"), *[visit(3, "green")] * 999], 1),
        ([visit(-1, "green"), visit(1000, "green")], None),
    ],
)
def test_everybody_is_right_from_where_on_one_in_a_thousand_is_not(
    visits: list[Visit], seconds: float | None
) -> None:
    assert right_after_seconds(visits, "green", *SPAN) == seconds


def test_a_share_is_of_those_who_asked_in_the_span() -> None:
    visits = [visit(1, "green"), visit(2, "blue"), visit(3, "blue"), visit(2000, "green")]
    assert share_at(visits, "green", *SPAN) == pytest.approx(1 / 3)
    assert share_at([], "green", *SPAN) is None
