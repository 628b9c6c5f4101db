"""Queue storage: the text of a message on the wire, and one client per queue.

Decides encoding and what a queue output binding's value becomes; creates a queue that is missing. It doesn't
know which function sends or receives.
"""

import asyncio
import base64
import binascii
import contextlib
import json
from collections import defaultdict

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from sandbox.host.inventory import Binding
from sandbox.host.messages import TypedData

Address = tuple[str, str]  # connection string and queue name


def encode(payload: str | bytes, *, in_base64: bool) -> str:
    """A message as it lies in the queue."""
    if in_base64:
        return base64.b64encode(payload.encode() if isinstance(payload, str) else payload).decode("ascii")
    return payload if isinstance(payload, str) else payload.decode()


def decode(text: str, *, in_base64: bool) -> str:
    """A message as its function sees it. Raises ValueError where it isn't encoded as the host expects."""
    if not in_base64:
        return text
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"not UTF-8 in base64: {error}") from error


def payloads(data: TypedData) -> list[str | bytes]:
    """The messages that a queue output's value stands for. Raises ValueError.

    Azure's host reads a text that looks like JSON as JSON, so the text of an array is many messages.
    """
    kind = data.WhichOneof("data")
    if kind == "bytes":
        return [bytes(data.bytes)]
    text = str(getattr(data, kind)) if kind else ""
    if kind == "json" or _looks_like_json(text):
        content = json.loads(text)
        if isinstance(content, list):
            return [item if isinstance(item, str) else json.dumps(item) for item in content]
    return [text]


def _looks_like_json(text: str) -> bool:
    ends = text.strip()[:1] + text.strip()[-1:]
    return ends in ("{}", "[]")


class Queues:
    """All queues that the app uses. Close it at the end."""

    def __init__(self, *, in_base64: bool) -> None:
        self._in_base64 = in_base64
        self._clients: dict[Address, QueueClient] = {}
        self._news: defaultdict[Address, asyncio.Event] = defaultdict(asyncio.Event)

    def client(self, connection: str, name: str) -> QueueClient:
        """The one client of that queue."""
        address = (connection, name)
        if address not in self._clients:
            # One retry, for a connection that was closed while idle: more would only hide an outage.
            self._clients[address] = QueueClient.from_connection_string(
                connection,
                name,
                retry_total=1,
                initial_backoff=1,
                random_jitter_range=0,
                connection_timeout=5,
            )
        return self._clients[address]

    def news(self, connection: str, name: str) -> asyncio.Event:
        """Set whenever this host itself has sent to the queue: its listener needn't wait for a poll."""
        return self._news[connection, name]

    async def create(self, connection: str, name: str) -> None:
        """Create the queue unless it is there. Raises AzureError where storage can't be reached."""
        with contextlib.suppress(ResourceExistsError):
            await self.client(connection, name).create_queue()

    async def put(self, connection: str, name: str, text: str) -> None:
        """Send an encoded message, to a new queue where there is none."""
        client = self.client(connection, name)
        try:
            await client.send_message(text)
        except ResourceNotFoundError:
            await self.create(connection, name)
            await client.send_message(text)
        self._news[connection, name].set()

    async def emit(self, binding: Binding, data: TypedData) -> None:
        """Send what a function has put into its queue output."""
        for payload in payloads(data):
            await self.put(
                binding.connection,
                str(binding.options["queueName"]),
                encode(payload, in_base64=self._in_base64),
            )

    async def close(self) -> None:
        """Close every client."""
        await asyncio.gather(*(client.close() for client in self._clients.values()))
