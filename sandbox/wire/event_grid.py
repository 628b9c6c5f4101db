"""An Event Grid custom topic that takes CloudEvents 1.0, 2018-01-01.

Decides which events it takes; keeps them in the order in which they came, repeats included, because a topic
does not know that it has seen one before. Refuses to deliver them: `delivery` sends what Azure itself sends.

Source: https://learn.microsoft.com/azure/event-grid/post-to-custom-topic
"""

from __future__ import annotations

from typing import Any

from sandbox.wire.errors import BadRequest
from sandbox.wire.routing import Call, Operation, Reply, Service
from sandbox.world.errors import ArmError

VERSIONS = frozenset({"2018-01-01"})
EVENT_BYTES_MAX = 1024 * 1024
PATH = "/api/events"
_REQUIRED = ("id", "source", "type", "specversion")


class Topic:
    """The topic. `published` holds every event that it took."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def operations(self) -> list[Operation]:
        """Publishing, with and without a topic's name in the path."""
        return [
            Operation(
                method="POST",
                template=template,
                handler=self.publish,
                versions=VERSIONS,
                service=Service.EVENT_GRID,
                families=(),
            )
            for template in (PATH, "/topics/{topic}" + PATH)
        ]

    def publish(self, call: Call) -> Reply:
        """Take a batch or one event: all of it or, with 400, nothing."""
        if not call.headers.get("Content-Type", "").startswith("application/cloudevents"):
            raise ArmError(415, "UnsupportedMediaType", "This topic accepts CloudEvents 1.0 alone.")
        if int(call.headers.get("Content-Length", 0)) > EVENT_BYTES_MAX:
            raise ArmError(413, "PayloadTooLarge", f"The events are larger than {EVENT_BYTES_MAX} bytes.")
        events = call.body if isinstance(call.body, list) else [call.body]
        for event in events:
            _check(event)
        self.published.extend(events)
        return Reply(200)


def _check(event: Any) -> None:
    missing = (
        [name for name in _REQUIRED if not event.get(name)] if isinstance(event, dict) else list(_REQUIRED)
    )
    if missing:
        names = ", ".join(missing)
        raise BadRequest(
            "BadRequest", f"This resource is configured to receive CloudEvents v1.0; missing: {names}."
        )
    if event["specversion"] != "1.0":
        raise BadRequest("BadRequest", f"CloudEvents version '{event['specversion']}' is not supported.")
