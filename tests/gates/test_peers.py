"""What the peers' published rules come to in `switchyard gates judge`, and the table of where we differ."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from sandbox.demo.rehearsal import REPOSITORY
from shared.errors import Invalid
from shared.fleet_file.gate_file import parse_gates
from shared.gates.recorded import Beneath, recorded
from shared.model import Verdict
from tests.gates import test_workbook
from tests.gates.peers import (
    BETWEEN,
    FAIL,
    INCONCLUSIVE,
    NO_DATA,
    PASS,
    PROVIDER_ERROR,
    START,
    Case,
    Refused,
    Together,
    Value,
    argo,
    argo_runs,
    counted,
    declared,
    flagger,
    gate,
    kayenta,
    kayenta_scores,
    keptn,
    samples,
)

CASES = [
    *argo.LIMITS, *argo.RESULTS, *argo_runs.CONSECUTIVE, *flagger.CHECKS, *flagger.METRICS, *kayenta.METRICS,
    *keptn.CRITERIA,
]  # fmt: skip
TOGETHER = [*argo_runs.RUNS, *kayenta_scores.SCORES, *keptn.SCORES]
REFUSED = [*argo_runs.REFUSED, *keptn.REFUSED]
VALUES: dict[Verdict, Value] = {
    PASS: 0.0, FAIL: 1.0, INCONCLUSIVE: 0.07, NO_DATA: None, PROVIDER_ERROR: "away",
}  # fmt: skip
WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
Judge = Callable[..., Any]


def named(case: Any) -> str:
    return str(case.name)


def written(values: tuple[Value, ...]) -> list[dict[str, Any]]:
    """Samples a minute apart as a file has them."""
    found: list[dict[str, Any]] = []
    for n, value in enumerate(values):
        at = (START + timedelta(minutes=n)).isoformat()
        if isinstance(value, str):
            found.append({"at": at, "error": value})
            continue
        odd = value is not None and not math.isfinite(value)
        found.append({"at": at, "value": WORDS[str(value)] if odd else value})
    return found


@pytest.fixture
def judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Write the files, and ask the command."""

    def call(**files: Any) -> Any:
        words = ["gates", "judge", "-o", "json"]
        for option, body in files.items():
            path = tmp_path / f"{option}.json"
            path.write_text(json.dumps(body))
            words += [f"--{option}", str(path)]
        code = run(words)
        found = json.loads(capsys.readouterr().out)
        assert code == (0 if found["verdict"] == "pass" else 1)
        return found

    return call


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_published_rule_has_the_verdict_of_its_table(judged: Judge, case: Case) -> None:
    files: dict[str, Any] = {"gate": gate(**case.rules), "samples": written(case.values)}
    if case.live is not None:
        files["live"] = written(case.live)
    if case.baseline is not None:
        files["baseline"] = written(case.baseline)
    found = judged(**files)
    assert (found["verdict"], found["complete"]) == (case.verdict, case.complete), found["because"]


@pytest.mark.parametrize("case", TOGETHER, ids=named)
def test_several_gates_have_the_verdict_and_the_score_of_their_table(judged: Judge, case: Together) -> None:
    gates, found = [], {}
    for n, member in enumerate(case.members):
        name = f"gate-{n}"
        rules: dict[str, Any] = {"min_samples": 1, **BETWEEN}
        if member.group:
            rules |= {"group": member.group, "weight": member.weight, "critical": member.critical}
        gates.append(gate(**rules, dry_run=member.dry_run) | {"name": name})
        found[name] = written((VALUES[member.verdict],))
    answer = judged(gate={"gates": gates, "scores": case.scores}, samples=found)
    assert [answer["gates"][f"gate-{n}"]["verdict"] for n in range(len(case.members))] == [
        member.verdict for member in case.members
    ]
    assert (answer["verdict"], answer["score"]) == (case.verdict, case.score), answer["because"]


def test_each_metric_has_a_threshold_of_its_own(judged: Judge) -> None:
    # As flagger.SHARED says, five failed checks of both together would have rolled back.
    rules = counted(8, tolerance={"failures": 4})
    gates = [gate(**rules) | {"name": name} for name in ("success-rate", "duration")]
    values = {"success-rate": (1.0, 0.0) * 3 + (0.0, 0.0), "duration": (0.0, 1.0) * 3 + (0.0, 0.0)}
    found = judged(gate={"gates": gates}, samples={name: written(each) for name, each in values.items()})
    assert found["verdict"] == PASS


