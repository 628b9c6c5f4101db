"""The sample app, served once for all tests that only call it, and queues to look into."""

import base64
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueClient, QueueMessage

from sandbox.azurite import Azurite
from sandbox.host.host import Options
from sandbox.host.process import HostProcess

SAMPLE_APP = Path(__file__).parent / "sample_app"
WAIT_SECONDS_MAX = 20.0


@dataclass(frozen=True)
class Answer:
    """An HTTP response; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def call(url: str, path: str, method: str = "GET", body: bytes | str | None = None, **headers: str) -> Answer:
    """One HTTP request; `_` in the name of a header stands for `-`."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=WAIT_SECONDS_MAX)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


class Queue:
    """One queue, seen from outside the host."""

    def __init__(self, connection: str, name: str) -> None:
        self.client = QueueClient.from_connection_string(connection, name)
        self._seen: list[Any] = []
        with contextlib.suppress(ResourceExistsError):
            self.client.create_queue()

    def send(self, text: str) -> None:
        self.client.send_message(base64.b64encode(text.encode()).decode())

    def send_raw(self, text: str) -> None:
        self.client.send_message(text)

    def wait_for(self, wanted: Callable[[Any], bool]) -> Any:
        """The first message that is wanted, parsed if it is JSON; what else arrives is kept for later."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while time.monotonic() < deadline:
            for item in self._seen:
                if wanted(item):
                    self._seen.remove(item)
                    return item
            self._seen += [self._taken(message) for message in self.client.receive_messages()]
        raise AssertionError(f"no such message in {self.client.queue_name}; there were {self._seen}")

    def _taken(self, message: QueueMessage) -> Any:
        self.client.delete_message(message)
        text = base64.b64decode(message.content).decode("utf-8", "replace")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def count(self) -> int:
        """How many messages there are, hidden ones among them."""
        return self.client.get_queue_properties().approximate_message_count or 0


@pytest.fixture
def queue(azurite: Azurite) -> Iterator[Callable[[str], Queue]]:
    opened: list[Queue] = []

    def named(name: str) -> Queue:
        opened.append(Queue(azurite.connection_string, name))
        return opened[-1]

    yield named
    for item in opened:
        item.client.close()


def sample_environment(azurite: Azurite, prefix: str) -> dict[str, str]:
    """The sample app's settings; hosts that run beside each other need queues of their own."""
    return {
        "Sample": azurite.connection_string,
        "PREFIX": prefix,
        "TICK": "0 0 5 1 1 *",
        "AzureWebJobs.off.Disabled": "true",
    }


@pytest.fixture(scope="session")
def sample(azurite: Azurite) -> Iterator[HostProcess]:
    with HostProcess(Options(SAMPLE_APP, port=0), sample_environment(azurite, "s-")) as host:
        yield host
