"""The whole app in a real host: what somebody gets who has a key, a token, a forged header, or nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.azurite import Azurite
from sandbox.demo.people import People, people
from sandbox.demo.rehearsal import REPOSITORY, SETTINGS
from sandbox.host.host import Options
from sandbox.host.process import HostProcess
from tests.host.conftest import Answer, call
from tests.security.principals import person

EXAMPLE = (REPOSITORY / "examples" / "contoso-public.yaml").read_bytes()
FLEET = EXAMPLE.replace(b"name: contoso-public", b"name: guarded", 1)
RINGS = (REPOSITORY / "examples" / "contoso-rings.yaml").read_bytes()
ROUTES = [
    ("GET", "/api/openapi.json"),
    ("GET", "/api/fleets"),
    ("GET", "/api/fleets/guarded"),
    ("PUT", "/api/fleets/guarded"),
    ("GET", "/api/rings/contoso"),
    ("PUT", "/api/rings/contoso"),
    ("GET", "/api/fleets/guarded/audit"),
    ("POST", "/api/fleets/guarded/readings"),
    ("GET", "/api/fleets/guarded/rollouts"),
    ("POST", "/api/fleets/guarded/rollouts"),
    ("GET", "/api/fleets/guarded/rollouts/current"),
    ("GET", "/api/fleets/guarded/rollouts/current/audit"),
    *(
        ("POST", f"/api/fleets/guarded/rollouts/current/{command}")
        for command in ("promote", "pause", "resume", "rollback", "retry")
    ),
    ("POST", "/api/entra/events"),
    ("POST", "/api/entra/alerts"),
]
KEYED = [("POST", "/api/events"), ("POST", "/api/alerts"), ("GET", "/api/health")]


class Served:
    """A host, and the people who may sign in there."""

    def __init__(self, host: HostProcess, known: People) -> None:
        self.host = host
        self.people = known

    def ask(self, method: str, path: str, body: bytes | str | None = None, **headers: str) -> Answer:
        """One request."""
        return call(self.host.url, path, method, body, **headers)


def serve(azurite: Azurite, directory: Path, *, easy_auth: bool) -> Iterator[Served]:
    known = people()
    options = Options(
        app=REPOSITORY,
        port=0,
        key=known.key,
        sign_in=known.write(directory) if easy_auth else None,
        log_level="DEBUG",
    )
    # Without Easy Auth somebody has set the variable all the same: the platform knows better.
    environment = {**SETTINGS, "AzureWebJobsStorage": azurite.connection_string}
    with HostProcess(options, environment) as host:
        yield Served(host, known)


@pytest.fixture(scope="module")
def guarded(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With App Service Authentication."""
    yield from serve(azurite, tmp_path_factory.mktemp("guarded"), easy_auth=True)


