"""What the hosts and the stand-in have said: secrets and crashes are problems, the rest is counted.

Decides which lines nobody should ever have to read. Refuses to know what they are about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import quantiles

ALARMS = (
    "Traceback (most recent call last)",
    "Task exception was never retrieved",
    "Future exception was never retrieved",
    "Task was destroyed but it is pending",
    "nclosed",
    "was never awaited",
    "Event loop is closed",
    "AssertionError",
    " CRITICAL ",
)
SECRETS = re.compile(
    r"eyJ[A-Za-z0-9_-]{10,}\.|Bearer |SharedKey|AccountKey|[Aa]ccess_?[Tt]oken|X-IDENTITY-HEADER|"
    r"client_secret|clusterToken|\bclaims\b"
)
LAST_WORDS = "end-"
"""The logs of ends: an app has no moment at which to close its clients, and they may say so there."""
LEVELS = (" WARNING ", " ERROR ", " CRITICAL ")
SLOW_MILLISECONDS = 5_000
_TOOK = re.compile(r"host\.invocation: (\w+) \S+ (\d+) ms (\w+)")
_STAMP = re.compile(r"^\S+ \S+ ")
_VARIES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27,}|contoso-\w+-\d{4}|\d+(\.\d+)?")


def problems(paths: Iterable[Path], secrets: Iterable[str]) -> Iterator[str]:
    """Every line that must not be there, by file and line number."""
    known = tuple(secrets)
    for path in paths:
        for number, line in enumerate(_lines(path), start=1):
            where = f"{path.name}:{number}"
            if any(secret in line for secret in known) or SECRETS.search(line):
                yield f"{where} shows a secret"
            elif any(alarm in line for alarm in ALARMS) and not _at_the_end(path, line):
                yield f"{where}: {line.strip()[:300]}"


def complaints(paths: Iterable[Path]) -> Counter[str]:
    """Lines above Information, without what varies from one to the next, and how often each came."""
    found: Counter[str] = Counter()
    for path in paths:
        for line in _lines(path):
            if any(level in line for level in LEVELS):
                found[_VARIES.sub("#", _STAMP.sub("", line)).strip()[:220]] += 1
    return found


class Took:
    """How long invocations took, by function, in milliseconds."""

    def __init__(self) -> None:
        self._milliseconds: dict[str, list[int]] = {}
        self.failed: Counter[str] = Counter()

    def read(self, paths: Iterable[Path]) -> None:
        """Take in the host's own lines about invocations."""
        for path in paths:
            for match in map(_TOOK.search, _lines(path)):
                if match is not None:
                    self._milliseconds.setdefault(match[1], []).append(int(match[2]))
                    self.failed[match[1]] += match[3] != "succeeded"

    def lines(self) -> Iterator[str]:
        """A line for each function."""
        for name, times in sorted(self._milliseconds.items()):
            middle, high = (quantiles(times, n=100)[at] for at in (49, 98)) if len(times) > 1 else times * 2
            slow = sum(each > SLOW_MILLISECONDS for each in times)
            yield (
                f"{name:14} {len(times):6} times  {middle:5.0f} ms half  {high:5.0f} ms nearly all  "
                f"{max(times):5} ms most  {slow} slow  {self.failed[name]} failed"
            )


def _at_the_end(path: Path, line: str) -> bool:
    return path.name.startswith(LAST_WORDS) and "nclosed" in line


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()
