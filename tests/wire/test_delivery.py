"""Event Grid's deliveries and an action group's calls, against receivers that misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from sandbox.wire.delivery import (
    ActionGroup,
    EventGridDelivery,
    EventSchema,
    HandshakeFailed,
    Outcome,
)
from shared.clock import RehearsalClock

EVENT = {"id": "1", "eventType": "Microsoft.ContainerService.NewKubernetesVersionAvailable"}
ALERT = {"schemaId": "azureMonitorCommonAlertSchema"}
RATE = 1_000_000

type Stack = AsyncExitStack


class MinuteClock:
    """A minute passes whenever somebody looks."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, tzinfo=UTC)

    def now(self) -> datetime:
        """The next minute."""
        self.at += timedelta(minutes=1)
        return self.at


class Receiver:
    """Answers with the statuses that it was given, the last of them for ever, and remembers what came."""

    def __init__(self, clock: RehearsalClock) -> None:
        self.clock = clock
        self.url = ""
        self.statuses: list[int] = [200]
        self.echoed: str | None = None
        self.allowed_origin = "*"
        self.came: list[tuple[datetime, dict[str, str], Any]] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Take one delivery."""
        if request.method == "OPTIONS":
            return web.Response(headers={"WebHook-Allowed-Origin": self.allowed_origin})
        body = await request.json()
        if request.headers.get("aeg-event-type") == "SubscriptionValidation":
            code = body[0]["data"]["validationCode"]
            return web.json_response({"validationResponse": self.echoed or code})
        self.came.append((self.clock.now(), dict(request.headers), body))
        return web.Response(status=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])

    def waits(self) -> list[float]:
        """The seconds of the world between deliveries."""
        times = [at for at, _, _ in self.came]
        return [(b - a).total_seconds() for a, b in pairwise(times)]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def receiver(stack: AsyncExitStack) -> Receiver:
    """A receiver in a world a million times as fast as ours."""
    made = Receiver(RehearsalClock(datetime(2026, 11, 21, tzinfo=UTC), datetime.now(UTC), RATE))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/events"
    return made


async def _subscription(receiver: Receiver, stack: Stack, **options: Any) -> EventGridDelivery:
    return await stack.enter_async_context(EventGridDelivery(receiver.url, receiver.clock, **options))


async def test_an_event_arrives_in_an_array_with_azures_headers(receiver: Receiver, stack: Stack) -> None:
    subscription = await _subscription(receiver, stack)
    await subscription.validate()
    assert (await subscription.deliver(EVENT)).outcome is Outcome.DELIVERED
    ((_, headers, body),) = receiver.came
    assert (body, headers["aeg-event-type"]) == ([EVENT], "Notification")


async def test_a_cloud_event_arrives_alone(receiver: Receiver, stack: Stack) -> None:
    subscription = await _subscription(receiver, stack, schema=EventSchema.CLOUD_EVENTS)
    await subscription.validate()
    event = {"specversion": "1.0", "id": "1", "type": "t", "source": "s"}
    await subscription.deliver(event)
    ((_, headers, body),) = receiver.came
    assert (body, headers["Content-Type"]) == (event, "application/cloudevents+json; charset=utf-8")


async def test_a_receiver_that_does_not_echo_the_code_is_no_receiver(
    receiver: Receiver, stack: Stack
) -> None:
    receiver.echoed = "another"
    with pytest.raises(HandshakeFailed):
        await (await _subscription(receiver, stack)).validate()


async def test_a_receiver_that_allows_another_origin_is_no_receiver(receiver: Receiver, stack: Stack) -> None:
    receiver.allowed_origin = "contoso.com"
    with pytest.raises(HandshakeFailed):
        await (await _subscription(receiver, stack, schema=EventSchema.CLOUD_EVENTS)).validate()


async def test_a_failed_delivery_is_repeated_on_azures_schedule(receiver: Receiver, stack: Stack) -> None:
    receiver.statuses = [500, 500, 500, 200]
    delivery = await (await _subscription(receiver, stack)).deliver(EVENT)
    assert (delivery.outcome, delivery.attempts) == (Outcome.DELIVERED, (500, 500, 500, 200))
    assert all(wait >= least for wait, least in zip(receiver.waits(), (10, 30, 60), strict=True))
    assert [headers["aeg-delivery-count"] for _, headers, _ in receiver.came] == ["0", "1", "2", "3"]


async def test_a_receiver_that_is_not_there_yet_is_given_time(receiver: Receiver, stack: Stack) -> None:
    receiver.statuses = [404, 200]
    await (await _subscription(receiver, stack)).deliver(EVENT)
    assert receiver.waits()[0] >= 300


@pytest.mark.parametrize("status", [400, 401, 403, 413])
async def test_an_event_that_is_refused_for_good_is_dropped(
    receiver: Receiver, stack: Stack, status: int
) -> None:
    receiver.statuses = [status, 200]
    delivery = await (await _subscription(receiver, stack)).deliver(EVENT)
    assert (delivery.outcome, delivery.attempts) == (Outcome.DROPPED, (status,))


async def test_an_event_that_nobody_takes_expires_after_a_day(receiver: Receiver, stack: Stack) -> None:
    receiver.statuses = [500]
    delivery = await (await _subscription(receiver, stack)).deliver(EVENT)
    assert delivery.outcome is Outcome.EXPIRED
    assert sum(receiver.waits()) <= 24 * 3600


async def test_no_answer_at_all_is_repeated(receiver: Receiver, stack: Stack) -> None:
    gone = EventGridDelivery("http://127.0.0.1:9/", receiver.clock)
    delivery = await (await stack.enter_async_context(gone)).deliver(EVENT)
    assert delivery.outcome is Outcome.EXPIRED
    assert set(delivery.attempts) == {0}


async def test_an_alert_is_repeated_five_times(receiver: Receiver, stack: Stack) -> None:
    group = await stack.enter_async_context(ActionGroup(receiver.url, receiver.clock))
    receiver.statuses = [503]
    assert (await group.deliver(ALERT)).attempts == (503,) * 6
    assert all(wait >= least for wait, least in zip(receiver.waits(), (5, 20, 5, 40, 5), strict=True))


async def test_a_failing_webhook_is_left_alone_for_fifteen_minutes(receiver: Receiver, stack: Stack) -> None:
    clock = MinuteClock()
    group = await stack.enter_async_context(ActionGroup(receiver.url, clock))
    receiver.statuses = [503] * 6 + [200]
    await group.deliver(ALERT)
    failed_at = clock.at
    outcomes: list[Outcome] = []
    while not outcomes or outcomes[-1] is Outcome.SILENCED:
        outcomes.append((await group.deliver(ALERT)).outcome)
    assert clock.at - failed_at == timedelta(minutes=15)
    assert outcomes[-1] is Outcome.DELIVERED
    assert len(receiver.came) == 7


async def test_an_alert_that_the_webhook_refuses_is_not_repeated(receiver: Receiver, stack: Stack) -> None:
    group = await stack.enter_async_context(ActionGroup(receiver.url, receiver.clock))
    receiver.statuses = [400, 200]
    assert (await group.deliver(ALERT)).outcome is Outcome.DROPPED
    assert (await group.deliver(ALERT)).outcome is Outcome.DELIVERED
