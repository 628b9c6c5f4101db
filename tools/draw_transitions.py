"""Draws `docs/transitions.md` from the transition table and the runbook, so that the documents cannot drift.

python -m tools.draw_transitions          writes the page
python -m tools.draw_transitions --check  exits 1 where the page is not what would be written
"""

from __future__ import annotations

import sys
from pathlib import Path

from shared.model import Stage
from stages import RUNBOOK, TABLE
from stages.step import Step, Verb
from stages.table import REFUSALS, Phase, Reaction, Trigger

PAGE = Path(__file__).parent.parent / "docs" / "transitions.md"
_HEAD = """# Transitions

Drawn by `python -m tools.draw_transitions` from `stages/table.py` and `stages/runbook.py`.

```mermaid
stateDiagram-v2
    [*] --> T0: a version is published, or a person starts
    T0 --> T1
    T1 --> T2
    T2 --> T3
    T3 --> T4
    T4 --> destroying: the bake passed, the old slot is drained
    destroying --> completed
    T0 --> rollback: fail, deadline, rollback
    T1 --> rollback: fail, deadline, alert, rollback
    T2 --> rollback: fail, deadline, alert, rollback
    T3 --> rollback: fail, deadline, alert, rollback
    T4 --> rollback: fail, alert, rollback
    rollback --> stopped: no traffic had moved
    rollback --> rolled_back: traffic proven on the safe slot
    rollback --> rollback_failed: it could not be proven
    rollback_failed --> rollback: retry, rollback
```
"""
_NOTES = (
    "`·` notes it in the audit trail and looks at the world at once.",
    "",
    "Which row an alert falls into, the fleet's `alerts` say, and its severities where they do not:",
    "[signals.md](signals.md#what-an-alert-does).",
)
_DEADLINES = {Verb.FAIL: "go back", Verb.HOLD: "hold and ask", Verb.ADVANCE: "go on"}


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_signals(), *_refusals(), *_steps()]) + "\n"


def _signals() -> list[str]:
    lines = ["## What each signal does in each phase", "", "| signal | " + " | ".join(Phase) + " |"]
    lines.append("| --- " * (len(Phase) + 1) + "|")
    for trigger in Trigger:
        cells = (TABLE[trigger][phase] for phase in Phase)
        lines.append(f"| {trigger} | " + " | ".join("·" if c is Reaction.NOTE else c for c in cells) + " |")
    return [*lines, "", *_NOTES, ""]


def _refusals() -> list[str]:
    lines = ["## What a refusal says", "", "| phase | sentence |", "| --- | --- |"]
    return [*lines, *(f"| {phase} | {sentence} |" for phase, sentence in REFUSALS.items()), ""]


def _steps() -> list[str]:
    lines = ["## The steps", "", "| stage | step | deadline | then |", "| --- | --- | --- | --- |"]
    for stage, steps in RUNBOOK.items():
        lines.extend(
            f"| {stage} | {step.name} | {_duration(step)} | {_then(stage, step)} |" for step in steps
        )
    return [*lines, "", "A fleet's `deadlines` override these; a step that does not apply is passed over."]


def _then(stage: Stage, step: Step) -> str:
    if stage is Stage.ROLLBACK and step.at_deadline is Verb.FAIL:
        return "`rollback_failed`: page a person"
    return _DEADLINES[step.at_deadline]


def _duration(step: Step) -> str:
    minutes = step.deadline_seconds // 60
    if minutes % (24 * 60) == 0:
        return f"{minutes // (24 * 60)} d"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def main() -> int:
    """Write the page, or with `--check` compare it."""
    if "--check" in sys.argv:
        return 0 if PAGE.read_text("utf-8") == page() else 1
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
