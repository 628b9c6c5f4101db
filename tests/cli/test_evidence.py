"""What `switchyard evidence` keeps of a rollout, and what it finds wrong with it later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.model import Sample, Verdict
from tests.cli.conftest import Cli
from tests.cli.fake_api import FakeApi
from tests.cli.samples import GREEN, START, in_sync


@pytest.fixture
def exported(cli: Cli, api: FakeApi, tmp_path: Path) -> Path:
    """The file of a rollout with an audit trail and several verdicts."""
    api.story = in_sync().judged("latency", GREEN, Verdict.FAIL, because="900 ms is beyond the limit of 500")
    file = tmp_path / "evidence.json"
    ran = cli("evidence", "export", "contoso-public", "--out", str(file), "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json["verdicts"] == len(api.story.judgements) > 1
    return file


def rewritten(file: Path, change: dict[str, Any]) -> None:
    """The file with other parts."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))


def test_one_file_holds_every_verdict_and_the_trail(cli: Cli, api: FakeApi, exported: Path) -> None:
    assert api.story is not None
    document = json.loads(exported.read_text())
    gates = [each["judgement"]["gate"] for each in document["verdicts"]]
    assert gates == [judgement.gate for judgement in api.story.judgements]
    assert len(document["audit"]) == len(api.story.entries)
    ran = cli("evidence", "verify", str(exported))
    assert (ran.code, "is as it was exported" in ran.out) == (0, True)


def test_the_same_rollout_is_the_same_file(cli: Cli, exported: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    cli("evidence", "export", "contoso-public", "contoso-public-0001", "--out", str(again))
    assert again.read_bytes() == exported.read_bytes()


def test_a_verdict_that_was_changed_is_found(cli: Cli, exported: Path) -> None:
    verdicts = json.loads(exported.read_text())["verdicts"]
    verdicts[0]["judgement"]["verdict"] = "fail"
    rewritten(exported, {"verdicts": verdicts})
    ran = cli("evidence", "verify", str(exported), "-o", "json")
    assert (ran.code, ran.json["verified"]) == (1, False)
    assert ran.json["problems"] == ["the file was altered: its hash does not match what it says"]


def test_an_audit_entry_that_is_missing_is_found(cli: Cli, exported: Path) -> None:
    audit = json.loads(exported.read_text())["audit"]
    rewritten(exported, {"audit": audit[:1] + audit[2:]})
    ran = cli("evidence", "verify", str(exported), "-o", "json")
    assert "epoch 3 does not follow epoch 1: it names another hash" in ran.json["problems"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{", "(file): got no JSON"),
        ("[1]", "form: got [1]"),
        ('{"form": "switchyard-evidence/1", "fleet": "a"}', "verdicts: got nothing"),
    ],
)
def test_another_file_is_refused_with_what_is_wrong(cli: Cli, tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    ran = cli("evidence", "verify", str(file))
    assert ran.code == 1
    assert wrong in ran.err


def test_the_samples_that_a_verdict_was_held_against_are_kept_and_proven(
    cli: Cli, api: FakeApi, tmp_path: Path
) -> None:
    live = {"at": "2026-11-21T12:00:00Z", "value": 0.25}
    api.story = in_sync().judged(
        "latency", GREEN, Verdict.FAIL, because="slower than live", beside=(Sample(at=START, value=0.25),)
    )
    file = tmp_path / "evidence.json"
    assert cli("evidence", "export", "contoso-public", "--out", str(file)).code == 0
    verdicts = json.loads(file.read_text())["verdicts"]
    assert verdicts[-1]["judgement"]["beside"] == [live]
    verdicts[-1]["judgement"]["beside"] = []
    rewritten(file, {"verdicts": verdicts})
    assert cli("evidence", "verify", str(file)).code == 1
