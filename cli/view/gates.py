"""The gates part of the board: what was asked, what was measured, the limit, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from cli.view.scene import Scene
from cli.view.words import PAST, VERDICT_MARKS, VERDICT_STYLES, quantity, slot_style
from shared.fleet import Fleet
from shared.model import Judgement, Verdict

_LABEL_WIDTH = 9
_GATE_WIDTH = 26
_SLOT_WIDTH = 7
_VALUE_WIDTH = 11
_LIMIT_WIDTH = 13


def gates(scene: Scene, width: int, rows_max: int) -> Iterator[Text]:
    """The newest verdict of each gate, newest first; at most `rows_max` lines."""
    judged = sorted(scene.judgements, key=lambda j: (j.verdict is not Verdict.PASS, j.at), reverse=True)
    shown = judged if len(judged) <= rows_max else judged[: max(0, rows_max - 1)]
    for place, judgement in enumerate(shown):
        yield _line("gates" if place == 0 else "", judgement, scene, width)
    if len(shown) < len(judged) and rows_max > 0:
        yield Text(f" {'':<{_LABEL_WIDTH}}and {len(judged) - len(shown)} more", PAST)


def limit(judgement: Judgement, fleet: Fleet) -> str:
    """`≤ 1%` or `≥ 3`: the largest or the smallest tolerated number."""
    if judgement.limit is None:
        return ""
    kinds = fleet.gates
    declared = (*kinds.platform, *kinds.functional, *kinds.load, *kinds.switch, *kinds.bake)
    lower = any(g.name == judgement.gate and g.min_value == judgement.limit for g in declared)
    return f"{'≥' if lower else '≤'} {quantity(judgement.limit, judgement.unit)}"


def _line(label: str, judgement: Judgement, scene: Scene, width: int) -> Text:
    verdict = judgement.verdict
    style = VERDICT_STYLES[verdict]
    line = Text.assemble((f" {label:<{_LABEL_WIDTH}}", PAST))
    line.append(f"{VERDICT_MARKS[verdict]} ", style or PAST)
    line.append(f"{_cut(judgement.gate, _GATE_WIDTH - 3):<{_GATE_WIDTH - 2}}", style)
    line.append(f"{judgement.slot:<{_SLOT_WIDTH}}", slot_style(judgement.slot))
    line.append(f"{quantity(judgement.value, judgement.unit):>{_VALUE_WIDTH}}", style)
    line.append(f"  {limit(judgement, scene.fleet):<{_LIMIT_WIDTH - 2}}", PAST)
    line.append(verdict.value, style or PAST)
    if verdict is not Verdict.PASS:
        line.append(f"  {judgement.because}", style)
    line.truncate(width, overflow="ellipsis")
    return line


def _cut(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"
