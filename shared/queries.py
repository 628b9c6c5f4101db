"""What of a gate's query is known before it is sent: which slot it names, and how far back it looks.

A query that is asked of no part of a slot names the slot itself: `{slot}`, `{cluster}`, `{gateway}`, `{host}`
and, in a filter of a balancer's metrics, `{member}` stand between quotes for its names. Decides what stands
for them, that nothing does which could be more than text between quotes, and which gates can be asked of a
time that is over. Refuses to know any query language beyond quotes, comments, PromQL's ranges and the two
functions by which KQL counts back from the present.

Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from shared.errors import Refused
from shared.fleet import Fleet, Gate, Slot, Source

SLOT_NAMES = frozenset({"slot", "cluster", "gateway", "host"})
MEMBER = "member"

_PLACEHOLDER = re.compile(rf"\{{({'|'.join(sorted(SLOT_NAMES | {MEMBER}))})\}}")
# Whatever is in here ends no string and escapes nothing, in KQL, PromQL and a metric's filter alike.
_PLAIN = re.compile(r"[0-9A-Za-z_](?:[-0-9A-Za-z_.]{0,251}[0-9A-Za-z_])?", re.ASCII)
_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)|(?P<comment>//[^\n]*|\#[^\n]*)"""
)
_PRESENT = re.compile(r"\b(ago|now)\s*\(")
_PRESENT_ONLY = {
    Source.HTTP: "it asks the slot's host, which answers for the present alone",
    Source.WEBHOOK: "a hook answers for the moment in which it is asked",
    Source.KUBERNETES: "a check in the cluster answers for the moment in which it runs",
    Source.ALERTS: "which alerts fired is asked for the present alone",
    Source.RESOURCE_HEALTH: "Resource Health is asked for the present alone",
    Source.LOAD_TEST: "a load test is begun, and none runs in the past",
}
_RANGE = re.compile(r"\[\s*(?P<range>(?:\d+(?:ms|[smhdwy]))+)\s*(?P<subquery>:[^\]]*)?\]")
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_MINUTE = timedelta(minutes=1)
_POINTS_MAX = 11_000
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}


def share(part: float | None, whole: float | None) -> tuple[float | None, float | None]:
    """How much of the whole a part was in a minute, and the whole; None where nothing was counted.

    Where only the whole was counted there was none of the part. By its description a gateway's
    `TotalRequests` leaves out what failed, so the share is of the larger of the two: never less than it was,
    and never above 1.
    """
    some = part or 0.0
    every = max(whole or 0.0, some)
    return (some / every, every) if every > 0 else (None, None)


def quoted(text: str) -> frozenset[str]:
    """The names that the text asks for between quotes."""
    strings = (found[0] for found in _TOKEN.finditer(text) if found["text"] is not None)
    return frozenset(name for each in strings for name in _PLACEHOLDER.findall(each))


def unquoted(text: str) -> frozenset[str]:
    """The names that the text asks for where no text may stand."""
    return frozenset(_PLACEHOLDER.findall(_without_text(text)))


def filled(text: str, fleet: Fleet, slot: Slot, resource_id: str = "") -> str:
    """The text with the slot's names in it. `resource_id` is the balancer whose member is meant.

    Raises:
        Refused: it asks for a name outside of quotes, or for one that is missing or more than plain text.
    """
    loose = unquoted(text)
    if loose:
        raise Refused(f"{_shown(loose)} must stand between quotes")
    names = _names(fleet, slot, resource_id)

    def value(found: re.Match[str]) -> str:
        name = names.get(found[1], "")
        if _PLAIN.fullmatch(name) is None:
            raise Refused(f"{slot.name} has no {found[1]} that a query may hold: {name!r}")
        return name

    return _PLACEHOLDER.sub(value, text)


def lookback_seconds(promql: str) -> int:
    """How far before its own time a value of the query may look, in whole seconds: its longest range.

    A subquery looks back from there. An `offset` is meant to look further, and does not count.
    """
    ranges, subqueries = [0.0], 0.0
    for found in _RANGE.finditer(_without_text(promql)):
        seconds = sum(int(count) * _SECONDS[unit] for count, unit in _PART.findall(found["range"]))
        if found["subquery"] is not None:
            subqueries += seconds
        else:
            ranges.append(seconds)
    return -int(-(max(ranges) + subqueries) // 1)


def present_only(gate: Gate) -> str | None:
    """Why a gate cannot be asked of a time that is over, None where it can."""
    because = _PRESENT_ONLY.get(gate.source)
    if because is None and gate.source in (Source.LOGS, Source.APP_INSIGHTS):
        found = _PRESENT.search(_TOKEN.sub(" ", gate.query))
        if found is not None:
            because = f"its query counts back from the present, by {found[1]}()"
    return because


def grain(span: timedelta) -> timedelta:
    """How far apart a PromQL query's values over that span are: a minute, or as many as it takes.

    Prometheus gives at most 11,000 points of a series at once
    (https://github.com/prometheus/prometheus/blob/main/web/api/v1/api.go).
    """
    minutes = -(-span // _MINUTE)
    return max(1, -(-minutes // _POINTS_MAX)) * _MINUTE


def _names(fleet: Fleet, slot: Slot, resource_id: str) -> Mapping[str, str]:
    behind = (each for each in fleet.balancers if each.resource_id.lower() == resource_id.lower())
    return {
        "slot": slot.name,
        "cluster": _last(slot.cluster_id),
        "gateway": _last(slot.gateway_id),
        "host": slot.host.fqdn,
        MEMBER: next((_last(each.member(slot.name).name) for each in behind), ""),
    }


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _without_text(query: str) -> str:
    """The query without its strings; comments stay, for nothing is asked for in one."""
    return _TOKEN.sub(lambda found: '""' if found["text"] is not None else found[0], query)


def _shown(names: frozenset[str]) -> str:
    return " and ".join(f"{{{name}}}" for name in sorted(names))
