"""What the commands send, print and exit with."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from sandbox.demo.rehearsal import REPOSITORY
from shared.store.audit import digest
from tests.cli.conftest import Cli, squeezed
from tests.cli.fake_api import PERSON, FakeApi, Reply, problem
from tests.cli.samples import in_sync, rolled_back

EXAMPLE = REPOSITORY / "examples" / "contoso-public.yaml"


@pytest.mark.parametrize("word", ["promote", "pause", "resume", "rollback", "retry"])
def test_a_command_carries_the_note_and_no_name_and_defaults_to_the_current_rollout(
    cli: Cli, api: FakeApi, word: str
) -> None:
    api.story = in_sync()
    ran = cli(word, "contoso-public", "--note", "tests look good")
    sent = api.heard[0]
    assert (sent.method, sent.path) == ("POST", f"/api/fleets/contoso-public/rollouts/current/{word}")
    assert sent.body == {"note": "tests look good"}
    assert (ran.code, ran.out) == (0, f"contoso-public-0001 is at T2 sync: {PERSON} said so\n")


def test_a_command_for_a_named_rollout_goes_to_it(cli: Cli, api: FakeApi) -> None:
    cli("rollback", "contoso-public", "contoso-public-0007")
    assert api.heard[0].path == "/api/fleets/contoso-public/rollouts/contoso-public-0007/rollback"
    assert api.heard[0].body == {}


def test_a_refused_command_is_a_no_with_its_sentence(cli: Cli, api: FakeApi) -> None:
    api.refusal = problem(409, "no rollout is in flight")
    ran = cli("promote", "contoso-public")
    assert (ran.code, ran.out, ran.err) == (1, "", "no rollout is in flight\n")


def test_a_refusal_as_json_is_the_problem_document(cli: Cli, api: FakeApi) -> None:
    api.refusal = problem(409, "no rollout is in flight")
    ran = cli("promote", "contoso-public", "-o", "json")
    assert (ran.code, ran.json) == (1, api.refusal.body)


def test_a_command_that_is_still_in_the_inbox_is_a_yes_and_says_so(cli: Cli, api: FakeApi) -> None:
    api.refusal = Reply(200, {"signal": "s-1", "applied": False, "because": None, "rollout": None})
    ran = cli("pause", "contoso-public")
    assert ran.code == 0
    assert "inbox" in ran.out


def test_start_sends_the_version_and_only_what_was_said(cli: Cli, api: FakeApi) -> None:
    ran = cli("rollout", "start", "contoso-public", "--version", "1.32.6", "--lift-hold")
    assert api.heard[0].body == {"version": "1.32.6", "lift_hold": True}
    assert ran.code == 0


def test_json_is_exactly_what_the_api_gave(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    assert cli("fleet", "show", "contoso-public", "-o", "json").json == api.story.fleet_body()
    assert cli("rollout", "show", "contoso-public", "-o", "json").json == api.story.rollout_body()
    assert cli("audit", "show", "contoso-public", "-o", "json").json == api.story.audit_body()


def test_nobody_listening_is_exit_3_and_names_the_address(cli: Cli, api: FakeApi) -> None:
    ran = cli("fleet", "list", "--url", "http://127.0.0.1:9")
    assert ran.code == 3
    assert "http://127.0.0.1:9" in ran.err


def test_an_answer_that_is_not_switchyards_is_exit_3(cli: Cli, api: FakeApi) -> None:
    api.refusal = Reply(500, {})
    assert cli("pause", "contoso-public").code == 3


def test_a_wrong_command_line_is_exit_2(cli: Cli) -> None:
    assert cli("rollout", "start", "contoso-public").code == 2
    assert cli("promotion").code == 2
    assert cli("fleet", "list", "-o", "xml").code == 2


def test_a_fleet_that_is_not_applied_is_a_no(cli: Cli) -> None:
    ran = cli("fleet", "show", "contoso-public")
    assert (ran.code, ran.err) == (1, "there is no such thing\n")


def test_the_list_of_fleets_says_where_something_is_under_way(cli: Cli, api: FakeApi) -> None:
    assert cli("fleet", "list").out == "no fleet is applied yet\n"
    api.story = in_sync()
    assert squeezed(cli("fleet", "list").out) == "contoso-public active"


def test_a_fleet_shows_its_live_slot_and_its_rollout(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    out = cli("fleet", "show", "contoso-public").out
    assert "official-aks.contoso.com → aks.contoso.com" in out
    assert next(line for line in out.splitlines() if line.strip().startswith("blue")).endswith("live")
    assert "contoso-public-0001  1.32.6  blue → green  T2 sync sync" in out


def test_apply_sends_the_file_as_it_is_under_the_name_in_it(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("# ours\nname: contoso-public\n")
    ran = cli("fleet", "apply", str(file), "--if-match", 'W/"3"')
    sent = api.heard[0]
    assert (sent.method, sent.path) == ("PUT", "/api/fleets/contoso-public")
    assert sent.body == "# ours\nname: contoso-public\n"
    assert (sent.headers["content-type"], sent.headers["if-match"]) == ("application/yaml", 'W/"3"')
    assert (ran.code, ran.out) == (0, 'contoso-public is applied, etag W/"1"\n')


def test_apply_prints_every_mistake_that_the_api_found(cli: Cli, api: FakeApi, tmp_path: Path) -> None:
    mistakes = [
        {"path": "slots[0].address", "value": "1.2", "expected": "an IP address", "line": 12},
        {"path": "live", "value": "red", "expected": "blue or green", "line": 3},
    ]
    api.refusal = problem(422, "fleet has 2 mistakes: and so on", mistakes=mistakes)
    file = tmp_path / "fleet.yaml"
    file.write_text("name: contoso-public")
    ran = cli("fleet", "apply", str(file))
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "fleet has 2 mistakes:",
        "  line 12: slots[0].address: got 1.2, expected an IP address",
        "  line 3: live: got red, expected blue or green",
    ]


def test_validate_lists_every_mistake_with_its_line_and_asks_nobody(cli: Cli, tmp_path: Path) -> None:
    text = (
        EXAMPLE.read_text().replace("live: blue", "live: red").replace("exposure: public", "exposure: open")
    )
    file = tmp_path / "fleet.yaml"
    file.write_text(text)
    ran = cli("fleet", "validate", str(file), "--url", "http://127.0.0.1:9")
    lines = text.splitlines()
    assert ran.code == 1
    for wrong in ("exposure: open", "live: red"):
        number = next(i for i, line in enumerate(lines, start=1) if line.startswith(wrong))
        assert f'line {number}: {wrong.split(":")[0]}: got "{wrong.split()[1]}"' in ran.err
    assert len(cli("fleet", "validate", str(file), "-o", "json").json["mistakes"]) == 2


def test_validate_says_yes_to_the_shipped_examples(cli: Cli) -> None:
    for file in EXAMPLE.parent.glob("*.yaml"):
        assert cli("fleet", "validate", str(file), "-o", "json").json["valid"] is True


def test_a_file_that_is_no_text_is_a_no(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    assert cli("fleet", "validate", str(file)).code == 1
    assert cli("fleet", "apply", str(file)).code == 1


@pytest.mark.parametrize("text", ["- a\n- list", "name: [", "hosts: {}"])
def test_apply_refuses_a_file_that_names_no_fleet(cli: Cli, api: FakeApi, tmp_path: Path, text: str) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(text)
    ran = cli("fleet", "apply", str(file))
    assert ran.code == 1
    assert "fleet.yaml has 1 mistake" in ran.err
    assert api.heard == []


def test_an_unbroken_trail_verifies(cli: Cli, api: FakeApi) -> None:
    api.story = rolled_back()
    ran = cli("audit", "verify", "contoso-public", "-o", "json")
    assert ran.code == 0
    assert ran.json == {
        "fleet": "contoso-public",
        "verified": True,
        "entries": len(api.story.entries),
        "problems": [],
    }


def test_a_trail_with_a_row_taken_out_does_not_verify(cli: Cli, api: FakeApi) -> None:
    api.story = rolled_back()
    del api.story.entries[3]
    ran = cli("audit", "verify", "contoso-public")
    assert ran.code == 1
    assert "epoch 4 is missing" in ran.out


def test_the_trail_shows_who_did_what_because_of_what(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    first, *_, last = cli("audit", "show", "contoso-public").out.splitlines()
    assert squeezed(first) == "1 2026-11-21 12:00:00 T0 admit version_available version 1.32.6 was published"
    assert last.endswith("timer                 green is syncing: 1 of 2 configurations is compliant")


def test_a_trail_that_a_newer_version_wrote_is_shown_and_verified(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    last = api.story.entries[-1]
    odd = msgspec.structs.replace(last, actions=[{"type": "warm_up", "slot": "green"}], more={"took": 0.5})
    api.story.entries[-1] = msgspec.structs.replace(odd, hash=digest(odd))
    assert cli("audit", "show", "contoso-public").out.splitlines()[-1].endswith("[warm_up]")
    assert cli("audit", "verify", "contoso-public").code == 0


def test_what_only_a_newer_version_knows_is_a_sentence_and_no_stack_trace(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    api.story.then("it is warm", step="warm_up")
    assert "warm_up" in cli("rollout", "show", "contoso-public").out
    last = api.story.entries[-1]
    api.story.entries[-1] = msgspec.structs.replace(last, change={"rollout": {"stage": "T5"}})
    ran = cli("rollout", "show", "contoso-public")
    assert ran.code == 3
    assert "'T5'" in ran.err
    assert "this version of the command line" in ran.err


def test_a_plan_of_an_applied_fleet_is_its_writes_in_order_and_sends_none(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    plan = cli("plan", "contoso-public", "1.32.6", "-o", "json").json
    kinds = [write["action"]["type"] for write in plan["writes"]]
    assert kinds[:1] == ["deploy"]
    assert kinds.index("freeze") < kinds.index("start_sync") < kinds.index("destroy_cluster")
    assert kinds[-1] == "destroy_cluster"
    assert api.heard == []


def test_a_plan_reads_as_sentences(cli: Cli, api: FakeApi) -> None:
    api.story = in_sync()
    out = cli("plan", "contoso-public", "1.32.6").out
    assert "aks.contoso.com A holds 203.0.113.20 (green), TTL 30 s" in out
    assert "the cluster of blue is gone, for good" in out


def test_a_plan_of_a_file_that_is_not_there_is_a_wrong_command_line(cli: Cli) -> None:
    assert cli("plan", "./nowhere.yaml", "1.32.6").code == 2