@pytest.fixture(scope="module")
def bare(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Without it."""
    yield from serve(azurite, tmp_path_factory.mktemp("bare"), easy_auth=False)


def problem(answer: Answer) -> Any:
    """A problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_easy_auth_every_route_for_people_is_closed_and_says_what_to_set(
    bare: Served, method: str, path: str
) -> None:
    forged = {
        "X_MS_CLIENT_PRINCIPAL": person("Reader", "Operator", "Approver"),
        "X_MS_CLIENT_PRINCIPAL_NAME": "olivia@contoso.com",
        "x_functions_key": bare.people.key,
        "Authorization": f"Bearer {bare.people.token('operator')}",
    }
    answer = bare.ask(method, path, "{}" if method != "GET" else None, **forged)
    assert answer.status == 401
    assert "SWITCHYARD_TRUST_EASY_AUTH" in problem(answer)["detail"]
    assert "App Service Authentication" in problem(answer)["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_forged_principal_and_a_key_open_no_route_for_people(
    guarded: Served, method: str, path: str
) -> None:
    forged = {"X_MS_CLIENT_PRINCIPAL": person("Operator"), "x_functions_key": guarded.people.key}
    assert guarded.ask(method, path, "{}" if method != "GET" else None, **forged).status == 401


def test_a_reader_with_a_forged_principal_stays_a_reader(guarded: Served) -> None:
    answer = guarded.ask(
        "PUT",
        "/api/fleets/guarded",
        FLEET,
        X_MS_CLIENT_PRINCIPAL=person("Operator"),
        Authorization=f"Bearer {guarded.people.token('reader')}",
    )
    assert answer.status == 403
    assert problem(answer)["detail"] == (
        "reader@contoso.com may not apply a fleet file: that takes the role Operator"
    )


def test_an_operator_applies_a_fleet_and_a_reader_reads_it(guarded: Served) -> None:
    operator = f"Bearer {guarded.people.token('operator')}"
    assert guarded.ask("PUT", "/api/fleets/guarded", FLEET, Authorization=operator).status in (
        200,
        201,
    )
    reader = f"Bearer {guarded.people.token('reader')}"
    found = guarded.ask("GET", "/api/fleets", Authorization=reader)
    assert "guarded" in [each["name"] for each in found.json["fleets"]]


def test_an_operator_applies_a_file_with_rings_and_a_reader_looks_at_all_of_them(guarded: Served) -> None:
    operator, reader = (f"Bearer {guarded.people.token(role)}" for role in ("operator", "reader"))
    statuses = [
        guarded.ask("PUT", "/api/rings/contoso", RINGS, Authorization=operator).status for _ in range(2)
    ]
    assert statuses == [201, 200]
    found = guarded.ask("GET", "/api/rings/contoso", Authorization=reader)
    assert [ring["fleet"] for ring in found.json["rings"]] == [f"contoso-ring{n}" for n in range(3)]
    assert found.json["notices"] == []
    assert guarded.ask("PUT", "/api/rings/contoso", RINGS, Authorization=reader).status == 403


@pytest.mark.parametrize(("method", "path"), KEYED)
def test_a_webhook_takes_its_key_and_neither_a_token_nor_a_forged_principal(
    guarded: Served, bare: Served, method: str, path: str
) -> None:
    for served in (guarded, bare):
        body = "{}" if method == "POST" else None
        token = f"Bearer {served.people.token('operator')}"
        forged = {"Authorization": token, "X_MS_CLIENT_PRINCIPAL": person("Operator")}
        assert served.ask(method, path, body).status == 401
        assert served.ask(method, path, body, **forged).status == 401
        assert served.ask(method, path, body, x_functions_key="wrong").status == 401
        assert served.ask(method, path, body, x_functions_key=served.people.key).status in (200, 400)
        assert served.ask(method, f"{path}?code={served.people.key}", body).status in (200, 400)


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..",
        "%2e%2e",
        "a%00b",
        "a%0d%0aX-Header:%201",
        "%27%20or%201%20eq%201",
        "a%5cb",
        "%ed%a0%80",
        "%23",
        "%3f",
    ],
)
def test_an_encoded_name_in_an_address_is_not_found_and_breaks_nothing(guarded: Served, name: str) -> None:
    reader = f"Bearer {guarded.people.token('reader')}"
    for path in (f"/api/fleets/{name}", f"/api/fleets/guarded/rollouts/{name}"):
        answer = guarded.ask("GET", path, Authorization=reader)
        assert answer.status == 404, path
        assert "x-header" not in answer.headers


def test_nobody_reads_a_secret_in_the_log_of_either_host(guarded: Served, bare: Served) -> None:
    for served in (guarded, bare):
        secrets = (*served.people.secrets(), person("Operator"), person("Reader", "Operator", "Approver"))
        said = served.host.child.output
        assert "Executing" in said or "host.invocation" in said, "it says nothing at all"
        assert [secret for secret in secrets if secret in said] == []
        assert "eyJ" not in said
        assert "code=" not in said


def test_a_request_is_known_by_its_person_in_the_audit_trail(guarded: Served) -> None:
    operator = f"Bearer {guarded.people.token('operator')}"
    guarded.ask("PUT", "/api/fleets/guarded", FLEET, Authorization=operator)
    body = json.dumps({"version": "1.32.6", "by": "mallory@contoso.com"})
    begun = guarded.ask("POST", "/api/fleets/guarded/rollouts", body, Authorization=operator)
    assert begun.status == 202
    assert begun.json["rollout"]["started_by"] == "operator@contoso.com"
    trail = guarded.ask("GET", "/api/fleets/guarded/audit", Authorization=operator)
    assert trail.json["audit"][0]["who"] == "operator@contoso.com"
    assert b"mallory" not in trail.body


def test_the_page_is_everybodys_and_a_browser_signs_in_for_what_it_asks(
    guarded: Served, bare: Served
) -> None:
    for served in (guarded, bare):
        page = served.ask("GET", "/api/page")
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'sha256-")
        assert served.ask("POST", "/api/page").status == 404
    sign_in = "/.auth/login/aad?post_login_redirect_uri=%2Fapi%2Fpage%23guarded&token="
    assert guarded.ask("GET", f"{sign_in}wrong").status == 401
    reader = guarded.people.token("reader")
    assert guarded.ask("GET", f"{sign_in}{reader}".replace("%2Fapi", "%2F%2Felsewhere")).status == 401
    entered = guarded.ask("GET", f"{sign_in}{reader}")
    assert (entered.status, entered.headers["location"]) == (302, "/api/page#guarded")
    cookie = entered.headers["set-cookie"].partition(";")[0]
    assert guarded.ask("GET", "/api/fleets", Cookie=cookie).status == 200
    assert guarded.ask("GET", "/api/fleets").status == 401
