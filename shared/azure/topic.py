"""Transitions announced on an Event Grid topic, through azure-eventgrid.

Decides nothing about an event: its id is its for ever, so that a receiver can tell a repeat from a new one.

Source: https://learn.microsoft.com/azure/event-grid/cloudevents-schema
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shared.azure.connection import Connection
from shared.azure.errors import allowing, ours
from shared.ports import OutboxEntry

if TYPE_CHECKING:
    from azure.eventgrid.aio import EventGridPublisherClient


PUBLISH_SECONDS_MAX = 20


class EventGridTopics:
    """Publisher of CloudEvents. `OutboxEntry.topic` is the topic's endpoint.

    `publish_seconds_max` limits one of them, its token included.
    """

    def __init__(self, connection: Connection, *, publish_seconds_max: float = PUBLISH_SECONDS_MAX) -> None:
        self._connection = connection
        self._publish_seconds_max = publish_seconds_max

    async def publish(self, entry: OutboxEntry) -> None:
        """Hand one CloudEvent to its topic, once. Raises Retry or Refused."""
        with ours(f"the topic {entry.topic}"):
            async with asyncio.timeout(self._publish_seconds_max):
                await allowing(self._client(entry.topic).send(entry.event))

    def _client(self, topic: str) -> EventGridPublisherClient:
        from azure.eventgrid.aio import EventGridPublisherClient

        connection = self._connection
        # This client takes no retry policy of ours, only numbers: it must not sleep, so it does not repeat.
        return connection.client(
            (EventGridPublisherClient, topic),
            topic,
            lambda options: EventGridPublisherClient(
                topic, connection.credential(), retry_total=0, **options
            ),
        )
