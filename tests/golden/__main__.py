"""`record` writes the histories that are not there yet; `diff` says where today's code decides otherwise."""

from __future__ import annotations

import asyncio
import sys

USAGE = "usage: python -m tests.golden record [NAME ...] | diff [NAME ...]"


def main(words: list[str]) -> int:
    """The exit code."""
    if words[:1] == ["record"]:
        return _record(words[1:])
    if words[:1] == ["diff"]:
        return _diff(words[1:])
    print(USAGE, file=sys.stderr)
    return 2


def _record(names: list[str]) -> int:
    from tests.golden import alarms, levers, stories, troubles
    from tests.golden.history import FOLDER, write
    from tests.golden.recording import commit, record

    written_by = commit()
    FOLDER.mkdir(exist_ok=True)
    for name, story in (stories.STORIES | troubles.STORIES | levers.STORIES | alarms.STORIES).items():
        if (names and name not in names) or (FOLDER / f"{name}.json").exists():
            continue
        history = asyncio.run(record(story, written_by))
        path = write(history)
        ended = ", ".join(history.outcomes)
        print(
            f"{name:<20} {len(history.trail):>4} claims, {path.stat().st_size / 1024:6.0f} kB: {ended}",
            flush=True,
        )
    return 0


def _diff(chosen: list[str]) -> int:
    from tests.golden.changes import Table, differences
    from tests.golden.history import names, read

    count = 0
    for name in chosen or names():
        for difference in differences(read(name), Table()):
            print(difference, end="\n\n")
            count += 1
    print(f"{count} rows are decided otherwise today, apart from what tests/golden/changes.py says is meant")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
