"""When a queue function runs, and what becomes of its message.

Decides polling, concurrency, retry and poison as Azure's queue listener does. A message leaves the queue only
after its function has succeeded or its copy lies in the poison queue, so a host that dies loses none: what it
held reappears when its lease ends.
"""

import asyncio
import json
import logging
import math
import random
from datetime import datetime

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage

from sandbox.host.host_json import QueueOptions
from sandbox.host.inventory import Function
from sandbox.host.messages import TypedData
from sandbox.host.storage import Queues, decode
from sandbox.host.worker import Worker

log = logging.getLogger("host.queues")

POLLING_SECONDS_MIN = 0.1
NAME_LENGTH_MAX = 63
LEASE_SECONDS = 600
STOP_SECONDS_MAX = 2.0


class Backoff:
    """The pauses between polls of an empty queue: doubling with a jitter of a fifth, up to a limit."""

    def __init__(self, seconds_max: float, jitter: random.Random) -> None:
        self._seconds_max = seconds_max
        self._jitter = jitter
        self._misses = 0

    def reset(self) -> None:
        """A message was there: the next pause is the shortest again."""
        self._misses = 0

    def next_seconds(self) -> float:
        """The pause after one more empty poll."""
        self._misses = min(self._misses + 1, 30)
        if self._misses == 1:
            return min(POLLING_SECONDS_MIN, self._seconds_max)
        grown = POLLING_SECONDS_MIN * (1 + 2.0 ** (self._misses - 1) * self._jitter.uniform(0.8, 1.2))
        return min(grown, self._seconds_max)


def poison_name(queue: str) -> str | None:
    """The queue that takes what can't be processed; a poison queue itself has none."""
    name = f"{queue}-poison"
    return None if queue.endswith("-poison") or len(name) > NAME_LENGTH_MAX else name


def trigger_metadata(message: QueueMessage, text: str) -> dict[str, TypedData]:
    """What a queue function may know of its message beside the text."""

    def time(moment: datetime | None) -> TypedData:
        return TypedData(json=json.dumps(moment.isoformat() if moment else None))

    return {
        "QueueTrigger": TypedData(string=text),
        "Id": TypedData(string=message.id),
        "PopReceipt": TypedData(string=message.pop_receipt),
        "DequeueCount": TypedData(json=json.dumps(message.dequeue_count)),
        "InsertionTime": time(message.inserted_on),
        "ExpirationTime": time(message.expires_on),
        "NextVisibleTime": time(message.next_visible_on),
    }


class QueueListener:
    """Feeds one function from its queue: `prepare`, then `run` as a task, then `stop`."""

    def __init__(
        self,
        function: Function,
        queues: Queues,
        worker: Worker,
        options: QueueOptions,
        *,
        lease_seconds: int = LEASE_SECONDS,
    ) -> None:
        self.function = function
        self.queue = str(function.trigger.options["queueName"])
        self._connection = function.trigger.connection
        self._queues = queues
        self._client = queues.client(self._connection, self.queue)
        self._news = queues.news(self._connection, self.queue)
        self._worker = worker
        self._options = options
        self._lease_seconds = lease_seconds
        self._poison = poison_name(self.queue)
        self._backoff = Backoff(options.polling_seconds_max, random.Random())
        self._at_work: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def prepare(self) -> None:
        """Create the queue where it is missing. Raises AzureError where storage can't be reached."""
        await self._queues.create(self._connection, self.queue)

    async def run(self) -> None:
        """Take messages and hand them to the function, until it is told to stop."""
        while not self._stopping:
            while len(self._at_work) > self._options.new_batch_threshold:
                await asyncio.wait(self._at_work, return_when=asyncio.FIRST_COMPLETED)
            batch = await self._receive()
            if batch:
                self._backoff.reset()
            else:
                await self._pause()
            for message in batch:
                task = asyncio.create_task(self._process(message))
                self._at_work.add(task)
                task.add_done_callback(self._at_work.discard)

    async def stop(self, loop: asyncio.Task[None]) -> None:
        """Take no further message; `loop` is the task of `run`. What is at work goes on."""
        self._stopping = True
        self._news.set()
        # A poll under way may yet bring messages; cancelled, they'd stay hidden for a whole lease.
        await asyncio.wait([loop], timeout=STOP_SECONDS_MAX)
        loop.cancel()

    async def abandon(self) -> None:
        """Cancel what is at work; its messages reappear when their leases end."""
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _receive(self) -> list[QueueMessage]:
        """One batch in one request; nothing where storage is away."""
        pages = self._client.receive_messages(
            messages_per_page=self._options.batch_size, visibility_timeout=self._lease_seconds
        ).by_page()
        try:
            async for page in pages:
                return [message async for message in page]
        except ResourceNotFoundError:
            await self._recreate()
        except AzureError as error:
            log.warning("queue %s can't be polled: %s", self.queue, type(error).__name__)
        return []

    async def _recreate(self) -> None:
        log.warning("queue %s is gone and is created anew", self.queue)
        try:
            await self.prepare()
        except AzureError as error:
            log.warning("queue %s can't be created: %s", self.queue, type(error).__name__)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._news.wait(), self._backoff.next_seconds())
        except TimeoutError:
            return
        if not self._stopping:
            self._news.clear()
            self._backoff.reset()

    async def _process(self, message: QueueMessage) -> None:
        try:
            await self._handle(message)
        except ResourceNotFoundError:
            log.warning("message %s of queue %s was taken by somebody else", message.id, self.queue)
        except AzureError as error:
            log.warning(
                "message %s of queue %s is left as it is: %s", message.id, self.queue, type(error).__name__
            )

    async def _handle(self, message: QueueMessage) -> None:
        if self._stopping:
            await self._release(message, 0)
            return
        try:
            text = decode(str(message.content), in_base64=self._options.base64)
        except ValueError as error:
            log.error("message %s of queue %s can't be read: %s", message.id, self.queue, error)
            await self._reject(message)
            return
        dequeues = message.dequeue_count or 1
        if dequeues > self._options.dequeue_count_max:
            await self._reject(message)
            return
        renewal = asyncio.create_task(self._renew(message))
        try:
            outcome = await self._worker.invoke(
                self.function, TypedData(string=text), metadata=trigger_metadata(message, text)
            )
        finally:
            renewal.cancel()
        if outcome.error is None:
            await self._client.delete_message(message)
        elif dequeues >= self._options.dequeue_count_max:
            await self._reject(message)
        else:
            await self._release(message, self._options.retry_seconds)

    async def _renew(self, message: QueueMessage) -> None:
        """Keep the message hidden while its function runs."""
        while True:
            await asyncio.sleep(self._lease_seconds / 2)
            try:
                renewed = await self._client.update_message(message, visibility_timeout=self._lease_seconds)
            except AzureError as error:
                log.warning("the lease of message %s can't be renewed: %s", message.id, type(error).__name__)
            else:
                message.pop_receipt = renewed.pop_receipt

    async def _release(self, message: QueueMessage, seconds: float) -> None:
        await self._client.update_message(message, visibility_timeout=math.ceil(seconds))

    async def _reject(self, message: QueueMessage) -> None:
        """Move to the poison queue; where there is none, leave it hidden: a hot loop would help nobody."""
        if self._poison is None:
            return
        await self._queues.put(self._connection, self._poison, str(message.content))
        await self._client.delete_message(message)
        # Said once it is so: whoever reads this may look into the queue at once.
        log.warning(
            "message %s went to queue %s after %s attempts", message.id, self._poison, message.dequeue_count
        )