def test_a_run_goes_on_while_a_metric_does_and_ends_with_a_failure(judged: Judge) -> None:
    # argo_runs.RUNS, of TestAssessRunStatus and TestReconcileAnalysisRunTerminateSiblingAfterFail.
    gates = [gate(**counted(2)) | {"name": name} for name in ("latency", "success-rate")]

    def together(*values: tuple[Value, ...]) -> Any:
        names = ("latency", "success-rate")
        return judged(
            gate={"gates": gates}, samples={n: written(each) for n, each in zip(names, values, strict=True)}
        )

    assert together((0.0, 0.0), (0.0,))["verdict"] is None
    assert together((0.0, 0.0), (0.0, 0.0))["verdict"] == PASS
    assert together((0.0,), (0.0, 1.0))["verdict"] == FAIL


def test_what_decides_nothing_ends_no_other_gate_and_a_dry_run_keeps_none_waiting(judged: Judge) -> None:
    # As argo_runs.SIBLINGS says, the run would have been inconclusive, and as argo_runs.WAITS says, not over.
    rules = counted(2, **BETWEEN)
    gates = [gate(**rules) | {"name": name} for name in ("latency", "success-rate")]
    unclear = written((0.07,))
    found = judged(gate={"gates": gates}, samples={"latency": unclear, "success-rate": written((0.0,))})
    assert (found["verdict"], found["complete"]) == (None, False)
    found = judged(gate={"gates": gates}, samples={"latency": unclear, "success-rate": written((0.0, 1.0))})
    assert (found["verdict"], found["complete"]) == (FAIL, True)
    gates[0]["dry_run"] = True
    found = judged(
        gate={"gates": gates}, samples={"latency": written((0.0,)), "success-rate": written((0.0, 0.0))}
    )
    assert (found["verdict"], found["complete"]) == (PASS, True)


@pytest.mark.parametrize("case", REFUSED, ids=named)
def test_what_could_never_be_evidence_is_refused(case: Refused) -> None:
    with pytest.raises(Invalid, match=case.words):
        parse_gates(json.dumps(case.body))


def test_every_difference_has_its_row_and_its_reason_and_every_row_a_case() -> None:
    text = (REPOSITORY / "docs" / "gates.md").read_text(encoding="utf-8")
    table = text.split("## Where we differ from others on purpose")[1].split("What has no counterpart")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")][2:]
    assert all(len(row) == 4 and all(row) for row in rows)
    shown = {each.differs for each in CASES} | {each.differs for each in TOGETHER}
    shown |= {each.differs for each in REFUSED} | {
        flagger.SHARED,
        argo_runs.SIBLINGS,
        argo_runs.WAITS,
        *test_workbook.DIFFERENCES,
    }
    assert shown - {""} == {there for _, there, _, _ in rows}


def test_live_at_zero_is_no_multiple_of_anything() -> None:
    gate = declared(max_over_live=1.5).gates[0]
    nothing = Beneath(live=samples(0, 0, 0))
    assert recorded(gate, samples(0, 0, 0), beneath=nothing).verdict is PASS
    assert recorded(gate, samples(0, 0, 0, 0.1), beneath=nothing).verdict is INCONCLUSIVE


@pytest.mark.parametrize(
    ("ours", "live", "verdict"),
    [
        ((15, 15, 15), (10, 10, 10), PASS),
        ((15, 15, 15.1), (10, 10, 10), FAIL),
        ((1, 1, 1), (), NO_DATA),
        ((1, 1, 1), (None, None, None), NO_DATA),
        ((1, 1, 1), None, PROVIDER_ERROR),
    ],
)
def test_a_multiple_of_live_needs_live(
    ours: tuple[float, ...], live: tuple[float | None, ...] | None, verdict: Verdict
) -> None:
    gate = declared(max_over_live=1.5).gates[0]
    beneath = Beneath(live=None if live is None else samples(*live))
    assert recorded(gate, samples(*ours), beneath=beneath).verdict is verdict
