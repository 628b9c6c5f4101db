"""An SDK's error becomes one of ours, here and nowhere else.

    the service said                                                    ours
    ------------------------------------------------------------------  -----------------------
    412                                                                 Superseded
    404                                                                 NotFound
    409, another operation in progress                                  Retry
    409, any other                                                      Conflict
    401, 408, 429, 5xx                                                  Retry, after Retry-After
    another 4xx                                                         Refused
    nothing: no connection, no answer in time, no token, half an answer Retry

Decides what to do about an error, by status and error code. Refuses to know which service it came from: a
status that means success somewhere is that adapter's to allow (`allowing`).

Sources: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors,
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from shared.errors import Conflict, NotFound, Refused, Retry, Superseded, SwitchyardError

SENTENCE_CHARACTERS_MAX = 600
_DEPTH_MAX = 6
_IN_PROGRESS = frozenset(
    {
        "AnotherOperationInProgress",
        "DeploymentActive",
        "OperationNotAllowed",
        "OperationPreempted",
        "ResourceGroupBeingDeleted",
        "RetryableError",
        "RetryableErrorDueToAnotherOperation",
    }
)


@contextmanager
def ours(what: str) -> Iterator[None]:
    """Let nothing but our own errors, and bugs, out of the block. `what` opens their sentence."""
    try:
        yield
    except TimeoutError as error:
        raise Retry(f"{what}: no answer in time") from error
    except Exception as error:
        raised = translated(what, error)
        if raised is error:
            raise
        raise raised from error


def translated(what: str, error: Exception) -> Exception:
    """Our error for an SDK's error; the same error where it is ours already, or a bug."""
    from azure.core.exceptions import AzureError, HttpResponseError

    if isinstance(error, SwitchyardError) or not isinstance(error, AzureError):
        return error
    response: Any = error.response if isinstance(error, HttpResponseError) else None
    if response is None or response.status_code < 400:
        return Retry(f"{what}: {_one_line(str(error))}")
    because = f"{what}: {said(error)}"
    return by_status(response.status_code, code_of(error), because, retry_after_seconds(response.headers))


def by_status(status: int, code: str, because: str, after_seconds: float | None) -> SwitchyardError:
    """The table above."""
    if status == 412:
        return Superseded(because)
    if status == 404:
        return NotFound(because)
    if status == 409:
        return Retry(because, after_seconds) if code in _IN_PROGRESS else Conflict(because)
    if status in (401, 408, 429) or status >= 500:
        return Retry(because, after_seconds)
    return Refused(because)


async def allowing[T](call: Awaitable[T], *statuses: int) -> T | None:
    """What the call gives; None where the service answers with one of `statuses`.

    A missing subscription is never allowed: the credential sees nothing, which is not that nothing is there.
    """
    from azure.core.exceptions import HttpResponseError

    try:
        return await call
    except HttpResponseError as error:
        if error.status_code in statuses and code_of(error) != "SubscriptionNotFound":
            return None
        raise


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How long the service asks to wait. A date is held against the service's own clock, its Date header."""
    found = {name.lower(): value for name, value in headers.items()}
    for name in ("retry-after-ms", "x-ms-retry-after-ms"):
        if found.get(name, "").isdigit():
            return int(found[name]) / 1000
    value = found.get("retry-after", "")
    if value.isdigit():
        return float(value)
    try:
        wait = parsedate_to_datetime(value).astimezone(UTC) - parsedate_to_datetime(found["date"]).astimezone(
            UTC
        )
    except (KeyError, TypeError, ValueError):
        return None
    return max(0.0, wait.total_seconds())


def said(error: Any) -> str:
    """What the service said in the answer behind an SDK's error, in one line."""
    return sentence(body_of(error)) or _one_line(str(error))


def code_of(error: Any) -> str:
    """The error code in the answer behind an SDK's error, empty where there is none."""
    return str(body_of(error).get("code") or "")


def body_of(error: Any) -> Mapping[str, Any]:
    """The error object of an answer: ARM wraps it in `error`, the AKS resource provider does not."""
    try:
        body = json.loads(error.response.text())
    except Exception:  # noqa: BLE001 - a body that is missing, cut short or not JSON says nothing, whatever the reason
        return {}
    if not isinstance(body, dict):
        return {}
    inner = body.get("error", body)
    return inner if isinstance(inner, dict) else {}


def sentence(error: Mapping[str, Any]) -> str:
    """An error object of ARM in one line: its code and message, then those of its details."""
    return _one_line("; ".join(dict.fromkeys(_parts(error, _DEPTH_MAX))))


def _parts(error: Mapping[str, Any], depth: int) -> Iterator[str]:
    """Each `code: message`. A message may be another error as JSON: so a template's resource fails."""
    if depth == 0:
        return
    code, message = str(error.get("code") or ""), str(error.get("message") or "").strip()
    wrapped = _wrapped(message)
    if wrapped is None and (code or message):
        yield ": ".join(filter(None, (code, message.rstrip("."))))
    inner = [wrapped, error.get("innererror"), *(error.get("details") or ())]
    for each in inner:
        if isinstance(each, Mapping):
            yield from _parts(each, depth - 1)


def _wrapped(message: str) -> Mapping[str, Any] | None:
    if not message.startswith("{"):
        return None
    try:
        body = json.loads(message)
    except ValueError:
        return None
    inner = body.get("error", body)
    return inner if isinstance(inner, dict) else None


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SENTENCE_CHARACTERS_MAX else line[: SENTENCE_CHARACTERS_MAX - 1] + "…"
