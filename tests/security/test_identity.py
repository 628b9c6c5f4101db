"""Who is believed to be whom: only the platform's word counts, and only where it is the platform's."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from shared import settings
from shared.api.identity import HEADER, Nobody, Principal, caller
from tests.security.principals import ROLE_KIND, encoded, person

STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}


def test_a_principal_that_a_client_sends_to_an_app_without_easy_auth_is_nobody_and_is_told_what_to_set() -> (
    None
):
    found = caller({HEADER: person("Operator", "Approver")}, trusted=False)
    assert isinstance(found, Nobody)
    assert "App Service Authentication" in found.because
    assert "SWITCHYARD_TRUST_EASY_AUTH" in found.because


def test_a_person_is_known_by_the_sign_in_name_and_the_app_roles() -> None:
    found = caller({HEADER: person("Operator", "Reader")}, trusted=True)
    assert found == Principal(name="olivia@contoso.com", roles=frozenset({"Operator", "Reader"}))


@pytest.mark.parametrize("kind", ["roles", ROLE_KIND])
def test_roles_are_read_under_either_name_that_app_service_gives_them(kind: str) -> None:
    found = caller({HEADER: encoded(("upn", "o@contoso.com"), (kind, "Approver"))}, trusted=True)
    assert isinstance(found, Principal)
    assert found.roles == {"Approver"}


def test_an_application_is_known_by_its_id() -> None:
    found = caller({HEADER: encoded(("azp", "11111111-2222"), ("roles", "Operator"))}, trusted=True)
    assert isinstance(found, Principal)
    assert (found.name, found.application) == ("application 11111111-2222", "11111111-2222")


def test_another_claim_is_no_role() -> None:
    header = encoded(("preferred_username", "o@contoso.com"), ("groups", "Operator"), ("scp", "Approver"))
    found = caller({HEADER: header}, trusted=True)
    assert isinstance(found, Principal)
    assert found.roles == frozenset()


def test_somebody_whom_another_provider_knows_is_nobody() -> None:
    header = encoded(("preferred_username", "o@contoso.com"), ("roles", "Operator"), auth_typ="github")
    found = caller({HEADER: header}, trusted=True)
    assert isinstance(found, Nobody)
    assert "Entra" in found.because


@pytest.mark.parametrize(
    "header",
    [
        "",
        "not base64!",
        "bm90IGpzb24=",
        b64encode(b"[]").decode(),
        b64encode(b'{"auth_typ": "aad"}').decode(),
        b64encode(b'{"auth_typ": "aad", "claims": [{"typ": 1, "val": {}}]}').decode(),
        b64encode(json.dumps({"auth_typ": "aad", "claims": [["roles", "Operator"]]}).encode()).decode(),
        b64encode(b"[" * 30_000).decode(),
        encoded(("roles", "Operator")),
        person("Operator", name="olivia\nINFO forged"),
        person("Operator", name=" "),
        "A" * 100_000,
        "ä",
    ],
)
def test_what_the_platform_would_never_write_is_nobody_and_is_not_quoted(header: str) -> None:
    found = caller({HEADER: header}, trusted=True)
    assert isinstance(found, Nobody)
    assert "\n" not in found.because
    assert len(found.because) < 300


@pytest.mark.parametrize(
    ("said", "platform", "trusted"),
    [
        (None, None, False),
        (None, "True", False),
        ("false", "True", False),
        ("yes", "True", False),
        ("true", "True", True),
        ("true", None, True),
        ("true", "False", False),
        ("true", "", False),
    ],
)
def test_the_platforms_header_is_trusted_only_where_somebody_said_so_and_the_platform_does_not_deny_it(
    said: str | None, platform: str | None, trusted: bool
) -> None:
    given = {"SWITCHYARD_TRUST_EASY_AUTH": said, "WEBSITE_AUTH_ENABLED": platform}
    environment = STORAGE | {name: value for name, value in given.items() if value is not None}
    assert settings.parse(environment).trust_easy_auth is trusted
