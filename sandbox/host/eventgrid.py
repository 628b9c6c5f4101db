"""What an Event Grid delivery says: a handshake, events, or nothing that can be understood.

Decides by header and body alone, as Azure's Event Grid extension does; it neither invokes functions nor looks
into an event, except that each must be an object.
"""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Validation:
    """The handshake of a new subscription: the code is to be echoed."""

    code: str


@dataclass(frozen=True, slots=True)
class Events:
    """The events of one delivery, each as JSON text; one invocation each."""

    bodies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsubscribed:
    """A notice that the subscription is gone."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A delivery that no retry will make better."""

    why: str


Delivery = Validation | Events | Unsubscribed | Malformed


def read_delivery(event_type: str, body: bytes) -> Delivery:
    """Understand a POST by its `aeg-event-type` header and its body (Event Grid schema or CloudEvents)."""
    kind = event_type.lower()
    if kind == "unsubscribe":
        return Unsubscribed()
    if kind not in ("subscriptionvalidation", "notification"):
        return Malformed(
            f"header aeg-event-type is '{event_type}', not Notification or SubscriptionValidation"
        )
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        return Malformed(f"the body is not JSON: {error}")
    items = content if isinstance(content, list) else [content]
    if not all(isinstance(item, dict) for item in items):
        return Malformed("the body is not an event or an array of events")
    if kind == "notification":
        return Events(tuple(json.dumps(item) for item in items))
    code = _validation_code(items)
    return Malformed("the event has no data.validationCode") if code is None else Validation(code)


def _validation_code(items: list[dict[str, Any]]) -> str | None:
    data = items[0].get("data") if items else None
    if isinstance(data, str):  # a CloudEvent's handshake carries its data as text within the JSON
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return None
    code = data.get("validationCode") if isinstance(data, dict) else None
    return code if isinstance(code, str) else None
