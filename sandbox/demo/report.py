"""What a scenario did, told at its end. Decides the words; every number comes from the world or the trail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from rich.text import Text

from cli.view.scene import Served
from cli.view.words import NOW, OUTCOME_WORDS, PAST, WRONG, clock, number, slot_style, span
from sandbox.demo.checks import Check
from sandbox.demo.play import Played
from sandbox.demo.real import Real
from sandbox.world.ledger import Entry, Happening
from sandbox.world.model import World

_LABEL_WIDTH = 12


def report(played: Played, world: World, real: Real, checks: Iterable[Check]) -> Iterator[Text]:
    """The report, line by line."""
    rollout = played.scene.rollout
    yield Text()
    if rollout.outcome is not None and rollout.ended_at is not None:
        taken = span(rollout.ended_at - rollout.started_at)
        words = (
            f"{rollout.id} {OUTCOME_WORDS[rollout.outcome]} after {taken} ({played.wall_seconds:.0f} s here)"
        )
        yield _line("rollout", Text(words, NOW))
    yield _line("because", Text(rollout.rollback_because or rollout.because))
    yield from _cutover(played, world)
    yield from _requests(world)
    yield _line("real users", Text(_real(real)))
    yield from _destroyed(world)
    yield from _checks(checks)


def _cutover(played: Played, world: World) -> Iterator[Text]:
    rollout = played.scene.rollout
    if rollout.moved_at is not None and played.moved_wall_seconds is not None:
        after = span(rollout.moved_at - rollout.started_at)
        words = f"{after} after the event ({played.moved_wall_seconds:.0f} s here)"
        yield _line("cutover", Text(words))
    if rollout.diverted_at is not None and rollout.moved_at is not None:
        words = f"{span(rollout.diverted_at - rollout.moved_at)} after the cutover, to {rollout.safe}"
        yield _line("sent back", Text(words))
    seconds = world.report().cutover_seconds
    if seconds is not None:
        words = f"every user had followed the last move within {span(timedelta(seconds=seconds))}"
        yield _line("", Text(words, PAST))


def _requests(world: World) -> Iterator[Text]:
    story = world.report()
    for place, slot in enumerate(world.fleet.slots):
        served = Served(round(story.served[slot.name]), round(story.failed[slot.name]))
        words = Text.assemble(
            (f"{slot.name:<6}", f"bold {slot_style(slot.name)}"),
            f"{number(served.requests):>9} served",
            (f"  {number(served.failed)} failed", WRONG if served.suffers else PAST),
        )
        yield _line("requests" if place == 0 else "", words)


def _real(real: Real) -> str:
    right = real.right_after_seconds
    followed = (
        f", right slot within {span(timedelta(seconds=right))} of the write" if right is not None else ""
    )
    failed = sum(real.failed.values())
    return (
        f"{number(real.requests)} requests through DNS, {failed} failed, {real.lost} sessions lost{followed}"
    )


def _destroyed(world: World) -> Iterator[Text]:
    gone = [e for e in world.report().entries if e.kind is Happening.CLUSTER_DESTROYED]
    words = ", ".join(map(_when, gone)) or "nothing"
    yield _line("destroyed", Text(words))


def _when(entry: Entry) -> str:
    return f"{entry.subject} at {clock(entry.at)}"


def _checks(checks: Iterable[Check]) -> Iterator[Text]:
    for place, check in enumerate(checks):
        style = PAST if check.passed else WRONG
        words = Text.assemble(
            ("✓ " if check.passed else "✗ ", style),
            (check.what, "" if check.passed else WRONG),
            (f": {check.found}", style),
        )
        yield _line("checked" if place == 0 else "", words)


def _line(label: str, words: Text) -> Text:
    return Text.assemble((f" {label:<{_LABEL_WIDTH}}", PAST), words)
