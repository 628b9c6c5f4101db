"""What Azure sends to an application: Event Grid's deliveries and an action group's webhook calls.

Decides the handshakes, headers, retries and when to give up, in the world's time. Refuses to know what an
event or an alert says. Nothing is reordered on purpose; a caller that wants duplicates delivers twice.

Sources: https://learn.microsoft.com/azure/event-grid/delivery-and-retry,
https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema,
https://learn.microsoft.com/azure/event-grid/end-point-validation-cloud-events-schema,
https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups#webhook
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import uuid4

import aiohttp
from msgspec import Struct

from sandbox.wire.pace import pause
from shared.ports import Clock

RESPONSE_SECONDS_MAX = 30
"""How long a receiver may take, in real seconds: it works in real time even in a rehearsal."""

EVENT_RETRY_SECONDS = (10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200)
EVENT_ATTEMPTS_MAX = 30
EVENT_TTL = timedelta(hours=24)
EVENT_DROPPED_STATUS = frozenset({400, 401, 403, 413})
EVENT_RETRY_SECONDS_MIN = {404: 300, 408: 120, 503: 30}

ALERT_RETRY_SECONDS = (5, 20, 5, 40, 5)
ALERT_RETRIED_STATUS = frozenset({408, 429, 503, 504})
ALERT_SILENCE = timedelta(minutes=15)

NO_ANSWER = 0
"""The status of an attempt that got no answer at all."""


class EventSchema(StrEnum):
    """The schemas in which a subscription can have its events."""

    EVENT_GRID = "event_grid"
    CLOUD_EVENTS = "cloud_events"


class Outcome(StrEnum):
    """How a delivery ended."""

    DELIVERED = "delivered"
    DROPPED = "dropped"
    EXPIRED = "expired"
    SILENCED = "silenced"


class Delivery(Struct, frozen=True, kw_only=True):
    """A delivery that has ended. `attempts` are the status codes, 0 for no answer."""

    outcome: Outcome
    attempts: tuple[int, ...] = ()


class HandshakeFailed(Exception):
    """The endpoint did not prove that it wants the events."""


class _Sender:
    """Posts JSON and says with which status it was answered."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        limit = aiohttp.ClientTimeout(total=RESPONSE_SECONDS_MAX)
        self._session = aiohttp.ClientSession(timeout=limit)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections of this subscription, while it is entered as a context manager."""
        assert self._session is not None, "use it as a context manager"
        return self._session

    async def _post(self, body: Any, headers: Mapping[str, str]) -> int:
        try:
            async with self.session.post(self._url, json=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return NO_ANSWER


class EventGridDelivery(_Sender):
    """One event subscription with a webhook or a function behind it; an async context manager."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        schema: EventSchema = EventSchema.EVENT_GRID,
        subscription: str = "SWITCHYARD",
        topic: str = "/subscriptions/00000000-0000-0000-0000-000000000000",
    ) -> None:
        super().__init__(url, clock)
        self._schema = schema
        self._subscription = subscription
        self._topic = topic

    async def validate(self) -> None:
        """The handshake of the subscription's schema. Raises HandshakeFailed."""
        if self._schema is EventSchema.CLOUD_EVENTS:
            await self._validate_by_options()
        else:
            await self._validate_by_code()

    async def deliver(self, event: Mapping[str, Any]) -> Delivery:
        """Deliver one event until it is taken, refused for good, or too old."""
        expires_at = self._clock.now() + EVENT_TTL
        attempts: list[int] = []
        while True:
            body: Any = dict(event) if self._schema is EventSchema.CLOUD_EVENTS else [dict(event)]
            status = await self._post(body, self._headers("Notification", len(attempts)))
            attempts.append(status)
            if 200 <= status <= 204:
                return Delivery(outcome=Outcome.DELIVERED, attempts=tuple(attempts))
            if status in EVENT_DROPPED_STATUS:
                return Delivery(outcome=Outcome.DROPPED, attempts=tuple(attempts))
            delay = EVENT_RETRY_SECONDS[min(len(attempts), len(EVENT_RETRY_SECONDS)) - 1]
            delay = max(delay, EVENT_RETRY_SECONDS_MIN.get(status, 0))
            if (
                len(attempts) == EVENT_ATTEMPTS_MAX
                or self._clock.now() + timedelta(seconds=delay) > expires_at
            ):
                return Delivery(outcome=Outcome.EXPIRED, attempts=tuple(attempts))
            await pause(self._clock, delay)

    async def _validate_by_code(self) -> None:
        code = str(uuid4())
        event = {
            "id": str(uuid4()),
            "topic": self._topic,
            "subject": "",
            "data": {"validationCode": code},
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "eventTime": self._clock.now().isoformat(),
            "metadataVersion": "1",
            "dataVersion": "2",
        }
        headers = self._headers("SubscriptionValidation", 0)
        async with self.session.post(self._url, json=[event], headers=headers) as answer:
            echoed = await answer.json(content_type=None) if answer.status == 200 else None
            if not isinstance(echoed, dict) or echoed.get("validationResponse") != code:
                raise HandshakeFailed(f"{answer.status}: the validation code was not echoed")

    async def _validate_by_options(self) -> None:
        headers = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"}
        async with self.session.options(self._url, headers=headers) as answer:
            allowed = answer.headers.get("WebHook-Allowed-Origin", "")
            if answer.status != 200 or allowed not in ("*", "eventgrid.azure.net"):
                raise HandshakeFailed(f"{answer.status}: WebHook-Allowed-Origin is '{allowed}'")

    def _headers(self, kind: str, retries: int) -> dict[str, str]:
        cloud = self._schema is EventSchema.CLOUD_EVENTS
        content = "application/cloudevents+json" if cloud else "application/json"
        return {
            "aeg-event-type": kind,
            "aeg-subscription-name": self._subscription,
            "aeg-delivery-count": str(retries),
            "aeg-metadata-version": "1",
            "Content-Type": f"{content}; charset=utf-8",
        }


class ActionGroup(_Sender):
    """An action group with one webhook; an async context manager.

    Once an alert's retries have failed, no alert is sent to the webhook for 15 minutes.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(url, clock)
        self._silent_until: datetime | None = None

    async def deliver(self, alert: Mapping[str, Any]) -> Delivery:
        """Send one alert in the common schema."""
        if self._silent_until is not None and self._clock.now() < self._silent_until:
            return Delivery(outcome=Outcome.SILENCED)
        attempts = [await self._post(dict(alert), {})]
        for delay in ALERT_RETRY_SECONDS:
            if attempts[-1] != NO_ANSWER and attempts[-1] not in ALERT_RETRIED_STATUS:
                break
            await pause(self._clock, delay)
            attempts.append(await self._post(dict(alert), {}))
        if 200 <= attempts[-1] < 300:
            return Delivery(outcome=Outcome.DELIVERED, attempts=tuple(attempts))
        if attempts[-1] == NO_ANSWER or attempts[-1] in ALERT_RETRIED_STATUS:
            self._silent_until = self._clock.now() + ALERT_SILENCE
        return Delivery(outcome=Outcome.DROPPED, attempts=tuple(attempts))
