"""Which lines of the mapping of alerts can never be met, or say something that they cannot do.

Decides contradictions alone; what a single key may hold is in `alert_models`.
"""

from __future__ import annotations

from shared.alert_rules import like
from shared.fleet_file.draft import Draft
from shared.fleet_file.tree import Path

_CONDITIONS = ("severity", "stages")


def check_alerts(draft: Draft) -> None:
    """Note every line that an earlier one leaves nothing to, and every expiry of what holds nothing."""
    lines = list(draft.items("alerts", "rules"))
    for place, path in enumerate(lines):
        if draft.text(*path, "do") == "note" and draft.value(*path, "expire") is not None:
            draft.refuse((*path, "expire"), "nothing here, because a note holds nothing")
        wider = next((each for each in lines[:place] if _takes_all(draft, each, path)), None)
        if wider is not None:
            leaves = f"{draft.place(wider)} leaves over: the first line that is met counts"
            expected = f"a severity, rule or stages that {leaves}"
            draft.refuse(path, expected, "a line that is never met")


def _takes_all(draft: Draft, wide: Path, narrow: Path) -> bool:
    """Whether every alert that meets `narrow` meets `wide` before."""
    for key in _CONDITIONS:
        mine, theirs = draft.value(*wide, key), draft.value(*narrow, key)
        if mine is None:
            continue
        if not isinstance(mine, list) or not isinstance(theirs, list):
            return False
        # What is no text is a mistake of its own, and may not even be told apart.
        if any(each not in mine for each in theirs):
            return False
    mine, theirs = draft.value(*wide, "rule"), draft.value(*narrow, "rule")
    if mine is None:
        return True
    if not isinstance(mine, str) or not isinstance(theirs, str):
        return False
    return mine.lower() == theirs.lower() or like(theirs, mine)
