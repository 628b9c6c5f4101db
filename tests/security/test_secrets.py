"""What must never be written down: tokens, keys, signatures, principals, and what a person's token says."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import azure.functions as func
import msgspec
import pytest

from sandbox.demo.secrecy import Written, secrecy
from shared import wiring
from shared.api import http
from shared.api.http import Request, Response
from shared.api.identity import caller
from tests.security.principals import person

CLEAN = [Written("host-1.log:1", "INFO switchyard.engine: contoso, epoch 3: olivia@contoso.com pauses it")]


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc.def",
        "eyJhdXRoX3R5cCI6ImFhZCIsImNsYWltcyI6W119",
        "POST /api/alerts?code=abc",
        "https://account.blob.core.windows.net/c?sv=1&sig=abc",
        "AccountKey=abc",
        '"clusterToken": "abc"',
        "x the-very-key y",
    ],
)
def test_the_search_of_the_demo_finds_a_secret_in_a_line_and_in_a_row_and_does_not_show_it(text: str) -> None:
    spoilt = [*CLEAN, Written("host-1.log:2", text)]
    for lines, rows in ((spoilt, CLEAN), (CLEAN, spoilt)):
        check = secrecy(lines, rows, ["the-very-key"])
        assert not check.passed
        assert "host-1.log:2" in check.found
        assert text not in check.found


def test_the_search_passes_what_is_clean_and_never_what_it_did_not_look_at() -> None:
    assert secrecy(CLEAN, CLEAN, ["the-very-key"]).passed
    assert not secrecy([], CLEAN, ["the-very-key"]).passed
    assert not secrecy(CLEAN, [], ["the-very-key"]).passed
    assert not secrecy(CLEAN, CLEAN, [""]).passed


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An environment that the app can start in, with sign-in on."""
    monkeypatch.setenv("AzureWebJobsStorage", "UseDevelopmentStorage=true")
    monkeypatch.setenv("SWITCHYARD_TRUST_EASY_AUTH", "true")
    monkeypatch.delenv("WEBSITE_AUTH_ENABLED", raising=False)
    wiring.system.cache_clear()
    yield
    wiring.system.cache_clear()


async def test_no_token_no_key_and_no_principal_reaches_a_handler(served: None) -> None:
    blob = person("Reader")
    secrets = ("t0ken", "k3y", blob, "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
    heard: list[Request] = []

    async def handler(request: Request) -> Response:
        heard.append(request)
        return http.reply({})

    sent = {
        "Authorization": "Bearer t0ken",
        "X-Functions-Key": "k3y",
        "X-MS-CLIENT-PRINCIPAL": blob,
        "X-MS-CLIENT-PRINCIPAL-ID": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
        "X-MS-TOKEN-AAD-ACCESS-TOKEN": "t0ken",
        "Cookie": "AppServiceAuthSession=t0ken",
        "If-Match": '"7"',
    }
    url = "https://switchyard.example.org/api/fleets?code=k3y&judgements=all"
    await wiring.serve(
        handler,
        func.HttpRequest(
            "GET",
            url,
            headers=sent,
            params={"code": "k3y", "judgements": "all"},
            route_params={"fleet": "contoso"},
            body=b"",
        ),
    )
    (request,) = heard
    assert request.caller == caller({"x-ms-client-principal": blob}, trusted=True)
    assert (request.if_match(), request.query) == ("7", {"judgements": "all"})
    said = repr(request) + str(msgspec.to_builtins({**request.headers}))
    assert [secret for secret in secrets if secret in said] == []


def test_no_sdk_speaks_below_a_warning_whatever_the_level_of_the_log(
    served: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wiring.system()
    for name in (
        "azure.core.pipeline.policies.http_logging_policy",
        "azure.core.pipeline.policies._universal",
        "azure.identity.aio._credentials.managed_identity",
        "azure.data.tables.aio._table_client_async",
        "msal.application",
        "aiohttp.client",
        "urllib3.connectionpool",
    ):
        logging.getLogger(name).info("Authorization: Bearer t0ken")
        logging.getLogger(name).debug("GET /api/alerts?code=k3y")
    assert caplog.records == []
