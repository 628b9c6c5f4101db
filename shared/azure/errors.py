"""An SDK's error becomes one of ours, here and nowhere else.

    the service said                                                    ours
    ------------------------------------------------------------------  -----------------------
    412                                                                 Superseded
    404                                                                 NotFound
    409, another operation in progress                                  Retry
    409, any other                                                      Conflict
    429, the resource is locked by another operation                    Retry
    401, 408, 429, 5xx                                                  Retry, after Retry-After
    another 4xx                                                         Refused
    any of these without an error of Azure's in it                      Retry: it was somebody else who spoke
    nothing: no connection, no answer in time, no token, half an answer Retry
    a success that cannot be read                                       Retry

Decides what to do about an error, by status and error code. Refuses to know which service it came from: a
status that means success somewhere is that adapter's to allow (`allowing`).

Sources: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors,
https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from shared.errors import Conflict, NotFound, Refused, Retry, Superseded, SwitchyardError

log = logging.getLogger(__name__)

SENTENCE_CHARACTERS_MAX = 600
_DEPTH_MAX = 6
# Who asks may not see what is asked for, or asks in the wrong way: nothing is said about the thing itself.
_NOT_SEEN = frozenset(
    {
        "InvalidApiVersionParameter",
        "InvalidResourceType",
        "MissingSubscriptionRegistration",
        "NoRegisteredProviderFound",
        "ResourceProviderNotFound",
        "SubscriptionNotFound",
        "TenantNotFound",
    }
)
# The network resource provider's 429 for a lock: its Retry-After is a guess, and nobody was too fast.
_LOCKED = frozenset({"RetryableError", "RetryableErrorDueToAnotherOperation"})
_QUERY = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*")
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
def ours(what: str, who: str = "the service") -> Iterator[None]:
    """Let nothing but our own errors, and bugs, out of the block. `what` opens their sentence.

    `who` did not answer, where that is all that is known.
    """
    try:
        yield
    except TimeoutError as error:
        raise Retry(f"{what}: {who} gave no answer in time") from error
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
    if response is None:
        return Retry(f"{what}: {_one_line(str(error))}")
    because, after_seconds = f"{what}: {said(error)}", retry_after_seconds(response.headers)
    if response.status_code < 400 or not body_of(error):
        return Retry(because, after_seconds)
    return by_status(response.status_code, code_of(error), because, after_seconds)


def by_status(status: int, code: str, because: str, after_seconds: float | None) -> SwitchyardError:
    """The table above."""
    if status == 412:
        return Superseded(because)
    if status == 404:
        return NotFound(because)
    if status == 409:
        return Retry(because, after_seconds) if code in _IN_PROGRESS else Conflict(because)
    if status == 429 and code in _LOCKED:
        return Retry(because)
    if status in (401, 408, 429) or status >= 500:
        return Retry(because, after_seconds)
    return Refused(because)


async def allowing[T](call: Awaitable[T], *statuses: int) -> T | None:
    """What the call of an SDK gives; None where the service answers with one of `statuses`.

    404 is allowed where Azure itself says that the resource is not there: neither a gateway's page nor a
    subscription that the credential cannot see says that. Raises Retry for an answer that no SDK can read.
    """
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        return await call
    except HttpResponseError as error:
        if error.status_code in statuses and is_about_the_resource(error):
            return None
        raise
    except (AzureError, SwitchyardError, TimeoutError):
        raise
    except Exception as error:
        # The libraries let slip whatever their parsing meets: ValueError, KeyError, AttributeError and more.
        log.warning("an answer could not be read", exc_info=True)
        raise Retry("the service's answer has not the form that its api-version promises") from error


def is_about_the_resource(error: Any) -> bool:
    """Whether the service itself speaks of what was asked for: of a 404, that it is not there."""
    code = code_of(error)
    named = code.endswith("NotFound") if error.status_code == 404 else bool(code)
    return named and not is_hidden(error)


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
    response = error.response
    host = urlsplit(response.request.url).hostname
    status = f"{response.status_code} {_one_line(str(response.reason or ''))}".strip()
    return sentence(body_of(error)) or f"{host} answered {status} and gave no reason"


def code_of(error: Any) -> str:
    """The error code in the answer behind an SDK's error, empty where there is none."""
    return str(body_of(error).get("code") or "")


def is_hidden(error: Any) -> bool:
    """Whether it only says that who asks may not see, or does not know how to ask for, what was asked for."""
    return code_of(error) in _NOT_SEEN


def body_of(error: Any) -> Mapping[str, Any]:
    """The error object of an answer, empty without a code: ARM wraps it in `error`, AKS does not."""
    try:
        body = json.loads(error.response.text())
    except Exception:  # noqa: BLE001 - a body that is missing, cut short or not JSON says nothing, whatever the reason
        return {}
    if not isinstance(body, dict):
        return {}
    inner = body.get("error", body)
    return inner if isinstance(inner, dict) and isinstance(inner.get("code"), str) else {}


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
    details = error.get("details")
    inner = [wrapped, error.get("innererror"), *(details if isinstance(details, list) else ())]
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
    if not isinstance(body, dict):
        return None
    inner = body.get("error", body)
    return inner if isinstance(inner, dict) else None


def _one_line(text: str) -> str:
    """Whitespace becomes blanks, and links lose their query: a signature would stand there."""
    line = _QUERY.sub(r"\1", " ".join(text.split()))
    return line if len(line) <= SENTENCE_CHARACTERS_MAX else line[: SENTENCE_CHARACTERS_MAX - 1] + "…"
