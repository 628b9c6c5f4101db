"""What a fleet's gates would have said between rollouts, in lines. Decides how much of it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cli.view.words import span
from shared.gates.alarms import Alarms, Episode
from shared.gates.history import History
from shared.gates.quiet import LeftOut

_SHOWN_MAX = 5


def alarms(found: History) -> Iterator[str]:
    """The times that were looked at, then each gate and each group."""
    length = timedelta()
    for each in found.quiet:
        length += each.until - each.since
    starts = f"a start is followed for {span(timedelta(seconds=found.start_seconds))}"
    yield f"between rollouts, {span(length)} of the live slot since {_at(found.since)}; {starts}"
    yield from (f"  left out: {_part(each)}" for each in found.left_out)
    for said in (*found.gates, *found.groups):
        yield ""
        yield from _lines(said)


def _lines(found: Alarms) -> Iterator[str]:
    group = f"group {found.gate} of {', '.join(found.gates)}" if found.gates else found.gate
    advises = " (it only advises)" if found.advises else ""
    yield f"{', '.join(found.questions)}: {group}{advises}: {found.because}"
    looks, hours = found.looks, found.hours
    if found.untried and not found.gates:
        return
    if not found.gates:
        yield f"  hours: covered {hours.covered:.1f}, silent {hours.silent:.1f}, unread {hours.unread:.1f}"
    yield (
        f"  looks: passed {looks.passed}, failed {looks.failed}, inconclusive {looks.inconclusive}, "
        f"no data {looks.no_data}, provider error {looks.provider_error}, not judged {looks.unjudged}"
    )
    if found.budget is not None:
        yield f"  budget: {found.budget.because}"
    longest = sorted(found.episodes, key=lambda each: -each.looks)[:_SHOWN_MAX]
    yield from (f"  {_episode(each)}" for each in sorted(longest, key=lambda each: each.since))
    yield from _more(len(found.episodes), "episodes")
    yield from (f"  not read: {_part(each)}" for each in found.unread[:_SHOWN_MAX])
    yield from _more(len(found.unread), "times that were not read")


def _more(count: int, what: str) -> Iterator[str]:
    if count > _SHOWN_MAX:
        yield f"  and {count - _SHOWN_MAX} more {what}"


def _episode(episode: Episode) -> str:
    many = f"{episode.looks} look{'' if episode.looks == 1 else 's'}"
    return f"failed {_at(episode.since)} to {_at(episode.until)} on {episode.slot}, {many}: {episode.because}"


def _part(part: LeftOut) -> str:
    return f"{_at(part.since)} to {_at(part.until)}: {part.because}"


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
