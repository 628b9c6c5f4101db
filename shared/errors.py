"""Every error that crosses a boundary of ours, named by what the receiver should do about it.

    SwitchyardError
    ├── Retry              try the same again, no earlier than `after_seconds`
    ├── Superseded         somebody else moved it first: reload, that is success
    └── Refused            the request itself is wrong; repeating it changes nothing
        ├── NotFound           there is no such fleet, rollout or resource
        ├── Conflict           it is not possible in the present state
        │   └── Unreadable         a newer version wrote it: leave it alone and put that version back
        └── Invalid            the input has mistakes, all of them listed

Anything else that is raised is a bug. This module refuses to know SDKs: `shared/azure` turns an SDK's
errors into these, once.
"""

from __future__ import annotations

from typing import NamedTuple


class SwitchyardError(Exception):
    """Root of the tree; `str(error)` is a sentence for a person."""


class Retry(SwitchyardError):
    """The service could not answer now. `after_seconds` is the earliest sensible repeat, if it said so."""

    def __init__(self, because: str, after_seconds: float | None = None) -> None:
        super().__init__(because)
        self.after_seconds = after_seconds


class Superseded(SwitchyardError):
    """The row or resource changed since it was read, or carries a higher epoch."""


class Refused(SwitchyardError):
    """The request cannot be met however often it is repeated."""


class NotFound(Refused):
    """There is no such thing."""


class Conflict(Refused):
    """It contradicts the present state, which a person may change."""


class Unreadable(Conflict):
    """A stored row says what this version does not know. What it means is not for this version to guess."""


class Mistake(NamedTuple):
    """One thing wrong with an input."""

    path: str
    value: str
    expected: str
    line: int | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        return f"{where}{self.path}: got {self.value}, expected {self.expected}"


class Invalid(Refused):
    """An input with mistakes; `mistakes` lists all of them. `several`: `what` names more than one file."""

    def __init__(self, what: str, mistakes: tuple[Mistake, ...], *, several: bool = False) -> None:
        count = f"{len(mistakes)} mistake" + ("s" if len(mistakes) != 1 else "")
        has = "have" if several else "has"
        super().__init__(f"{what} {has} {count}: " + "; ".join(map(str, mistakes)))
        self.what = what
        self.mistakes = mistakes
