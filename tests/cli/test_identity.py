"""Who the command line says it is: with a token given, with the Azure CLI's, or not at all."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from cli.client import Api, Unreachable
from cli.identity import tokens
from tests.cli.conftest import Cli
from tests.cli.fake_api import FakeApi, Reply
from tests.cli.samples import in_sync

AUDIENCE = "api://11111111-2222-3333-4444-555555555555"


def azure_cli(directory: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `az` that notes how it was called and then does what the script says."""
    calls = directory / "calls"
    az = directory / "az"
    az.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n{script}\n')
    az.chmod(az.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
    return calls


def test_a_token_from_the_environment_signs_every_request(
    cli: Cli, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHYARD_TOKEN", "t0ken")
    cli("pause", "contoso-public")
    assert api.heard[0].headers["authorization"] == "Bearer t0ken"
    assert "x-functions-key" not in api.heard[0].headers


def test_the_azure_cli_is_asked_once_for_as_long_as_its_token_lasts(
    tmp_path: Path, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = json.dumps({"accessToken": "of-the-azure-cli", "expires_on": 4_000_000_000})
    calls = azure_cli(tmp_path, f"echo '{said}'", monkeypatch)
    with Api(api.url, tokens({"SWITCHYARD_AUDIENCE": AUDIENCE})) as client:
        client.post("fleets", "f", body={})
        client.post("fleets", "f", body={})
    assert [each.headers["authorization"] for each in api.heard] == ["Bearer of-the-azure-cli"] * 2
    assert calls.read_text().splitlines() == [
        f"account get-access-token --scope {AUDIENCE}/.default --output json"
    ]


def test_a_token_that_expires_is_replaced(
    tmp_path: Path, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = json.dumps({"accessToken": "short", "expires_on": 1})
    calls = azure_cli(tmp_path, f"echo '{said}'", monkeypatch)
    with Api(api.url, tokens({"SWITCHYARD_AUDIENCE": AUDIENCE})) as client:
        client.post("fleets", "f", body={})
        client.post("fleets", "f", body={})
    assert len(calls.read_text().splitlines()) == 2


@pytest.mark.parametrize("script", ["echo 'Please run az login' >&2; exit 1", "echo 'not json'", "exit 0"])
def test_an_azure_cli_without_a_token_is_exit_3_and_its_output_is_not_shown(
    cli: Cli, tmp_path: Path, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure_cli(tmp_path, script, monkeypatch)
    monkeypatch.setenv("SWITCHYARD_AUDIENCE", AUDIENCE)
    ran = cli("pause", "contoso-public")
    assert ran.code == 3
    assert "cannot sign in" in ran.err
    assert ("Please run az login" in ran.err) == ("login" in script)
    assert "not json" not in ran.err


def test_without_an_azure_cli_the_other_way_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    token = tokens({"SWITCHYARD_AUDIENCE": AUDIENCE})
    assert token is not None
    with pytest.raises(Unreachable, match="SWITCHYARD_TOKEN"):
        token()


def test_a_token_is_never_sent_where_anybody_could_read_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_TOKEN", "t0ken")
    ran = cli("fleet", "list", "--url", "http://switchyard.example.org")
    assert ran.code == 2
    assert "--url" in ran.err
    assert "t0ken" not in ran.err


def test_a_redirect_is_not_followed_with_a_token(
    cli: Cli, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHYARD_TOKEN", "t0ken")
    api.refusal = Reply(302, {}, location=f"{api.url}/api/elsewhere")
    assert cli("pause", "contoso-public").code == 3
    assert len(api.heard) == 1


def test_a_refusal_of_the_platform_itself_says_how_to_sign_in(cli: Cli, api: FakeApi) -> None:
    api.refusal = Reply(401, None)
    ran = cli("pause", "contoso-public")
    assert ran.code == 1
    assert "SWITCHYARD_AUDIENCE" in ran.err


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_a_name_is_never_a_way_through_the_address(cli: Cli, api: FakeApi, name: str) -> None:
    api.story = in_sync()
    ran = cli("rollback", name, "contoso-public-0001")
    assert (ran.code, api.heard) == (1, [])


@pytest.mark.parametrize("name", ["a/b", "a?b#c", "%2e%2e", "ä\n", "$(id)"])
def test_a_name_stays_one_part_of_the_address(cli: Cli, api: FakeApi, name: str) -> None:
    cli("rollback", "contoso-public", name)
    assert api.heard[0].path.count("/") == 6
    assert api.heard[0].path.endswith("/rollback")
