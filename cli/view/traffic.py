"""The traffic part of the board: a bar for each slot in its own colour, and what the levers say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from cli.view.scene import Scene
from cli.view.words import NOW, PAST, WRONG, number, slot_style

_LABEL_WIDTH = 9
_NAME_WIDTH = 7
_SHARE_WIDTH = 6
_ROLE_WIDTH = 11
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = " ▁▂▃▄▅▆▇█"


def traffic(scene: Scene, width: int) -> Iterator[Text]:
    """One line for each slot and one for the levers."""
    served = {slot.name: _served(scene, slot.name) for slot in scene.fleet.slots}
    served_width = max(words.cell_len for words in served.values())
    room = max(10, width - 2 - _LABEL_WIDTH - _NAME_WIDTH - _SHARE_WIDTH - _ROLE_WIDTH - served_width)
    for place, slot in enumerate(scene.fleet.slots):
        share = _share(scene, slot.name)
        style = slot_style(slot.name)
        line = Text.assemble((f" {'traffic' if place == 0 else '':<{_LABEL_WIDTH}}", PAST))
        line.append(f"{slot.name:<{_NAME_WIDTH}}", f"bold {style}")
        line.append_text(_bar(share, room, style))
        line.append(f"{share:>{_SHARE_WIDTH}.0%}" if share is not None else f"{'–':>{_SHARE_WIDTH}}")
        line.append(f"  {scene.role(slot.name):<{_ROLE_WIDTH - 2}}", PAST)
        line.append_text(served[slot.name])
        line.rstrip()
        yield line
    yield _levers(scene)
    if scene.flow:
        yield _flow(scene, width)


def _share(scene: Scene, slot: str) -> float | None:
    """The measured share; without a measurement, what the levers promise."""
    if scene.share is not None:
        return scene.share.get(slot, 0.0)
    if scene.pointed is None:
        return None
    return 1.0 if slot == scene.pointed else 0.0


def _bar(share: float | None, room: int, style: str) -> Text:
    eighths = round((share or 0.0) * room * 8)
    whole, part = divmod(eighths, 8)
    full = "█" * whole + (_EIGHTHS[part] if part else "")
    bar = Text(full, style)
    bar.append("·" * (room - len(full)), "bright_black")
    return bar


def _served(scene: Scene, slot: str) -> Text:
    """`12,480 served, 3 failed`."""
    found = scene.served.get(slot) if scene.served is not None else None
    if found is None:
        return Text()
    words = Text.assemble((f"{number(found.requests):>8} served", PAST))
    words.append(f"  {number(found.failed)} failed", WRONG if found.suffers else PAST)
    return words


def _flow(scene: Scene, width: int) -> Text:
    """The traffic over time, one cell a moment: the candidate's share stands on the live slot's ground."""
    live, candidate = slot_style(scene.rollout.live), slot_style(scene.rollout.candidate)
    line = Text.assemble((f" {'':<{_LABEL_WIDTH}}{'so far':<{_NAME_WIDTH}}", PAST))
    moments = _spread(scene.flow, width - line.cell_len - 2)
    for moment in moments:
        eighths = round(moment.get(scene.rollout.candidate, 0.0) * 8)
        if eighths in (0, 8):
            line.append("█", live if eighths == 0 else candidate)
        else:
            line.append(_HEIGHTS[eighths], f"{candidate} on {live}")
    return line


def _spread(moments: Sequence[Mapping[str, float]], room: int) -> list[Mapping[str, float]]:
    """At most `room` of the moments, evenly chosen, the newest among them."""
    if len(moments) <= room:
        return list(moments)
    return [moments[(i + 1) * len(moments) // room - 1] for i in range(room)]


def _levers(scene: Scene) -> Text:
    names = ", ".join(lever.label for lever in scene.fleet.levers)
    line = Text.assemble((f" {'':<{_LABEL_WIDTH}}{names} ", PAST))
    if scene.pointed is None:
        line.append("is being moved", NOW)
    else:
        line.append("→ ", PAST)
        line.append(scene.pointed, f"bold {slot_style(scene.pointed)}")
    return line
