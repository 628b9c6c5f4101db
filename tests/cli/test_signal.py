"""`switchyard signal explain`: an answer or a refusal, always as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.demo.rehearsal import REPOSITORY
from sandbox.world import events
from tests.cli.conftest import Cli
from tests.cli.fake_api import FakeApi
from tests.cli.samples import FLEET, GREEN, START, in_sync

EXAMPLE = str(REPOSITORY / "examples" / "contoso-public.yaml")
GATEWAY = FLEET.slot(GREEN).gateway_id


@pytest.fixture
def alert(tmp_path: Path) -> str:
    """A file with an alert on green's gateway."""
    file = tmp_path / "alert.json"
    file.write_text(json.dumps(events.metric_alert(GATEWAY, START, alert_guid="0" * 32)))
    return str(file)


def test_an_alert_is_explained_against_a_fleet_file_without_asking_anybody(cli: Cli, alert: str) -> None:
    ran = cli("signal", "explain", alert, "--fleet", EXAMPLE, "--url", "http://127.0.0.1:9")
    assert ran.code == 0
    told = ran.json
    assert (told["kind"], told["fleet"], told["slot"]) == ("alert", "contoso-public", "green")
    assert (told["role"], told["state"], told["severity"]) == ("candidate", "fired", "Sev1")


def test_an_alert_is_explained_against_the_applied_fleets(cli: Cli, api: FakeApi, alert: str) -> None:
    api.story = in_sync()
    ran = cli("signal", "explain", alert)
    assert (ran.code, ran.json["fleet"], ran.json["role"]) == (0, "contoso-public", "candidate")


def test_an_alert_on_nobodys_resource_is_refused_with_a_sentence(cli: Cli, alert: str) -> None:
    ran = cli("signal", "explain", alert)
    assert ran.code == 1
    assert "agw-green" in ran.json["refused"]


@pytest.mark.parametrize(
    "text", ["{", "", "[]", "{}", '"hello"', "NaN", "[" * 100_000, "9" * 5000, '{"type": "\\ud800"}']
)
def test_what_is_no_signal_is_refused_with_a_sentence(cli: Cli, tmp_path: Path, text: str) -> None:
    file = tmp_path / "body.json"
    file.write_text(text)
    ran = cli("signal", "explain", str(file), "--fleet", EXAMPLE)
    assert ran.code == 1
    assert len(ran.json["refused"].split()) > 3


def test_a_body_that_an_editor_marked_as_utf_8_is_read(cli: Cli, alert: str, tmp_path: Path) -> None:
    file = tmp_path / "marked.json"
    file.write_bytes(b"\xef\xbb\xbf" + Path(alert).read_bytes())
    assert cli("signal", "explain", str(file), "--fleet", EXAMPLE).json["slot"] == "green"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_bytes_that_are_not_utf_8_are_refused(cli: Cli, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "body.json"
    file.write_bytes('{"type": "\u00e9"}'.encode(encoding))
    ran = cli("signal", "explain", str(file), "--fleet", EXAMPLE)
    assert ran.code == 1
    assert "utf-8" in ran.json["refused"]


def test_what_the_webhook_would_not_read_is_refused_too(cli: Cli, alert: str, tmp_path: Path) -> None:
    body = json.loads(Path(alert).read_text())
    body["data"]["alertContext"] = {"value": float("nan")}
    file = tmp_path / "nan.json"
    file.write_text(json.dumps(body))
    assert cli("signal", "explain", str(file), "--fleet", EXAMPLE).code == 1
