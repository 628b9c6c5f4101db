"""A tolerant view of a fleet file with mistakes, so that the checks across keys run on what is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import PydanticCustomError

from shared.fleet_file.tree import Path, Tree, shown
from shared.fleet_file.values import arm_parts, duration_seconds, share
from shared.levers import SwitchKind

COLOURS = ("blue", "green")
ZONE_TYPES = {
    SwitchKind.AZURE_DNS: "microsoft.network/dnszones",
    SwitchKind.PRIVATE_DNS: "microsoft.network/privatednszones",
}
"""The switches that hold records, and the zones that they hold them in."""

QUESTIONS = ("platform", "functional", "load", "switch", "bake")


class Draft:
    """Reads values that have the right kind and gives None for all others; notes what contradicts."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._wrong = {mistake.path for mistake in tree.mistakes}

    def refuse(self, path: Path, expected: str, value: str | None = None) -> None:
        """Note a contradiction, unless the value at `path` is wrong by itself already."""
        if self.place(path) in self._wrong:
            return
        found = self._tree.at(path)
        got = value if value is not None else "nothing" if found is None else shown(found)
        self._tree.refuse(path, got, expected)

    def place(self, path: Path) -> str:
        """Where a person finds in the file what lies at `path`, dotted."""
        return self._tree.place(path)

    def value(self, *path: str | int) -> Any:
        """Whatever stands there, None for nothing."""
        return self._tree.at(path)

    def text(self, *path: str | int) -> str | None:
        """The text there, None for anything else."""
        found = self._tree.at(path)
        return found if isinstance(found, str) else None

    def seconds(self, *path: str | int) -> int | None:
        """The duration there, None for anything else."""
        try:
            return duration_seconds(self._tree.at(path))
        except PydanticCustomError:
            return None

    def share(self, *path: str | int) -> float | None:
        """The share there, 0 to 1, None for anything else."""
        try:
            return share(self._tree.at(path))
        except PydanticCustomError:
            return None

    def count(self, *path: str | int) -> int | None:
        """The whole number there, None for anything else."""
        found = self._tree.at(path)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def keys(self, *path: str | int) -> tuple[str, ...]:
        """The keys of the mapping there, none for anything else."""
        found = self._tree.at(path)
        return tuple(found) if isinstance(found, dict) else ()

    def items(self, *path: str | int) -> Iterator[Path]:
        """The paths of the mappings in the list there."""
        found = self._tree.at(path)
        if isinstance(found, list):
            yield from ((*path, i) for i, item in enumerate(found) if isinstance(item, dict))

    def switch(self, path: Path) -> SwitchKind | None:
        """The kind of the lever (or the record) there, None for one that is not known."""
        found = self.text(*path, "switch")
        return SwitchKind(found) if found is not None and found in SwitchKind else None

    def records(self) -> Iterator[Path]:
        """The levers that are DNS records; one whose kind is not known counts by its zone."""
        for path in self.items("live_records"):
            kind = self.switch(path)
            if kind in ZONE_TYPES or (kind is None and "zone" in self.keys(*path)):
                yield path

    def balancers(self, *kinds: SwitchKind) -> Iterator[Path]:
        """The levers that are no records, or those of these kinds."""
        for path in self.items("live_records"):
            kind = self.switch(path)
            if kind is not None and kind not in ZONE_TYPES and (not kinds or kind in kinds):
                yield path

    def beneath(self) -> Iterator[Path]:
        """The records beneath the balancers' members."""
        members = [(*path, "members", colour) for path in self.balancers() for colour in COLOURS]
        yield from ((*path, "beneath") for path in members if self.keys(*path, "beneath"))

    def above(self) -> Iterator[Path]:
        """The Front Doors above live records."""
        yield from ((*path, "above") for path in self.records() if self.keys(*path, "above"))

    def zone_name(self, *path: str | int) -> str | None:
        """The DNS name of the zone whose ARM id stands there."""
        parts = arm_parts(self.text(*path) or "")
        return parts[3].lower() if parts else None
