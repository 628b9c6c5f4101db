"""What a trial found, and what of it must not be. Decides which failure the lever itself excuses: one kind.

Application Gateway ends what outlasts its drain timeout; a websocket that it cut is counted, not held against
anybody. No lever excuses a request that failed, nor a session that was lost.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from sandbox.traffic.websocket import CUT

SHARE_OFF_MAX = 0.2


class Move(Struct, frozen=True, kw_only=True):
    """One move: when 99.9 % of the requests met the right slot, beside the time that physics needs.

    Seconds of the world, since the order. `right_after_seconds` None: never. `bound` says what the bound is
    made of, `slack_seconds` is what users and looks may add.
    """

    what: str
    to: str
    right_after_seconds: float | None
    bound_seconds: float
    bound: str
    slack_seconds: float

    @property
    def trouble(self) -> str:
        """What is wrong where it took longer than can be explained; empty otherwise."""
        took = self.right_after_seconds
        if took is not None and took <= self.bound_seconds + self.slack_seconds:
            return ""
        return f"{self.what}: 99.9 % were not at {self.to} within {self.bound_seconds:.0f} s"


class Share(Struct, frozen=True, kw_only=True):
    """A step of a canary: what percent the candidate was to get, and the share that it got."""

    percent: int
    got: float | None

    @property
    def trouble(self) -> str:
        """What is wrong where that cannot have been chance, with as few answers as Traffic Manager gives."""
        wanted = self.percent / 100
        if self.got is not None and self.got > wanted / 5 and abs(self.got - wanted) < SHARE_OFF_MAX:
            return ""
        return f"the candidate was to get {self.percent} %, and got {self.got or 0:.1%}"


class Story(Struct, frozen=True, kw_only=True):
    """A whole trial of one switch. `cut` is how many websockets and requests a drain timeout ended."""

    switch: str
    requests: int
    requests_wanted: int
    failed: Counter[str]
    sessions: int
    lost: int
    sockets: int
    pings: int
    told: int
    dropped: Counter[str]
    refused: Counter[str]
    cut: int
    entries: tuple[Move | Share, ...]
    notes: tuple[str, ...]
    seconds: float
    world_seconds: float

    @property
    def problems(self) -> tuple[str, ...]:
        """All that the lever does not excuse; nothing where all was well."""
        dropped = self.dropped.copy()
        dropped[CUT] = max(0, dropped[CUT] - self.cut)
        found = [f"{number} requests failed: {why}" for why, number in self.failed.items()]
        found += [f"{self.lost} sessions were lost"] if self.lost else []
        found += [f"{number} websockets were dropped: {why}" for why, number in (+dropped).items()]
        found += [f"{number} websockets were refused: {why}" for why, number in self.refused.items()]
        found += [each.trouble for each in self.entries if each.trouble]
        if self.requests < self.requests_wanted:
            found.append(f"{self.requests} requests are fewer than {self.requests_wanted}")
        return tuple(found)
