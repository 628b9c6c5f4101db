"""What the host makes of Event Grid's deliveries: handshakes, events, and what it cannot read."""

import json
from typing import Any

import pytest

from sandbox.host.eventgrid import Events, Malformed, Unsubscribed, Validation, read_delivery

EVENT = {"id": "1", "topic": "t", "subject": "s", "eventType": "e", "data": {}}
HANDSHAKE = {
    "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
    "data": {"validationCode": "c0de"},
}


def read(event_type: str, content: Any) -> Any:
    return read_delivery(event_type, json.dumps(content).encode())


def test_every_event_of_a_batch_is_one() -> None:
    delivery = read("Notification", [EVENT, EVENT | {"id": "2"}])
    assert [json.loads(body)["id"] for body in delivery.bodies] == ["1", "2"]


def test_a_single_cloud_event_is_an_event() -> None:
    delivery = read("Notification", {"specversion": "1.0", "id": "9"})
    assert isinstance(delivery, Events)
    assert len(delivery.bodies) == 1


@pytest.mark.parametrize(
    "content", [[HANDSHAKE], HANDSHAKE, {"specversion": "1.0", "data": '{"validationCode": "c0de"}'}]
)
def test_finds_the_code_of_a_handshake(content: Any) -> None:
    assert read("SubscriptionValidation", content) == Validation("c0de")


@pytest.mark.parametrize(
    ("event_type", "body"),
    [
        ("Notification", b"{"),
        ("Notification", b"\xff\xfe"),
        ("Notification", b'"text"'),
        ("Notification", b"[1]"),
        ("Notification", b"[" * 50_000),
        ("Notification", b'[{"a":' + b"[" * 50_000),
        ("Notification", b'[{"n":' + b"1" * 5000 + b"}]"),
        ("", b"[]"),
        ("Else", b"[]"),
        ("SubscriptionValidation", b"[]"),
        ("SubscriptionValidation", b'[{"data": {}}]'),
        ("SubscriptionValidation", b'{"data": "{"}'),
        ("SubscriptionValidation", b'{"data": "' + b"[" * 50_000 + b'"}'),
    ],
)
def test_what_no_retry_mends_is_malformed(event_type: str, body: bytes) -> None:
    assert isinstance(read_delivery(event_type, body), Malformed)


def test_the_end_of_a_subscription_is_taken_note_of() -> None:
    assert read("Unsubscribe", {}) == Unsubscribed()
