"""Transitions announced on an Event Grid topic, through azure-eventgrid.

Decides nothing about an event: its id is its for ever, so that a receiver can tell a repeat from a new one.

Source: https://learn.microsoft.com/azure/event-grid/cloudevents-schema
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.azure.connection import Connection
from shared.azure.errors import ours
from shared.ports import OutboxEntry

if TYPE_CHECKING:
    from azure.eventgrid.aio import EventGridPublisherClient


class EventGridTopics:
    """Publisher of CloudEvents. `OutboxEntry.topic` is the topic's endpoint."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def publish(self, entry: OutboxEntry) -> None:
        """Hand one CloudEvent to its topic, once. Raises Retry or Refused."""
        with ours(f"the topic {entry.topic}"):
            await self._client(entry.topic).send(entry.event)

    def _client(self, topic: str) -> EventGridPublisherClient:
        from azure.eventgrid.aio import EventGridPublisherClient

        connection = self._connection
        # This client takes no retry policy of ours, only numbers: it must not sleep, so it does not repeat.
        return connection.client(
            (EventGridPublisherClient, topic),
            lambda options: EventGridPublisherClient(
                topic, connection.credential(), retry_total=0, **options
            ),
        )
