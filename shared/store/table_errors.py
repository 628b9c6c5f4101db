"""An SDK's error about Table Storage becomes one of ours, here and nowhere else. Knows no SDK by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from shared.errors import Refused, Retry, SwitchyardError
from shared.store.tables import Clash, Lost


class _Row(Struct, frozen=True, rename="pascal"):
    partition_key: str
    row_key: str


class _Etagged(_Row, frozen=True):
    etag: str = field(name="odata.etag")


class _Page(Struct, frozen=True):
    value: list[_Etagged]


def expect_rows(body: bytes) -> None:
    """Raise Retry for an answer to a read that is neither a row nor a page of rows.

    An SDK takes an object without rows for a page that has none, and so a fleet for one that is not there.
    """
    shapes: tuple[Any, ...] = (_Page, _Row)
    for shape in shapes:
        try:
            msgspec.json.decode(body, type=shape)
        except msgspec.DecodeError:
            continue
        return
    raise Retry("Table Storage gave an answer that is neither a row nor a page of rows")


def code_of(error: Exception) -> str:
    """The service's own code, empty where the answer is not the service's."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code or _headers(error).get("x-ms-error-code", "")))


def _headers(error: Exception) -> Mapping[str, str]:
    response = getattr(error, "response", None)
    headers: Mapping[str, str] = getattr(response, "headers", None) or {}
    return headers


def said(error: Exception) -> str:
    """Status and code, or what is known where there was no answer."""
    status = getattr(error, "status_code", None)
    if status:
        return f"{status} {code_of(error)}".strip()
    return "it could not be reached, hung up, or broke off"


def translated(error: Exception, *, writes: bool) -> SwitchyardError:
    """A conflict is the store's business, silence is a retry, and a request that is wrong in itself a bug.

    A refusal that does not carry the service's code is somebody's in between, and says nothing.
    """
    status = getattr(error, "status_code", None)
    if code_of(error) and writes and status in (404, 409, 412):
        return Clash(f"Table Storage refused the write: {said(error)}")
    if code_of(error) and status in (400, 404, 405, 409, 412, 413, 414):
        return Refused(f"Table Storage refused the request: {said(error)}")
    because = f"Table Storage gave no usable answer: {said(error)}"
    wait = _headers(error).get("Retry-After", "")
    after_seconds = float(wait) if wait.isdigit() else None
    return Lost(because, after_seconds) if writes else Retry(because, after_seconds)
