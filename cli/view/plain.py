"""A rollout as lines: one for each transition, for logs, pipes and people who like to scroll."""

from __future__ import annotations

from cli.view.history import Passage
from cli.view.words import OUTCOME_WORDS, clock, stage_label

_STAGE_WIDTH = 10
_STEP_WIDTH = 34


def line(passage: Passage) -> str:
    """`12:03:40  T2 sync     lower_ttl → sync                    the TTL of every live record is low`."""
    stage = (passage.before or passage.after).stage
    return (
        f"{clock(passage.at)}  {stage_label(stage):<{_STAGE_WIDTH}}  {_what(passage):<{_STEP_WIDTH}}  "
        f"{passage.because}"
    )


def _what(passage: Passage) -> str:
    before, after = passage.before, passage.after
    if passage.outcome is not None:
        return f"{after.step} → {OUTCOME_WORDS[passage.outcome]}"
    if before is None:
        return f"→ {after.step}"
    if passage.moved:
        target = after.step if before.stage is after.stage else f"{stage_label(after.stage)} {after.step}"
        return f"{before.step} → {target}"
    return f"{after.step} {'held' if passage.held else 'goes on'}"
