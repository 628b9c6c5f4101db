"""Bins of time in a log query: how long they are, and which of them a window holds whole.

A bin that begins before the window, or ends after it, was counted in part: less than there is. Decides that
such a part is no sample. Kusto's bins are multiples of their length, counted from the first of January of the
year 1. Refuses to know more of KQL than the ways to name a bin by a literal: one that is reckoned, or that
begins elsewhere, is not known.

Sources: https://learn.microsoft.com/kusto/query/bin-function,
https://learn.microsoft.com/kusto/query/make-series-operator,
https://learn.microsoft.com/kusto/query/scalar-data-types/timespan,
https://github.com/microsoft/Kusto-Query-Language/blob/master/grammar/KqlTokens.g4
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from shared.model import Sample

_FIRST = datetime.min.replace(tzinfo=UTC)
_IGNORED = re.compile(
    r"""//[^\r\n]*|```.*?```|~~~.*?~~~|@"(?:""|[^"\r\n])*"|@'(?:''|[^'\r\n])*'"""
    r"""|"(?:\\[^\r\n]|[^"\\\r\n])*"|'(?:\\[^\r\n]|[^'\\\r\n])*'""",
    re.DOTALL,
)
_TIME = r"(?:TimeGenerated|timestamp)"
_LENGTH = r"((?:time|timespan)\s*\([^()]*\)|\w[\w.]*)"
_NAMED = re.compile(rf"\blet\s+(\w+)\s*=\s*{_LENGTH}\s*;")
_BINS = (
    re.compile(rf"\b(?:bin|bin_at|floor)\s*\(\s*{_TIME}\s*,\s*{_LENGTH}\s*[,)]"),
    re.compile(rf"\bon\s+{_TIME}\s+(?:(?:from|to)\b[^;]*?\s)?step\s+{_LENGTH}"),
)
_WRAPPED = re.compile(r"(?:time|timespan)\s*\(\s*(.*?)\s*\)", re.DOTALL)
_AMOUNT = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)\s*([a-z]*)")
_CLOCK = re.compile(r"(?:(\d{1,6})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,7})?))?")
_UNITS = {
    86_400: "d day days",
    3600: "h hour hours hr hrs",
    60: "m min minute minutes",
    1: "s sec second seconds",
    0.001: "ms milli millis millisec millisecond milliseconds",
}
_SECONDS = {word: seconds for seconds, words in _UNITS.items() for word in words.split()}


def bin_length(kql: str) -> timedelta | None:
    """How long the bins of time are that a query puts its rows into, the longest of several; None without."""
    text = _IGNORED.sub(" ", kql)
    named = dict(_NAMED.findall(text))
    written = (each for pattern in _BINS for each in pattern.findall(text))
    return max(filter(None, (_length(named.get(each, each)) for each in written)), default=None)


def whole(
    samples: Iterable[Sample], length: timedelta | None, since: datetime, until: datetime
) -> tuple[Sample, ...]:
    """The samples without those of bins that are not whole between `since` and `until`.

    A time at which no bin begins is not that of a bin.
    """
    if length is None:
        return tuple(samples)
    return tuple(
        each
        for each in samples
        if floor(each.at, length) != each.at or (since <= each.at and until - each.at >= length)
    )


def floor(at: datetime, length: timedelta) -> datetime:
    """Where the bin begins that a time lies in."""
    return at - (at - _FIRST) % length


def _length(literal: str) -> timedelta | None:
    """The time that a literal of Kusto's says, None for what is none."""
    wrapped = _WRAPPED.fullmatch(literal)
    text = wrapped[1] if wrapped else literal
    clock, amount = _CLOCK.fullmatch(text), _AMOUNT.fullmatch(text)
    if wrapped and clock:
        days, hours, minutes, seconds = (float(each or 0) for each in clock.groups())
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if amount is None:
        return None
    # A number alone is one of days inside of timespan(), and no time outside.
    seconds_each = _SECONDS.get(amount[2] or ("d" if wrapped else ""))
    return None if seconds_each is None else timedelta(seconds=float(amount[1]) * seconds_each)
