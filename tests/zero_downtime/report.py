"""A trial in lines: what was asked, what failed, and how long users took beside how long they had to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.zero_downtime.story import Move, Story


def lines(story: Story) -> Iterator[str]:
    """Everything about one switch."""
    took = f"{story.world_seconds / 60:.0f} minutes in {story.seconds:.0f} s"
    yield f"{story.switch}  ({took})"
    yield _line("requests", f"{story.requests:,}, {sum(story.failed.values())} failed{_why(story.failed)}")
    yield _line("sessions", f"{story.sessions}, {story.lost} lost")
    if story.sockets:
        yield _line("websockets", _sockets(story))
    for entry in story.entries:
        if isinstance(entry, Move):
            yield _line(entry.what, _moved(entry))
        else:
            yield _line(f"canary, {entry.percent} %", f"the candidate got {entry.got or 0:.1%}")
    for note in story.notes:
        yield _line("note", note)
    for problem in story.problems:
        yield _line("NOT SO", problem)


def _sockets(story: Story) -> str:
    dropped = sum(story.dropped.values())
    cut = f", {story.cut} of them cut by the drain timeout" if story.cut else ""
    refused = f", {sum(story.refused.values())} refused{_why(story.refused)}" if story.refused else ""
    return (
        f"{story.sockets}, {story.pings:,} pings, {dropped} dropped{_why(story.dropped)}{cut}{refused}, "
        f"{story.told} told to go away and back at once"
    )


def _moved(move: Move) -> str:
    took = move.right_after_seconds
    found = "never" if took is None else f"after {took:.0f} s"
    beyond = took is None or took > move.bound_seconds
    slack = f"; this machine may be late by {move.slack_seconds:.0f} s" if beyond else ""
    return f"99.9 % at {move.to} {found}, bound {move.bound_seconds:.0f} s = {move.bound}{slack}"


def _why(counted: Counter[str]) -> str:
    said = ", ".join(f"{number} × {why}" for why, number in counted.most_common())
    return f" ({said})" if said else ""


def _line(label: str, words: str) -> str:
    return f"  {label:<24}{words}"
