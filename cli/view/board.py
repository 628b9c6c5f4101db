"""The whole board of one rollout. Decides what gives way where there is little room; refuses to fetch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from cli.view.back import back
from cli.view.gates import gates
from cli.view.runbook import runbook, step_of, waits_for_person
from cli.view.scene import Scene
from cli.view.traffic import traffic
from cli.view.words import (
    IN_SHADOW,
    NOW,
    OUTCOME_STYLES,
    OUTCOME_WORDS,
    PAST,
    WAITS,
    WRONG,
    clock,
    slot_style,
    span,
)
from shared.model import HoldKind, Stage
from stages.step import Verb

WIDTH_MAX = 120
GATES_MAX = 12
_PIPE_HEIGHT = 60
_DEADLINE_WORDS = {
    Verb.FAIL: "the rollout stops, or goes back if traffic has moved",
    Verb.HOLD: "it goes on waiting",
    Verb.ADVANCE: "it goes on",
}


class Board:
    """A rich renderable of a scene. As wide as the console, 120 cells at most, and never taller than it."""

    def __init__(self, scene: Scene, notes: Sequence[Text] = ()) -> None:
        """`notes` are lines of the caller's own, shown last."""
        self.scene = scene
        self.notes = notes

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the board's lines."""
        height = console.size.height if console.is_terminal else _PIPE_HEIGHT
        for line in self.lines(min(options.max_width, WIDTH_MAX), height - 1):
            line.truncate(options.max_width, overflow="ellipsis")
            yield line

    def lines(self, width: int, height: int) -> list[Text]:
        """All lines; where there is little room, the gates give way first."""
        scene = self.scene
        top = [*_title(scene, width), *runbook(scene, width), Text(), *traffic(scene, width)]
        foot = [*_footer(scene), *self.notes]
        room = min(GATES_MAX, height - len(top) - len(foot) - 1)
        middle = list(gates(scene, width, room)) if room > 0 else []
        return [*top, *([Text(), *middle] if middle else []), *foot][:height]


def _title(scene: Scene, width: int) -> Iterator[Text]:
    rollout = scene.rollout
    left = Text.assemble(
        (f" {scene.fleet.name}", NOW),
        (f"  {rollout.id.removeprefix(scene.fleet.name + '-')}  ", PAST),
        (rollout.live, slot_style(rollout.live)),
        (" → ", PAST),
        (rollout.candidate, slot_style(rollout.candidate)),
        f"  {rollout.version}",
        (f"  {IN_SHADOW}" if rollout.shadow else "", WAITS),
    )
    right = _state(scene)
    gap = max(2, width - left.cell_len - right.cell_len)
    yield Text.assemble(left, " " * gap, right)
    yield Text(" " + "─" * (width - 1), "bright_black")


def _state(scene: Scene) -> Text:
    rollout = scene.rollout
    taken = span((rollout.ended_at or scene.now) - rollout.started_at)
    if rollout.outcome is not None:
        return Text.assemble(
            (OUTCOME_WORDS[rollout.outcome], OUTCOME_STYLES[rollout.outcome]), (f" in {taken}", PAST)
        )
    if rollout.stage is Stage.ROLLBACK:
        word, style = "rolling back", WRONG
    elif rollout.held is not None:
        word, style = "held", WAITS
    elif waits_for_person(scene):
        word, style = "waits for a person", WAITS
    else:
        word, style = "running", NOW
    return Text.assemble((word, style), (f" {taken}  {clock(scene.now)} UTC", PAST))


def _footer(scene: Scene) -> Iterator[Text]:
    rollout = scene.rollout
    way = back(scene.way_back) if scene.way_back is not None else None
    if way is not None:
        yield Text()
        yield way
    if rollout.rollback_because is not None:
        yield Text()
        yield Text(f" because  {rollout.rollback_because}", WRONG)
    elif rollout.outcome is not None:
        yield Text()
        yield Text(f" because  {rollout.because}")
    if rollout.outcome is None and (words := _waits_for(scene)):
        yield Text()
        yield words


def _waits_for(scene: Scene) -> Text | None:
    """What a person can do about it, and what happens if nobody does."""
    rollout, step = scene.rollout, step_of(scene)
    if step is None or not (rollout.held or waits_for_person(scene)):
        return None
    if rollout.held is not None and rollout.held.kind is HoldKind.DRIFT:
        # It goes on by itself once the lever is put right.
        return None
    resumed = rollout.held is not None and rollout.held.kind in (HoldKind.PERSON, HoldKind.ALERT)
    word = "resume" if resumed else "promote"
    line = Text.assemble((" waits    ", WAITS))
    line.append(f"switchyard {word} {scene.fleet.name}", NOW)
    seconds = scene.fleet.policy.deadlines.get(step.name, step.deadline_seconds)
    until = rollout.entered_at + timedelta(seconds=seconds)
    if word == "promote" and step.at_deadline in _DEADLINE_WORDS:
        line.append(f"   at {clock(until)} {_DEADLINE_WORDS[step.at_deadline]}", PAST)
    return line
