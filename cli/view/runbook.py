"""The runbook part of the board: one line for each stage, and the present stage's steps one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum

from rich.text import Text

from cli.view.history import Place
from cli.view.scene import Scene
from cli.view.words import NOW, PAST, WAITS, WRONG, span, stage_label
from shared.model import Outcome, Stage
from stages.step import Step

FORWARD = (Stage.PREPARE, Stage.DEPLOY, Stage.SYNC, Stage.SWITCH, Stage.RETIRE)
_NAME_WIDTH = 18
_STAGE_WIDTH = 13
_TIME_WIDTH = 8
_BECAUSE_LINES_MAX = 3


class Mark(Enum):
    """How far a step is, as a mark and its style."""

    DONE = ("✓", PAST)
    NOW = ("▶", NOW)
    HELD = ("‖", WAITS)
    FAILED = ("✗", WRONG)
    AHEAD = ("·", PAST)
    NEVER = ("–", PAST)

    @property
    def text(self) -> Text:
        """The mark as it is printed."""
        sign, style = self.value
        return Text(sign, style=style)


def runbook(scene: Scene, width: int) -> Iterator[Text]:
    """The lines of the runbook, each at most `width` cells wide."""
    stages = (*FORWARD, Stage.ROLLBACK) if _went_back(scene) else FORWARD
    for stage in stages:
        if stage is scene.rollout.stage:
            yield _row(
                _stage_mark(scene, stage), 0, Text(stage_label(stage), NOW), _spent(scene, stage), width
            )
            yield from _steps(scene, stage, width)
        else:
            yield _folded(scene, stage, width)


def mark_of(scene: Scene, place: Place) -> Mark:
    """How far the step at `place` is."""
    rollout = scene.rollout
    present = Place(rollout.stage, rollout.step)
    failed = _failed(scene)
    if place == failed:
        return Mark.FAILED
    if place == present and rollout.outcome is None:
        return Mark.HELD if rollout.held or waits_for_person(scene) else Mark.NOW
    if place == present:
        return Mark.FAILED if rollout.outcome is Outcome.ROLLBACK_FAILED else Mark.DONE
    reached = present if place.stage is Stage.ROLLBACK else failed or present
    if _index(scene, place) < _index(scene, reached):
        return Mark.DONE
    return Mark.NEVER if failed and place.stage is not Stage.ROLLBACK else Mark.AHEAD


def _steps(scene: Scene, stage: Stage, width: int) -> Iterator[Text]:
    for step in scene.steps(stage):
        place = Place(stage, step.name)
        mark = mark_of(scene, place)
        now = mark in (Mark.NOW, Mark.HELD)
        name = Text.assemble((f"{step.name:<{_NAME_WIDTH}}", NOW if now else PAST))
        if now:
            yield from _present(scene, mark, name, width)
        else:
            because, taken = _passed(scene, place)
            yield _row(mark, 2, name + Text(because, PAST), taken, width)


def _present(scene: Scene, mark: Mark, name: Text, width: int) -> Iterator[Text]:
    """The step under way, with its reason in full."""
    rollout = scene.rollout
    room = max(20, width - 6 - _NAME_WIDTH - _TIME_WIDTH)
    first, *rest = _wrapped(rollout.held.because if rollout.held else rollout.because, room)
    style = WAITS if mark is Mark.HELD else ""
    yield _row(mark, 2, name + Text(first, style), span(scene.now - rollout.entered_at), width)
    for words in rest:
        yield Text(" " * (5 + _NAME_WIDTH) + words, style)


def _folded(scene: Scene, stage: Stage, width: int) -> Text:
    """A stage that is over or still ahead, on one line."""
    mark = _stage_mark(scene, stage)
    style = PAST if mark is not Mark.FAILED else ""
    line = Text.assemble((f"{stage_label(stage):<{_STAGE_WIDTH}}", style))
    for number, step in enumerate(scene.steps(stage)):
        own = mark_of(scene, Place(stage, step.name))
        line.append(" · " if number else "", PAST)
        line.append(
            f"✗ {step.name}" if own is Mark.FAILED else step.name, WRONG if own is Mark.FAILED else PAST
        )
    return _row(mark, 0, line, _spent(scene, stage), width)


def _stage_mark(scene: Scene, stage: Stage) -> Mark:
    """A stage is where its steps are; one that is partly done and not present was left by a failure."""
    marks = {mark_of(scene, Place(stage, step.name)) for step in scene.steps(stage)}
    for mark in (Mark.FAILED, Mark.HELD, Mark.NOW):
        if mark in marks:
            return mark
    if len(marks) == 1:
        return marks.pop()
    return Mark.NEVER if Mark.NEVER in marks else Mark.AHEAD


def _row(mark: Mark, indent: int, text: Text, time: str, width: int) -> Text:
    """A mark, a text cut to what is left, and a time at the right edge."""
    line = Text.assemble(" " * (indent + 1), mark.text, " ", text)
    line.rstrip()
    line.truncate(width - _TIME_WIDTH - 1 if time else width, overflow="ellipsis", pad=bool(time))
    if time:
        line.append(f"{time:>{_TIME_WIDTH + 1}}", PAST)
    return line


def _wrapped(words: str, room: int) -> list[str]:
    """`words` in lines of at most `room` characters; what does not fit into the last is cut."""
    lines: list[str] = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    if len(lines) > _BECAUSE_LINES_MAX:
        lines[_BECAUSE_LINES_MAX - 1] += " …"
    return [one[:room] for one in lines[:_BECAUSE_LINES_MAX]]


def _went_back(scene: Scene) -> bool:
    return scene.rollout.rollback_because is not None or scene.rollout.stage is Stage.ROLLBACK


def _failed(scene: Scene) -> Place | None:
    """Where a rollout that went back had come to."""
    failed = scene.rollout.failed_step
    if not failed or not _went_back(scene):
        return None
    stage, _, step = failed.partition(" ")
    return Place(Stage(stage), step)


def _index(scene: Scene, place: Place) -> tuple[int, int]:
    order = [*FORWARD, Stage.ROLLBACK].index(place.stage)
    names = [step.name for step in scene.steps(place.stage)]
    return order, names.index(place.step) if place.step in names else len(names)


def _passed(scene: Scene, place: Place) -> tuple[str, str]:
    """Why a step was left and how long it took, as the audit trail says; empty where it does not."""
    for passage in reversed(scene.story):
        if passage.before == place and (passage.moved or passage.outcome):
            entered = _entered(scene, place, passage.at)
            return passage.because, span(passage.at - entered) if entered else ""
    return "", ""


def _entered(scene: Scene, place: Place, until: datetime) -> datetime | None:
    times = (p.at for p in reversed(scene.story) if p.after == place and p.moved and p.at <= until)
    return next(times, None)


def _spent(scene: Scene, stage: Stage) -> str:
    """How long a stage took, or has taken so far."""
    inside = [p for p in scene.story if p.after.stage is stage and p.moved]
    if not inside:
        return ""
    left = [p.at for p in scene.story if p.before and p.before.stage is stage and p.after.stage is not stage]
    ended = scene.rollout.ended_at if scene.rollout.stage is stage else None
    return span((left[-1] if left else ended or scene.now) - inside[0].at)


def waits_for_person(scene: Scene) -> bool:
    """Whether the present step is a question that only a person answers."""
    rollout = scene.rollout
    return rollout.step.startswith("approve_") and not rollout.promoted and rollout.outcome is None


def step_of(scene: Scene) -> Step | None:
    """The runbook's own entry for the present step."""
    return next((s for s in scene.steps(scene.rollout.stage) if s.name == scene.rollout.step), None)
