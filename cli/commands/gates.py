"""`switchyard gates`: judge recorded samples, and say in plain English what a gate asks.

These ask nobody; `backtest` asks the API for the evidence of past rollouts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.commands.backtest import backtest
from cli.context import Desk, shared_options
from cli.files import FILE, declared_by, text_from
from cli.output import No
from cli.recordings import Baselines, Recordings, baselines, moment, recordings
from shared.errors import Invalid
from shared.fleet import Fleet, Gate
from shared.gate_rules import Scores
from shared.gates import combine, grouped, mean
from shared.gates.explaining import explained
from shared.gates.measuring import advises
from shared.gates.recorded import Beneath, Recorded, recorded
from shared.levers import SlotName
from shared.model import Judgement, Verdict

if TYPE_CHECKING:
    from shared.fleet_file.gate_file import GateFile

_ANY = datetime(1970, 1, 1, tzinfo=UTC)
_QUESTIONS = ("platform", "functional", "load", "switch", "bake")


@click.group()
def gates() -> None:
    """Try gates on recorded samples and on past rollouts, and read them in plain English."""


gates.add_command(backtest)


@gates.command()
@click.option("--gate", "gate_file", type=FILE, required=True, help="One gate, or `gates` with a list.")
@click.option("--samples", "samples_file", type=FILE, required=True, help="What was recorded, in order.")
@click.option("--live", "live_file", type=FILE, help="Samples of the live slot over the same window.")
@click.option("--baseline", "baseline_file", type=FILE, help="The baseline: its samples, or a number.")
@click.option("--at", metavar="TIME", help="As of when; else as of the newest sample.")
@shared_options
def judge(
    desk: Desk,
    gate_file: Path,
    samples_file: Path,
    live_file: Path | None,
    baseline_file: Path | None,
    at: str | None,
) -> None:
    """Judge recorded samples by the gate in a file; exit 1 unless it passes."""
    try:
        now = moment(at) if at is not None else None
    except ValueError as error:
        expected = f"got {at}, expected a time in ISO 8601, in the years 1970 to 2999"
        raise click.BadParameter(expected, param_hint="--at") from error
    declared, samples, live, baseline = _read(gate_file, samples_file, live_file, baseline_file)
    found = {
        gate.name: recorded(gate, samples.get(gate.name, ()), now, _beneath(gate, live, baseline))
        for gate in declared.gates
    }
    if declared.single:
        body = _alone(declared.gates[0], found[declared.gates[0].name])
    else:
        body = _together(declared.gates, found, declared.scores, now or _ANY)
    desk.output.show(body, _text)
    if body["verdict"] != Verdict.PASS:
        raise No


@gates.command()
@click.argument("file", type=FILE, required=False)
@click.option("--gate", "gate_file", type=FILE, help="A file with one gate, or `gates` with a list.")
@shared_options
def explain(desk: Desk, file: Path | None, gate_file: Path | None) -> None:
    """Say every rule of the gates in FILE, which is a fleet file, or of those in --gate."""
    from shared.fleet_file.gate_file import parse_gates

    if (file is None) == (gate_file is None):
        raise click.UsageError("name a fleet file, or a file with gates by --gate")
    if gate_file is not None:
        alone = parse_gates(text_from(gate_file), str(gate_file))
        told = [_told(gate, explained(gate, alone.scores)) for gate in alone.gates]
    else:
        assert file is not None, "one of the two is given"
        # What the rings of a file say of their own is never a gate.
        declared = _fleet_in(file)
        told = [
            {"question": question, **_told(gate, explained(gate, declared.gates.scores))}
            for question in _QUESTIONS
            for gate in getattr(declared.gates, question)
        ]
    desk.output.show({"gates": told}, _explanation)


def _fleet_in(file: Path) -> Fleet:
    """The first fleet that a file declares. Raises Invalid, and UsageError for a file with gates alone."""
    from shared.fleet_file.tree import read_yaml

    try:
        return declared_by(file).fleets[0]
    except Invalid:
        found = read_yaml(text_from(file), "a fleet").data
        if isinstance(found, dict) and ("source" in found or isinstance(found.get("gates"), list)):
            # All that it lacks of a fleet would be as many mistakes, and none of them tells this.
            raise click.UsageError(f"{file} has gates and no fleet: name it by --gate") from None
        raise


def _told(gate: Gate, sentences: tuple[str, ...]) -> dict[str, Any]:
    query = {"query": gate.query} if gate.query else {}
    return {"name": gate.name, "sentences": list(sentences), **query}


def _explanation(body: dict[str, Any]) -> str:
    blocks = []
    for gate in body["gates"]:
        title = f"{gate['question']}: {gate['name']}" if "question" in gate else gate["name"]
        asks, *rules = gate["sentences"]
        query = [f"      {line}".rstrip() for line in gate.get("query", "").splitlines()]
        blocks.append("\n".join([title, f"  {asks}", *query, *(f"  {rule}" for rule in rules)]))
    return "\n\n".join(blocks)


def _read(
    gate: Path, samples: Path, live: Path | None, baseline: Path | None
) -> tuple[GateFile, Recordings, Recordings | None, Baselines]:
    """All files, so that all their mistakes are told at once. Raises Invalid."""
    from shared.fleet_file.gate_file import parse_gates  # pydantic is slow to load

    wrong: dict[str, Invalid] = {}
    found: dict[str, Any] = {}
    declared, names = None, None
    try:
        declared = parse_gates(text_from(gate), str(gate))
        names = tuple(each.name for each in declared.gates)
    except Invalid as invalid:
        wrong["gate"] = invalid
    single = declared is not None and declared.single
    readers: tuple[tuple[str, Path | None, Callable[..., Any]], ...] = (
        ("samples", samples, recordings), ("live", live, recordings), ("baseline", baseline, baselines),
    )  # fmt: skip
    for option, file, read in readers:
        try:
            found[option] = read(file, names, single) if file is not None else None
        except Invalid as invalid:
            wrong[option] = invalid
    if declared is None or wrong:
        raise _all_of(wrong)
    return declared, found["samples"], found["live"], found["baseline"] or {}


def _all_of(wrong: dict[str, Invalid]) -> Invalid:
    """The mistakes of every file, each with the option that named it where they are several."""
    if len(wrong) == 1:
        return next(iter(wrong.values()))
    files = " and ".join(invalid.what for invalid in wrong.values())
    return Invalid(
        files,
        tuple(
            mistake._replace(path=f"{option}: {mistake.path}")
            for option, invalid in wrong.items()
            for mistake in invalid.mistakes
        ),
        several=True,
    )


def _beneath(gate: Gate, live: Recordings | None, baseline: Baselines) -> Beneath:
    before = baseline.get(gate.name)
    of_live = live.get(gate.name, ()) if live is not None else None
    if isinstance(before, tuple):
        return Beneath(live=of_live, baseline=mean(before), past=before)
    return Beneath(live=of_live, baseline=before)


def _alone(gate: Gate, found: Recorded) -> dict[str, Any]:
    """One gate as the answer, with its verdict also where nothing hangs on it."""
    body = _body(found)
    return body | {"because": f"it only advises: {found.because}"} if advises(gate) else body


def _body(found: Recorded) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "because": found.because,
        "measurements": [
            {"at": _iso(each.at), "value": _plain(each.value), "phase": each.phase}
            for each in found.measurements
        ],
        "complete": found.complete,
        "next_due": found.next_due_seconds,
        "score": found.score,
    }


def _together(
    declared: tuple[Gate, ...], found: dict[str, Recorded], scores: Scores, now: datetime
) -> dict[str, Any]:
    """Several gates as one answer: the verdict of all of them, and each by its name."""
    judgements = [
        Judgement(
            gate=gate.name,
            slot=SlotName("recorded"),
            verdict=found[gate.name].verdict or Verdict.NO_DATA,
            because=found[gate.name].because,
            doubt=found[gate.name].doubt,
            at=now,
            group=gate.group,
            weight=gate.weight,
            critical=gate.critical,
            dry_run=advises(gate),
        )
        for gate in declared
    ]
    groups = grouped(judgements, scores)
    verdict = combine(judgements, scores)
    deciding = [found[gate.name] for gate in declared if not advises(gate)]
    complete = verdict is Verdict.FAIL or all(each.complete for each in deciding)
    # A gate that has none yet leaves these two as they are, whatever it comes to.
    known = verdict in (Verdict.FAIL, Verdict.PASS) or all(each.verdict for each in deciding)
    due = [each.next_due_seconds for each in deciding if each.next_due_seconds is not None]
    told = [f"group {name}: {each.because}" for name, each in groups.items()]
    told += [f"{each.gate}: {each.because}" for each in judgements if not each.group and not each.dry_run]
    told += [f"{each.gate} only advises: {each.because}" for each in judgements if each.dry_run]
    scored = [each.score for each in groups.values()]
    points = [each for each in scored if each is not None]
    return {
        "verdict": verdict if known else None,
        "because": "; ".join(told),
        "measurements": [],
        "complete": complete,
        "next_due": None if complete else min(due, default=0.0),
        # Where nothing is known of a group, the score of the others is not that of all.
        "score": min(points) if points and len(points) == len(scored) else None,
        "gates": {name: _body(each) for name, each in found.items()},
    }


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _plain(value: float | None) -> float | str | None:
    """A number that JSON knows, or the word for it."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _text(body: dict[str, Any]) -> str:
    lines = [
        f"{each['at']}  {each['phase']:<12}  {'–' if each['value'] is None else each['value']}"
        for each in body["measurements"]
    ]
    for name, each in body.get("gates", {}).items():
        lines.append(f"{name:<32}{each['verdict'] or 'no verdict yet'}: {each['because']}")
    score = f", score {body['score']:g}" if body["score"] is not None else ""
    due = f", the next measurement is due in {body['next_due']:g} s" if body["next_due"] is not None else ""
    return "\n".join([*lines, f"{body['verdict'] or 'no verdict yet'}: {body['because']}{score}{due}"])
