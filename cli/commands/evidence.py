"""`switchyard evidence`: everything that a rollout was judged by, in one file, and the proof of that file."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import msgspec

from cli.context import Desk, shared_options
from cli.evidence import verdicts_of
from cli.files import FILE, json_from
from cli.output import No
from shared.errors import Invalid, Mistake
from shared.ports import AuditEntry, Judged
from shared.store.audit import proven, unbroken

_FORM = "switchyard-evidence/1"
_PARTS = ("form", "fleet", "rollout", "audit", "verdicts")
_encoder = msgspec.json.Encoder(order="sorted")


@click.group()
def evidence() -> None:
    """Keep what a rollout was judged by."""


@evidence.command()
@click.argument("fleet")
@click.argument("rollout_id", metavar="[ID]", default="current")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="The file to write; FLEET-ROLLOUT.evidence.json if not given.",
)
@shared_options
def export(desk: Desk, fleet: str, rollout_id: str, out: Path | None) -> None:
    """Write a rollout, its audit trail and every verdict with its samples to one file."""
    rollout = desk.api.get("fleets", fleet, "rollouts", rollout_id).body["rollout"]
    path = ("fleets", fleet, "rollouts", rollout["id"])
    audit = desk.api.get(*path, "audit").body["audit"]
    newest = max((entry["epoch"] for entry in audit), default=0)
    # A rollout under way may have been judged again since.
    verdicts = [each for each in verdicts_of(desk.api, path) if each["epoch"] <= newest]
    parts = (_FORM, fleet, rollout, audit, verdicts)
    document = dict(zip(_PARTS, parts, strict=True))
    out = out or Path(f"{rollout['id']}.evidence.json")
    _write(out, msgspec.json.format(_encoder.encode({**document, "sha256": _digest(document)}), indent=1))
    counted = {"audit": len(audit), "verdicts": len(verdicts)}
    problems = proven(_trail(out, document), _told(document))
    body = {"file": str(out), "fleet": fleet, "rollout": rollout["id"], **counted, "problems": problems}
    said = (
        f"{counted['audit']} audit entries and {counted['verdicts']} verdicts of {rollout['id']} are in {out}"
    )
    desk.output.show(body, lambda _: "\n".join((said, *problems)))


@evidence.command()
@click.argument("file", type=FILE)
@shared_options
def verify(desk: Desk, file: Path) -> None:
    """Prove that FILE is as it was exported, and that its trail is unbroken. Asks nobody."""
    document = _read(file)
    entries = _trail(file, document)
    problems = [*unbroken(entries), *proven(entries, _told(document))]
    if document.get("sha256") != _digest({name: document[name] for name in _PARTS}):
        problems.insert(0, "the file was altered: its hash does not match what it says")
    body = {"file": str(file), "verified": not problems, "problems": problems}
    chained = f"its {len(entries)} audit entries are chained, and prove its verdicts"
    said = f"{file} is as it was exported; {chained}"
    desk.output.show(body, lambda _: "\n".join(problems) if problems else said)
    if problems:
        raise No


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        why = f"{out} cannot be written: {error.strerror}"
        raise click.BadParameter(why, param_hint="--out") from error


def _trail(file: Path, document: dict[str, Any]) -> tuple[AuditEntry, ...]:
    """The audit entries. Raises Invalid where they or the verdicts are of another form."""
    try:
        msgspec.convert(document["verdicts"], tuple[Judged, ...])
        return msgspec.convert(document["audit"], tuple[AuditEntry, ...])
    except msgspec.ValidationError as error:
        raise Invalid(str(file), (Mistake("(file)", str(error), "what was exported"),)) from error


def _told(document: dict[str, Any]) -> list[tuple[int, Any]]:
    return [(each["epoch"], each["judgement"]) for each in document["verdicts"]]


def _digest(document: dict[str, Any]) -> str:
    return sha256(_encoder.encode(document)).hexdigest()


def _read(file: Path) -> dict[str, Any]:
    """The document in a file. Raises Invalid where it is none of evidence."""
    try:
        document = json_from(file)
    except ValueError as error:
        raise Invalid(str(file), (Mistake("(file)", "no JSON", f"a JSON document: {error}"),)) from error
    if not isinstance(document, dict) or document.get("form") != _FORM:
        found = document.get("form") if isinstance(document, dict) else document
        raise Invalid(str(file), (Mistake("form", msgspec.json.encode(found).decode()[:40], _FORM),))
    missing = tuple(Mistake(name, "nothing", "what was exported") for name in _PARTS if name not in document)
    if missing:
        raise Invalid(str(file), missing)
    return document
