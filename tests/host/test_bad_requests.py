"""Requests that no client should send: the host refuses them early, and never with an error of its own."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sandbox.azurite import Azurite
from sandbox.host.host import Options
from sandbox.host.process import HostProcess
from tests.host.conftest import SAMPLE_APP, WAIT_SECONDS_MAX, call, sample_environment

LIMIT = 256 * 1024
KEY = "open sesame"
ECHO = "/v1/echo/shop/rollouts/1"
WEBHOOK = "/runtime/webhooks/EventGrid?functionName=event"


@pytest.fixture(scope="module")
def host(azurite: Azurite) -> Iterator[HostProcess]:
    environment = sample_environment(azurite, "bad-") | {"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": str(LIMIT)}
    with HostProcess(Options(SAMPLE_APP, port=0, key=KEY), environment) as running:
        yield running


def exchange(host: HostProcess, head: str, body: bytes = b"", *, method: str = "POST") -> int:
    """Send raw bytes and read the status of the answer, which may come before all was sent."""
    address = urlsplit(host.url)
    with socket.create_connection((address.hostname or "", address.port or 0), WAIT_SECONDS_MAX) as wire:
        start = f"{method} {head}\r\nHost: x\r\nConnection: close\r\n\r\n"
        wire.sendall(start.replace("\n", "\r\n").replace("\r\r", "\r").encode("latin-1"))
        with contextlib.suppress(OSError):  # it may be refused before all of it was sent
            wire.sendall(body)
        return int(wire.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("path", [ECHO, WEBHOOK, "/admin/functions/never"])
def test_a_length_over_the_limit_is_refused_before_any_of_the_body_comes(
    host: HostProcess, path: str
) -> None:
    head = (
        f"{path} HTTP/1.1\nx-functions-key: {KEY}\naeg-event-type: Notification\nContent-Length: {LIMIT + 1}"
    )

    assert exchange(host, head) == 413


def test_whoever_asks_before_sending_too_much_is_told_not_to(host: HostProcess) -> None:
    head = f"{ECHO} HTTP/1.1\nExpect: 100-continue\nContent-Length: {LIMIT + 1}"

    assert exchange(host, head) == 413


def test_whoever_asks_before_sending_little_is_told_to(host: HostProcess) -> None:
    assert exchange(host, f"{ECHO} HTTP/1.1\nExpect: 100-continue\nContent-Length: 2", b"{}") == 100


@pytest.mark.parametrize("path", [ECHO, WEBHOOK])
def test_chunks_are_cut_off_at_the_limit(host: HostProcess, path: str) -> None:
    head = (
        f"{path} HTTP/1.1\nx-functions-key: {KEY}\naeg-event-type: Notification\nTransfer-Encoding: chunked"
    )
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"

    assert exchange(host, head, chunk * (LIMIT // 0x4000 + 1)) == 413


def test_a_body_at_the_limit_is_taken(host: HostProcess) -> None:
    assert call(host.url, ECHO, "POST", b" " * LIMIT).status == 201


def test_a_compressed_body_stays_as_small_as_it_came(host: HostProcess) -> None:
    bomb = gzip.compress(b"\x00" * 4 * LIMIT)

    answer = call(host.url, ECHO, "POST", bomb, Content_Encoding="gzip")

    assert (answer.status, bytes.fromhex(answer.json["body"])) == (201, bomb)


@pytest.mark.parametrize(
    ("method", "head", "status"),
    [
        ("GET", "/v1/guarded HTTP/1.1\nx-functions-key: \xff", 401),
        ("GET", "/v1/guarded?code=%ff HTTP/1.1", 401),
        ("OPTIONS", f"{WEBHOOK} HTTP/1.1\nx-functions-key: {KEY}\nWebHook-Request-Origin: \xff", 400),
        ("POST", f"{ECHO} HTTP/1.1\ntraceparent: \xff\nX-Odd: \xff\nContent-Length: 0", 201),
        ("GET", "/v1/%ff%00 HTTP/1.1", 404),
    ],
)
def test_bytes_that_are_no_text_are_nobodys_error(
    host: HostProcess, method: str, head: str, status: int
) -> None:
    assert exchange(host, head, method=method) == status


@pytest.mark.parametrize("body", [b"\xff", b"[" * 50_000, b"1" * 5000])
@pytest.mark.parametrize("charset", ["utf-8", "nonsense"])
def test_what_cannot_be_read_starts_nothing_by_hand(host: HostProcess, body: bytes, charset: str) -> None:
    answer = call(
        host.url,
        "/admin/functions/never",
        "POST",
        body,
        x_functions_key=KEY,
        Content_Type=f"application/json; charset={charset}",
    )

    assert answer.status == 400


def test_a_limit_that_is_no_number_stops_the_host(azurite: Azurite) -> None:
    environment = sample_environment(azurite, "bad-") | {"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1 MB"}

    with pytest.raises(Exception, match="FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"):
        HostProcess(Options(SAMPLE_APP, port=0), environment).start()


def test_a_delivery_of_odd_numbers_and_halves_of_characters_is_an_event(host: HostProcess) -> None:
    event = {"id": "odd", "eventType": "t", "subject": "s", "topic": "t", "eventTime": "2026-11-21T12:00:00Z"}
    body = json.dumps([event | {"data": {"n": float("nan"), "half": "\ud800"}}])

    answer = call(host.url, WEBHOOK, "POST", body, aeg_event_type="Notification", x_functions_key=KEY)

    assert answer.status == 202
