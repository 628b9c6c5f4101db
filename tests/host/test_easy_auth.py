"""App Service Authentication as the host plays it: whom it lets in, and what a client cannot say."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import pytest

from sandbox.host.easy_auth import EasyAuth, read
from sandbox.host.errors import StartError

CLAIMS = (("preferred_username", "olivia@contoso.com"), ("oid", "0a1b"), ("roles", "Reader"))
AUTH = EasyAuth({"t0ken": CLAIMS}, frozenset({"/api/health"}))
FORGED = {
    "X-MS-CLIENT-PRINCIPAL": "forged",
    "x-ms-client-principal-id": "forged",
    "X-Ms-Client-Principal-Name": "forged",
    "X-MS-TOKEN-AAD-ACCESS-TOKEN": "forged",
}


def test_a_known_token_becomes_the_principal_of_its_claims() -> None:
    headers = AUTH.admit("/api/fleets", {"Authorization": "Bearer t0ken", "Accept": "*/*"})
    assert headers is not None
    told = json.loads(b64decode(headers["x-ms-client-principal"]))
    assert told["auth_typ"] == "aad"
    assert [(each["typ"], each["val"]) for each in told["claims"]] == list(CLAIMS)
    assert headers["x-ms-client-principal-name"] == "olivia@contoso.com"
    assert headers["accept"] == "*/*"


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic t0ken", "t0ken", "Bearer \udcff"]
)
def test_nobody_else_gets_in(authorization: str) -> None:
    assert AUTH.admit("/api/fleets", {"Authorization": authorization}) is None


def test_a_client_cannot_say_who_it_is() -> None:
    known = AUTH.admit("/api/fleets", {**FORGED, "Authorization": "Bearer t0ken"})
    unknown = AUTH.admit("/api/health", FORGED)
    assert known is not None
    assert "forged" not in known.values()
    assert unknown == {}


@pytest.mark.parametrize("path", ["/api/healthy", "/api/health/../fleets", "/api", "/api/health/x"])
def test_only_the_very_paths_that_are_excluded_are_open(path: str) -> None:
    assert AUTH.admit(path, {}) is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"tokens": {"a": {}}, "excluded_paths": []}', '{"tokens": 1}']
)
def test_a_file_that_is_none_stops_the_start_and_is_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sign-in.json"
    path.write_text(text)
    with pytest.raises(StartError, match=r"sign-in\.json: not a file of tokens"):
        read(path)


def test_a_browser_stays_signed_in_by_its_cookie_and_by_no_other() -> None:
    cookie = AUTH.session("t0ken")
    assert cookie is not None
    assert "HttpOnly; SameSite=Strict" in cookie
    session = cookie.partition(";")[0]
    known = AUTH.admit("/api/fleets", {"Cookie": f"theme=dark; {session}"})
    assert known is not None
    assert known["x-ms-client-principal-name"] == "olivia@contoso.com"
    assert AUTH.admit("/api/fleets", {"Cookie": "AppServiceAuthSession=wrong"}) is None
    assert AUTH.session("wrong") is None
    assert AUTH.session("") is None
