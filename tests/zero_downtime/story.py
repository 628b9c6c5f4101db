"""What a trial found, and what of it must not be. Decides which failure the lever itself excuses: one kind.

Application Gateway ends what outlasts its drain timeout; a websocket that it cut is counted, not held against
anybody. No lever excuses a request that failed, nor a session that was lost.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

CUT = "closed without a word"


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
    def late(self) -> bool:
        """Whether it took longer than it can be explained."""
        return (
            self.right_after_seconds is None
            or self.right_after_seconds > self.bound_seconds + self.slack_seconds
        )


class Share(Struct, frozen=True, kw_only=True):
    """A step of a canary: what percent the candidate was to get, and the share that it got."""

    percent: int
    got: float | None

    @property
    def off(self) -> bool:
        """Whether that cannot have been chance: less than a third, or more than the double."""
        wanted = self.percent / 100
        return self.got is None or not wanted / 3 < self.got < min(2 * wanted, 1.01)


class Story(Struct, frozen=True, kw_only=True):
    """A whole trial of one switch. `cut` is how many websockets and requests a drain timeout ended."""

    switch: str
    door: str
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
    moves: tuple[Move, ...]
    shares: tuple[Share, ...]
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
        found += [f"{move.what}: not everybody was at {move.to} in time" for move in self.moves if move.late]
        found += [
            f"{each.percent} % of the canary were {each.got or 0:.1%}" for each in self.shares if each.off
        ]
        if self.requests < self.requests_wanted:
            found.append(f"{self.requests} requests are fewer than {self.requests_wanted}")
        return tuple(found)
