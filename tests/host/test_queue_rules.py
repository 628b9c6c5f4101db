"""The rules of queue triggers that need no queue: encodings, pauses, poison queues, metadata."""

import random
from datetime import UTC, datetime

import pytest
from azure.storage.queue import QueueMessage

from sandbox.host.messages import TypedData
from sandbox.host.queues import Backoff, poison_name, trigger_metadata
from sandbox.host.storage import decode, encode, payloads


@pytest.mark.parametrize("payload", ["", "plain", "grün € 🚦", '{"a": 1}'])
@pytest.mark.parametrize("in_base64", [True, False])
def test_what_is_sent_is_what_is_seen(payload: str, in_base64: bool) -> None:
    assert decode(encode(payload, in_base64=in_base64), in_base64=in_base64) == payload


def test_base64_is_what_other_clients_send() -> None:
    assert encode(b"step", in_base64=True) == "c3RlcA=="


@pytest.mark.parametrize("text", ["not base64!", "c3RlcA", "/w=="])
def test_a_message_in_another_encoding_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        decode(text, in_base64=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (TypedData(string="one"), ["one"]),
        (TypedData(string='{"a":  1}'), ['{"a":  1}']),
        (TypedData(string='["a", {"b": 2}]'), ["a", '{"b": 2}']),
        (TypedData(json='["a", "b"]'), ["a", "b"]),
        (TypedData(json='{"id": null, "body": "x"}'), ['{"id": null, "body": "x"}']),
        (TypedData(bytes=b"[1]"), [b"[1]"]),
        (TypedData(string=""), [""]),
    ],
)
def test_an_output_is_split_as_azure_splits_it(value: TypedData, expected: list[str | bytes]) -> None:
    assert payloads(value) == expected


def test_an_output_that_only_looks_like_json_fails() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        payloads(TypedData(string="{broken}"))


@pytest.mark.parametrize(
    ("queue", "expected"),
    [("work", "work-poison"), ("work-poison", None), ("q" * 57, None), ("q" * 56, "q" * 56 + "-poison")],
)
def test_names_the_poison_queue(queue: str, expected: str | None) -> None:
    assert poison_name(queue) == expected


def test_backs_off_to_its_limit_and_starts_anew() -> None:
    backoff = Backoff(2.0, random.Random(1))
    pauses = [backoff.next_seconds() for _ in range(40)]
    assert pauses[0] == 0.1
    assert pauses[:5] == sorted(pauses[:5])
    assert pauses[-1] == max(pauses) == 2.0
    backoff.reset()
    assert backoff.next_seconds() == 0.1


def test_tells_a_function_about_its_message() -> None:
    moment = datetime(2026, 11, 21, 12, tzinfo=UTC)
    message = QueueMessage(
        "x", id="m1", dequeue_count=2, pop_receipt="r", inserted_on=moment, expires_on=None
    )
    metadata = trigger_metadata(message, "text")
    assert metadata["Id"].string == "m1"
    assert metadata["DequeueCount"].json == "2"
    assert metadata["InsertionTime"].json == '"2026-11-21T12:00:00+00:00"'
    assert metadata["ExpirationTime"].json == "null"
