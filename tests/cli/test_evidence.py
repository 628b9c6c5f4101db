"""What `switchyard evidence` keeps of a rollout, and what it finds wrong with it later."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.model import Sample, Verdict
from tests.cli.conftest import Cli
from tests.cli.fake_api import FakeApi
from tests.cli.samples import GREEN, START, in_sync

WHY_NOT = "they are kept no longer, or were taken out"
SLOW = "900 ms is beyond the limit of 500"


@pytest.fixture
def exported(cli: Cli, api: FakeApi, tmp_path: Path) -> Path:
    """The file of a rollout with an audit trail and several verdicts."""
    api.story = in_sync().judged("latency", GREEN, Verdict.FAIL, because=SLOW).then(SLOW)
    file = tmp_path / "evidence.json"
    ran = cli("evidence", "export", "contoso-public", "--out", str(file), "-o", "json")
    assert ran.code == 0, ran.err
    assert ran.json["verdicts"] == len(api.story.judgements) > 1
    return file


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    api.story = in_sync()
    ran = cli("evidence", "export", "contoso-public", "--out", str(tmp_path / "nowhere" / "x.json"))
    assert (ran.code, "cannot be written: No such file or directory" in ran.err) == (2, True), ran.err


def rewritten(file: Path, change: dict[str, Any]) -> None:
    """The file with other parts."""
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))


def forged(file: Path, change: dict[str, Any]) -> None:
    """The file with other parts and their hash, as somebody writes it who knows how."""
    document = {**json.loads(file.read_text()), **change}
    said = {name: document[name] for name in document if name != "sha256"}
    document["sha256"] = sha256(msgspec.json.encode(said, order="sorted")).hexdigest()
    file.write_text(json.dumps(document))


def found_wrong(cli: Cli, file: Path) -> list[str]:
    """What `verify` says is wrong with it."""
    ran = cli("evidence", "verify", str(file), "-o", "json")
    assert ran.code == (1 if ran.json["problems"] else 0)
    return list(ran.json["problems"])


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
    assert ran.json["problems"][0] == "the file was altered: its hash does not match what it says"


def test_a_verdict_that_was_changed_is_found_though_the_hash_was_made_anew(cli: Cli, exported: Path) -> None:
    verdicts = json.loads(exported.read_text())["verdicts"]
    forged(exported, {"verdicts": verdicts})
    assert found_wrong(cli, exported) == []
    verdicts[1]["judgement"]["verdict"] = "pass"
    forged(exported, {"verdicts": verdicts})
    epoch = verdicts[1]["epoch"]
    assert found_wrong(cli, exported) == [
        f"the verdicts of epoch {epoch} were altered: the trail has another digest of them"
    ]


@pytest.mark.parametrize("kept", [0, 1])
def test_a_file_without_all_its_verdicts_says_so(cli: Cli, exported: Path, kept: int) -> None:
    verdicts = json.loads(exported.read_text())["verdicts"]
    forged(exported, {"verdicts": verdicts[:kept]})
    first = verdicts[kept]["epoch"]
    assert found_wrong(cli, exported) == [
        f"the verdicts of {2 - kept} epochs, from {first} on, are not there: {WHY_NOT}"
    ]


def test_a_verdict_that_was_put_in_is_found(cli: Cli, exported: Path) -> None:
    verdicts = json.loads(exported.read_text())["verdicts"]
    forged(exported, {"verdicts": [*verdicts, {**verdicts[1], "epoch": 1000}]})
    assert found_wrong(cli, exported) == ["epoch 1000 has verdicts and no entry in the trail"]


def test_a_rollout_that_goes_on_meanwhile_gives_a_file_that_proves_itself(
    cli: Cli, api: FakeApi, tmp_path: Path
) -> None:
    # The trail was read before this verdict was claimed, and the verdicts after it.
    api.story = in_sync().judged("latency", GREEN, Verdict.FAIL, because=SLOW)
    file = tmp_path / "under-way.json"
    assert cli("evidence", "export", "contoso-public", "--out", str(file), "-o", "json").json["verdicts"] == 1
    assert found_wrong(cli, file) == []


def test_what_is_missing_already_when_it_is_exported_is_told(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    api.story = in_sync()
    api.story.epochs[0] = 1000  # Its row was let go of: what is there is of no claim that the trail has.
    ran = cli("evidence", "export", "contoso-public", "--out", str(tmp_path / "e.json"))
    assert ran.code == 0
    assert WHY_NOT in ran.out


def test_a_file_that_was_cut_is_refused(cli: Cli, exported: Path) -> None:
    exported.write_bytes(exported.read_bytes()[:-200])
    ran = cli("evidence", "verify", str(exported))
    assert (ran.code, "got no JSON" in ran.err) == (1, True)


@pytest.mark.parametrize("change", [{"audit": [{"epoch": "x"}]}, {"verdicts": [3]}, {"verdicts": {}}])
def test_parts_of_another_form_are_refused(cli: Cli, exported: Path, change: dict[str, Any]) -> None:
    rewritten(exported, change)
    ran = cli("evidence", "verify", str(exported))
    assert (ran.code, "expected what was exported" in ran.err) == (1, True)


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
    beside = (Sample(at=START, value=0.25),)
    story = in_sync().judged("latency", GREEN, Verdict.FAIL, because="slower than live", beside=beside)
    api.story = story.then("slower than live")
    file = tmp_path / "evidence.json"
    assert cli("evidence", "export", "contoso-public", "--out", str(file)).code == 0
    verdicts = json.loads(file.read_text())["verdicts"]
    assert verdicts[-1]["judgement"]["beside"] == [live]
    verdicts[-1]["judgement"]["beside"] = []
    rewritten(file, {"verdicts": verdicts})
    assert cli("evidence", "verify", str(file)).code == 1
