"""The shape of what a gate asks of the sources that say yes or no: each has a mapping of its own.

What they must agree on with the rest of a gate is in `check_checks`, what they become in `check_making`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared.checks.expecting import is_safe
from shared.checks.workloads import is_selector
from shared.fleet_file.alert_models import AlertRule
from shared.fleet_file.values import (
    DAY_SECONDS,
    KubernetesName,
    Line,
    Part,
    Seconds,
    described,
    duration_seconds,
    is_host,
    pattern,
    refuse,
    text_that,
)

A_LATENCY = "a time such as 500ms or 2s, or milliseconds"
A_PATTERN = "a regular expression without groups and alternatives, and with one of * + ? { at the most"
A_HOOK = "the https address of a hook, without user, query and fragment, on a host that has a name"
A_SELECTOR = "a label selector such as app=shop,tier!=test"
AN_AUDIENCE = "the identifier of your own application in Entra, such as api://hooks.contoso.com"
A_TEST_ENDPOINT = "the data plane's address, such as https://ID.REGION.cnt-prod.loadtesting.azure.com"
A_RUN = "the id of a test run, or live"
A_TEST = "the id of a load test: lower-case letters, digits, _ and -"
A_PATH = "paths in the JSON body such as checks.db, each with a text, a number, true or false"

_MILLISECONDS = re.compile(r"([0-9]{1,7})ms")
_HOOK = re.compile(
    r"https://([^/:@?#\\\s]+|\[::1\])(?::([0-9]{1,5}))?(?:/[\w.~!$&'()*+,;=:%/-]{0,512})?", re.ASCII
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
# With a token for it an identity signs in as any application that trusts the identity.
_EXCHANGE = "azureadtokenexchange"


def _milliseconds(value: object) -> float:
    """Milliseconds of `500ms`, of a duration or of a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = _MILLISECONDS.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        return float(found[1])
    try:
        return duration_seconds(value) * 1000.0
    except PydanticCustomError:
        raise refuse(A_LATENCY) from None


def is_hook(text: str) -> bool:
    """Whether this is an address that a hook may have: a name, or this machine for a rehearsal."""
    found = _HOOK.fullmatch(text)
    if found is None or int(found[2] or 443) not in range(1, 65_536):
        return False
    return found[1].lower() in _LOOPBACK or is_host(found[1])


def is_audience(text: str) -> bool:
    """Whether this names an application of the fleet's own people, and nothing of Azure's."""
    found = re.fullmatch(r"api://([0-9A-Za-z][0-9A-Za-z._-]{0,252}(?:/[0-9A-Za-z._-]{1,64}){0,3})", text)
    return found is not None and not found[1].lower().startswith(_EXCHANGE)


def _text(good: Any, expected: str) -> tuple[BeforeValidator, Any]:
    return text_that(good, expected), described(expected, {"type": "string"})


_NUMBER: dict[str, Any] = {"type": "number"}
_TIME: dict[str, Any] = {"type": "string", "pattern": "^[0-9]{1,9}(ms|s|m|h|d)$"}
Latency = Annotated[float, BeforeValidator(_milliseconds), described(A_LATENCY, _NUMBER, _TIME)]
Severity = Literal["Sev0", "Sev1", "Sev2", "Sev3", "Sev4"]
FieldPath = Annotated[str, *pattern("[^.\\s]{1,64}(?:\\.[^.\\s]{1,64}){0,7}", A_PATH)]
Status = Annotated[int, Field(ge=100, le=599)]
RunId = Annotated[str, *pattern("[a-z0-9_-]{2,50}", A_RUN)]
TestId = Annotated[str, *pattern("[a-z0-9_-]{2,50}", A_TEST)]
TestEndpoint = Annotated[
    str,
    *pattern(
        r"https://(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.){1,3}cnt-prod\.loadtesting\.azure\.com/?",
        A_TEST_ENDPOINT,
    ),
]


class ExpectPart(Part):
    """What every answer has to be like."""

    status: Annotated[list[Status], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="a list of statuses such as [200, 204]; without it any below 400"
    )
    latency: Annotated[Latency, Field(gt=0, le=60_000)] | None = Field(
        default=None, description="the longest time to the last byte, such as 500ms"
    )
    body: Annotated[Line, Field(max_length=256)] | None = Field(
        default=None, description="text that the body holds"
    )
    pattern: Annotated[str, *_text(is_safe, A_PATTERN)] | None = Field(
        default=None, description="a simple regular expression that matches in a line of the body"
    )
    json_: Annotated[dict[FieldPath, str | int | float | bool], Field(min_length=1, max_length=10)] | None = (
        Field(default=None, alias="json", description=A_PATH)
    )
    certificate: Annotated[Seconds, Field(ge=1, le=365 * DAY_SECONDS)] | None = Field(
        default=None, description="how long the certificate lasts at the least, such as 7d"
    )


class WebhookPart(Part):
    """A hook of yours that is asked."""

    url: Annotated[str, *_text(is_hook, A_HOOK)] = Field(description=A_HOOK)
    audience: Annotated[str, *_text(is_audience, AN_AUDIENCE)] | None = Field(
        default=None, description=AN_AUDIENCE
    )


class KubernetesPart(Part):
    """Objects of the slot's cluster that are counted."""

    check: Literal["pods_ready", "deployments_available", "jobs_succeeded", "nodes_ready"] = Field(
        description="pods_ready, deployments_available, jobs_succeeded or nodes_ready"
    )
    namespace: KubernetesName | None = Field(default=None, description="the namespace; nodes have none")
    selector: Annotated[str, *_text(is_selector, A_SELECTOR)] | None = Field(
        default=None, description=A_SELECTOR
    )


class AlertsPart(Part):
    """Which alerts count."""

    severities: Annotated[list[Severity], Field(min_length=1, max_length=5)] | None = Field(
        default=None, description="a list of severities such as [Sev0, Sev1]; without it all"
    )
    rules: Annotated[list[AlertRule], Field(min_length=1, max_length=50)] | None = Field(
        default=None,
        description="a list of names of alert rules, in which * stands for anything, or ids; without it all",
    )


class LoadTestPart(Part):
    """A test of an Azure Load Testing resource."""

    endpoint: TestEndpoint = Field(description=A_TEST_ENDPOINT)
    test: TestId = Field(description=A_TEST)
    baseline_run: RunId = Field(description=A_RUN)
    measure: Literal["p95_ms", "error_share"] = Field(
        default="p95_ms", description="p95_ms (the default) or error_share"
    )
