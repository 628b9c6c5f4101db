"""What an invocation hands to the runtime and gets back from it."""

from pathlib import Path

import pytest

from sandbox.host.errors import StartError
from sandbox.host.messages import (
    NullableDouble,
    NullableTimestamp,
    RpcHttp,
    RpcHttpCookie,
    Timestamp,
    TypedData,
)
from sandbox.host.web import to_response
from sandbox.host.worker import index


async def test_a_process_serves_one_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime would take a module of that name from anywhere, and silently serve another app."""
    (tmp_path / "json.py").write_text("", "utf-8")
    monkeypatch.setenv("PYTHON_SCRIPT_FILE_NAME", "json.py")
    with pytest.raises(StartError, match="a process serves one app, once"):
        await index(tmp_path)


@pytest.mark.parametrize(
    ("returned", "status", "text"),
    [
        (None, 204, None),
        (TypedData(), 204, None),
        (TypedData(string="é"), 200, "é"),
        (TypedData(json="{}"), 200, "{}"),
    ],
)
def test_what_is_no_response_becomes_one(returned: TypedData | None, status: int, text: str | None) -> None:
    response = to_response(returned)
    assert (response.status, response.text) == (status, text)


def test_the_server_counts_the_bytes_itself() -> None:
    http = RpcHttp(status_code="200", headers={"Content-Length": "9", "X": "1"}, body=TypedData(bytes=b"abc"))
    response = to_response(TypedData(http=http))
    assert response.content_length == 3
    assert response.headers["X"] == "1"


def test_a_cookie_may_say_when_it_expires() -> None:
    cookie = RpcHttpCookie(
        name="c",
        value="v",
        max_age=NullableDouble(value=5.0),
        expires=NullableTimestamp(value=Timestamp(seconds=0)),
    )
    http = RpcHttp(status_code="200", headers={}, body=None, cookies=[cookie])
    assert to_response(TypedData(http=http)).headers["Set-Cookie"] == (
        "c=v; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=5"
    )
