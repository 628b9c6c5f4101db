"""Which fired alerts count against a slot: those of a rollout, and not those that it found.

An alert counts while its condition is `Fired`. One that fired before the rollout began says nothing about it,
and one that a person has closed was answered for: both are left out, and named, so that nobody wonders.

A rule looks back over some minutes and only every so often, so an alert comes late. One that fires counts at
once; that none does says something only of what lies as far back as an alert may take to come.

Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-metric-overview
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from shared.alert_rules import like
from shared.check_rules import AlertFilter
from shared.model import Sample
from shared.probes import GateReading, Reading

NAMES_MAX = 3
_CLOSED = "Closed"
_ANY = AlertFilter()


class Alert(Struct, frozen=True, kw_only=True):
    """A fired alert: its name, its rule's (an ARM id, or whatever a service writes there) and `fired_at`.

    `state` is what people made of it: `New`, `Acknowledged` or `Closed`.
    """

    name: str
    rule: str
    severity: str
    state: str
    fired_at: datetime


def counted(alerts: Iterable[Alert], probe: GateReading, source: str, now: datetime) -> Reading:
    """One sample: how many alerts fire that count, or that none did `ingestion_seconds` ago.

    None at all where that was before the question.
    """
    gate = probe.gate
    wanted = gate.check if isinstance(gate.check, AlertFilter) else _ANY
    begun_at = probe.asking.started_at if probe.asking is not None else probe.since
    asked = [each for each in alerts if _is_asked(each, wanted)]
    closed = [each for each in asked if each.state == _CLOSED]
    older = [
        each for each in asked if each.state != _CLOSED and begun_at is not None and each.fired_at < begun_at
    ]
    firing = [each for each in asked if each not in closed and each not in older]
    left_out = [
        f"left out because {reason}: {_names(those)}"
        for those, reason in (
            (older, "they fired before the rollout began"),
            (closed, "somebody closed them"),
        )
        if those
    ]
    if firing:
        sample = Sample(at=now, value=float(len(firing)), because=f"firing: {_names(firing)}")
        return Reading((sample,), source, begun_at or now, now, because="; ".join(left_out))
    known_until = now - timedelta(seconds=gate.ingestion_seconds)
    if probe.since is not None and known_until < probe.since:
        early = f"none fires yet, and one may take {gate.ingestion_seconds / 60:g} min to"
        return Reading((), source, begun_at or now, now, because="; ".join([early, *left_out]))
    calm = Sample(at=known_until, value=0.0)
    begins = min(begun_at or known_until, known_until)
    return Reading((calm,), source, begins, known_until, because="; ".join(left_out))


def _is_asked(alert: Alert, wanted: AlertFilter) -> bool:
    if wanted.severities and alert.severity not in wanted.severities:
        return False
    if not wanted.rules or not alert.rule:
        return True  # One that does not say its rule may be of any.
    known_by = (alert.name, _last(alert.rule), alert.rule.rstrip("/"))
    return any(like(known, each.rstrip("/")) for each in wanted.rules for known in known_by)


def _names(alerts: Sequence[Alert]) -> str:
    """Some of their names, and how many more there are."""
    shown = [f"{each.name} ({each.severity}, since {each.fired_at:%m-%d %H:%M})" for each in alerts]
    more = len(shown) - NAMES_MAX
    return ", ".join(shown[:NAMES_MAX]) + (f" and {more} more" if more > 0 else "")


def _last(resource_id: str) -> str:
    return resource_id.rstrip("/").rsplit("/", 1)[-1]
