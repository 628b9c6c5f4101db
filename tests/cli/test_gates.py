"""`switchyard gates`: recorded samples are judged with no cloud and no store, and gates are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.rehearsal import REPOSITORY
from tests.cli.conftest import Cli

GATE = {"name": "errors", "source": "http", "path": "/healthz", "max": "5%", "interval": "1m", "count": 3}

ASKED = {key: value for key, value in GATE.items() if key not in ("max", "interval", "count")}


def at(minute: int) -> str:
    return f"2026-11-21T09:{minute:02}:00Z"


def values(*found: object) -> list[dict[str, object]]:
    return [{"at": at(minute), "value": value} for minute, value in enumerate(found)]


def test_a_pass_is_told_with_its_measurements_and_exit_code_0(judged: Any) -> None:
    ran = judged(GATE, values(0, 0.05, 0), "-o", "json")
    assert ran.code == 0
    assert ran.json == {
        "verdict": "pass",
        "because": "3 of 3 measurements passed",
        "measurements": [
            {"at": at(0), "value": 0.0, "phase": "pass"},
            {"at": at(1), "value": 0.05, "phase": "pass"},
            {"at": at(2), "value": 0.0, "phase": "pass"},
        ],
        "complete": True,
        "next_due": None,
        "score": None,
    }


def test_what_is_cut_short_has_no_verdict_and_exit_code_1(judged: Any) -> None:
    ran = judged(GATE, values(0, 0), "-o", "json", "--at", "2026-11-21T09:01:15Z")
    assert ran.code == 1
    assert (ran.json["verdict"], ran.json["complete"], ran.json["next_due"]) == (None, False, 45)


def test_oddities_are_named_and_never_pass(judged: Any) -> None:
    odd = [*values("NaN", "Infinity", "-Inf", None, "0", -1, True), {"at": at(7), "error": "timed out"}]
    ran = judged(GATE, odd, "-o", "json")
    phases = [each["phase"] for each in ran.json["measurements"]]
    assert ran.code == 1
    assert phases == ["no_data"] * 4 + ["error"] * 4


def test_a_bare_nan_is_read_as_python_writes_it(judged: Any) -> None:
    ran = judged(GATE, f'[{{"at": "{at(0)}", "value": NaN}}]', "-o", "json")
    assert [each["value"] for each in ran.json["measurements"]] == ["NaN"]


def test_every_mistake_in_the_samples_is_told_at_once(judged: Any) -> None:
    wrong = [{"at": "yesterday", "value": 1}, {"value": 1}, {"at": at(0)}, {"at": at(1), "vlaue": 1}, 7]
    ran = judged(GATE, wrong, "-o", "json")
    places = [mistake["path"] for mistake in ran.json["mistakes"]]
    assert ran.code == 1
    assert places == ["[0].at", "[1].at", "[2].value", "[3].vlaue", "[3].value", "[4]"]


def test_every_mistake_in_the_gate_is_told_at_once(judged: Any) -> None:
    ran = judged({**GATE, "max": "lots", "count": 0}, values(0), "-o", "json")
    assert [mistake["path"] for mistake in ran.json["mistakes"]] == ["count", "max"]


@pytest.mark.parametrize(
    ("text", "path", "got"),
    [
        (f'[{{"at": "{at(0)}", "value": 1, "value": 0}}]', "[0].value", "the key a second time"),
        ('[{"at": "9999-12-31T23:59:59Z", "value": 0}]', "[0].at", '"9999-12-31T23:59:59Z"'),
        ('[{"at": "0001-01-01T00:00:00+14:00", "value": 0}]', "[0].at", '"0001-01-01T00:00:00+14:00"'),
        ('[{"at": "\\ud800", "value": 0}]', "[0].at", '"\\ud800"'),
        (f'[{{"at": "{at(0)}", "value": 0, "requests": 1e300}}]', "[0].requests", "1e+300"),
        ("[" * 100_000, "(file)", "lists in lists without end"),
        ("[{", "(file)", "no JSON (Expecting property name enclosed in double quotes)"),
    ],
)
def test_what_is_no_file_of_samples_is_told_and_never_a_crash(
    judged: Any, text: str, path: str, got: str
) -> None:
    ran = judged(GATE, text, "-o", "json")
    assert ran.code == 1
    assert [(each["path"], each["value"]) for each in ran.json["mistakes"]] == [(path, got)]


def test_numbers_beyond_all_numbers_are_infinite_and_text_of_sources_is_on_one_line(judged: Any) -> None:
    text = f'[{{"at": "{at(0)}", "value": {"9" * 5000}}}, {{"at": "{at(1)}", "error": "a\\nb\\ud800"}}]'
    ran = judged({**GATE, "interval": None, "count": None}, text, "-o", "json")
    assert [each["value"] for each in ran.json["measurements"]] == ["Infinity", None]
    odd = "\N{REPLACEMENT CHARACTER}"
    assert ran.json["because"] == f"0 of the 3 samples it needs are there: a{odd}b{odd}"


@pytest.mark.parametrize("baseline", ["NaN", "Infinity", "-1", "1e400", '"2"', "true", "null"])
def test_a_baseline_is_a_number_or_samples(judged: Any, baseline: str) -> None:
    ran = judged({**ASKED, "max_over_baseline": 1.5}, values(3, 3, 3), "-o", "json", baseline=baseline)
    assert ran.code == 1
    assert ran.json["mistakes"][0]["expected"].startswith("a number that is not negative, or a list of")


def test_the_mistakes_of_all_files_are_told_at_once_with_the_option_that_named_each(judged: Any) -> None:
    wrong = {"at": "yesterday", "value": 1}
    ran = judged({**GATE, "max": "lots"}, [wrong], "-o", "json", live={"x": [5]}, baseline="true")
    assert [mistake["path"] for mistake in ran.json["mistakes"]] == [
        "gate: max", "samples: [0].at", "live: x[0]", "baseline: (file)",
    ]  # fmt: skip
    assert " have 4 mistakes: " in ran.json["detail"]


def test_a_file_without_a_gate_is_told_what_it_should_be(judged: Any) -> None:
    ran = judged("[]", values(0), "-o", "json")
    assert ran.json["mistakes"][0]["expected"] == "a gate, or a mapping with gates"


def test_times_of_any_zone_are_told_in_utc(judged: Any) -> None:
    mixed = [{"at": "2026-11-21T11:00:00+02:00", "value": 0}, {"at": "2026-11-21T09:01", "value": 0}]
    ran = judged(GATE, mixed, "-o", "json")
    assert [each["at"] for each in ran.json["measurements"]] == [at(0), at(1)]


def test_a_small_z_is_utc_too(judged: Any) -> None:
    small = [{"at": at(minute).lower(), "value": 0} for minute in range(3)]
    ran = judged(GATE, small, "-o", "json", "--at", at(2).lower())
    assert (ran.code, [each["at"] for each in ran.json["measurements"]]) == (0, [at(0), at(1), at(2)])


@pytest.mark.parametrize("odd", ["z", "2026-11-21z", "2026-11-21T09:00:00+01:00z", 7, True, [at(0)], {}])
def test_what_is_no_time_is_told(judged: Any, odd: object) -> None:
    ran = judged(GATE, [{"at": odd, "value": 0}], "-o", "json")
    assert (ran.code, [each["path"] for each in ran.json["mistakes"]]) == (1, ["[0].at"])


def test_baselines_of_several_gates_may_be_numbers_and_samples(judged: Any) -> None:
    gates = [{**ASKED, "name": name, "max_over_baseline": 1.5} for name in ("a", "b")]
    found = {"a": values(3, 3, 3), "b": values(3, 3, 3)}
    ran = judged({"gates": gates}, found, "-o", "json", baseline={"a": 2, "b": values(1, 1)})
    assert [ran.json["gates"][name]["verdict"] for name in ("a", "b")] == ["pass", "fail"]


def test_live_and_baseline_are_samples_of_their_own(judged: Any) -> None:
    live = judged({**ASKED, "max_over_live": 1.5}, values(3, 3, 3), "-o", "json", live=values(2, 2, 2))
    before = judged(
        {**ASKED, "max_over_baseline": 1.5}, values(3, 3, 3), "-o", "json", baseline=values(1, 1, 1)
    )
    number = judged({**ASKED, "max_over_baseline": 1.5}, values(3, 3, 3), "-o", "json", baseline=2)
    assert [ran.json["verdict"] for ran in (live, before, number)] == ["pass", "fail", "pass"]


def test_a_gate_that_only_advises_is_told_as_one(judged: Any) -> None:
    gates = [{**GATE, "name": "a", "group": "users"}, {**GATE, "name": "b", "dry_run": True}]
    both = judged({"gates": gates}, {"a": values(0), "b": values(1)}, "-o", "json").json["because"]
    assert "; b only advises: 1 measurement failed" in both
    alone = judged({"gates": gates[1:]}, {"b": values(1)}, "-o", "json").json
    assert (alone["verdict"], alone["because"][:15]) == ("no_data", "b only advises:")


@pytest.mark.parametrize(
    ("rules", "found", "verdict"),
    [
        ({**GATE, "dry_run": True}, values(0, 0, 0), "pass"),
        ({**GATE, "dry_run": True}, values(1), "fail"),
        ({**ASKED, "anomaly": {}}, values(1, 1, 1), "inconclusive"),
    ],
)
def test_one_gate_that_only_advises_says_so_and_has_its_verdict(
    judged: Any, rules: dict[str, object], found: object, verdict: str
) -> None:
    deciding = {**rules, **({"anomaly": {"decides": True}} if "anomaly" in rules else {"dry_run": False})}
    ran, decides = (judged(each, found, "-o", "json") for each in (rules, deciding))
    assert ran.json == {**decides.json, "because": f"it only advises: {decides.json['because']}"}
    assert (ran.code, ran.json["verdict"]) == (decides.code, verdict)


ENDLESS = {key: value for key, value in GATE.items() if key != "count"}
AWAY = [{"at": at(minute), "error": "timed out"} for minute in range(5)]
IN_GROUP = {"group": "users", "weight": 95}


@pytest.mark.parametrize(
    ("rules", "other", "verdict", "complete", "due"),
    [
        (GATE, values(0, 0), None, False, 60),
        # What only the step ends passes as soon as enough has passed, alone and beside others.
        (ENDLESS, values(0, 0, 0), "pass", False, 60),
        (ENDLESS, values(0, 0), None, False, 60),
        (GATE, AWAY, "provider_error", False, 60),
        # What only advises is waited for by nobody.
        ({**GATE, "dry_run": True}, values(0, 0), "pass", True, None),
        ({**ENDLESS, "dry_run": True}, values(1), "pass", True, None),
        # Whatever it comes to, the group passes.
        ({**GATE, "group": "users", "weight": 5}, values(0, 0), "pass", False, 60),
    ],
)
def test_several_gates_have_a_verdict_once_none_that_decides_can_be_without_one(
    judged: Any, rules: dict[str, object], other: object, verdict: str | None, complete: bool, due: int | None
) -> None:
    first = {**GATE, "name": "first", **(IN_GROUP if "group" in rules else {})}
    found = {"first": values(0, 0, 0), "other": other}
    ran = judged({"gates": [first, {**rules, "name": "other"}]}, found, "-o", "json")
    assert (ran.json["verdict"], ran.json["complete"], ran.json["next_due"]) == (verdict, complete, due)


def test_gates_that_only_advise_come_to_nothing_however_long_they_go_on(judged: Any) -> None:
    ran = judged({"gates": [{**GATE, "dry_run": True}]}, {"errors": values(0)}, "-o", "json")
    assert (ran.json["verdict"], ran.json["complete"], ran.json["next_due"]) == ("no_data", True, None)


def test_text_shows_a_dash_where_there_is_no_value(judged: Any) -> None:
    lines = judged(GATE, values(None, 0.5)).out.splitlines()
    assert [line.split()[-1] for line in lines[:2]] == ["–", "0.5"]


def test_text_names_the_verdict_last(judged: Any) -> None:
    ran = judged(GATE, values(0, 1))
    assert ran.out.splitlines()[-1].startswith("fail: 1 measurement failed, 0 are tolerated")


def test_a_gate_is_explained_in_sentences(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(json.dumps(GATE))
    ran = cli("gates", "explain", "--gate", str(file))
    assert ran.code == 0
    assert "A value above 0.05 fails." in ran.out


@pytest.mark.parametrize("body", [GATE, {"gates": [GATE]}, {"gates": []}])
def test_a_file_with_gates_where_a_fleet_belongs_is_told_so(
    cli: Cli, tmp_path: Path, body: dict[str, Any]
) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text(json.dumps(body))
    ran = cli("gates", "explain", str(file))
    assert ran.code == 2
    assert "has gates and no fleet: name it by --gate" in " ".join(ran.err.split())


def test_a_fleet_file_is_explained_gate_by_gate(cli: Cli) -> None:
    ran = cli("gates", "explain", str(REPOSITORY / "examples" / "contoso-public.yaml"), "-o", "json")
    assert {gate["question"] for gate in ran.json["gates"]} == {
        "platform", "functional", "load", "switch", "bake",
    }  # fmt: skip


def test_a_query_is_told_as_it_is_written(cli: Cli, tmp_path: Path) -> None:
    query = "AppRequests\n| where Name == 'a b'\n\n| project TimeGenerated, value = 1.0"
    file = tmp_path / "gate.json"
    file.write_text(
        json.dumps({"name": "q", "source": "logs", "target": "cluster", "query": query, "max": 1})
    )
    told = cli("gates", "explain", "--gate", str(file)).out.splitlines()
    assert told[2:6] == [f"      {line}".rstrip() for line in query.splitlines()]
    assert cli("gates", "explain", "--gate", str(file), "-o", "json").json["gates"][0]["query"] == query


def test_the_gates_of_a_file_with_rings_are_explained_once(cli: Cli) -> None:
    ran = cli("gates", "explain", str(REPOSITORY / "examples" / "contoso-rings.yaml"), "-o", "json")
    told = [(gate["question"], gate["name"]) for gate in ran.json["gates"]]
    assert ran.code == 0
    assert len(set(told)) == len(told) > 10


def test_the_gates_of_packs_are_explained_as_if_they_were_written(cli: Cli, tmp_path: Path) -> None:
    text = (REPOSITORY / "examples" / "contoso-public.yaml").read_text(encoding="utf-8")
    begin, end = text.index("gates:\n"), text.index("# The metric that says where")
    file = tmp_path / "fleet.yaml"
    file.write_text(f"{text[:begin]}gates:\n  packs: [platform, gateway]\n{text[end:]}")

    found = cli("gates", "explain", str(file), "-o", "json").json["gates"]

    told = {(gate["question"], gate["name"]): gate["sentences"] for gate in found}
    assert "A value above 85% fails." in told["platform", "node-cpu"]
    assert ("bake", "unhealthy-hosts") in told


def test_a_group_is_explained_with_the_scores_of_its_file(cli: Cli, tmp_path: Path) -> None:
    alone, fleet = tmp_path / "gates.yaml", tmp_path / "fleet.yaml"
    scores = {"passing": 90, "marginal": 60.5}
    alone.write_text(json.dumps({"gates": [{**GATE, "group": "users"}], "scores": scores}))
    text = (REPOSITORY / "examples" / "contoso-public.yaml").read_text(encoding="utf-8")
    begin, end = text.index("gates:\n"), text.index("# The metric that says where")
    gates = {"packs": ["platform", "gateway"], "scores": scores, "bake": [{**ENDLESS, "group": "users"}]}
    fleet.write_text(f"{text[:begin]}gates: {json.dumps(gates)}\n{text[end:]}")
    for told in (cli("gates", "explain", "--gate", str(alone)), cli("gates", "explain", str(fleet))):
        assert told.code == 0, told.err
        assert "The group passes from 90 of 100 points on, and fails where it cannot reach 60.5." in told.out


def test_explain_wants_one_file(cli: Cli) -> None:
    assert cli("gates", "explain").code == 2
