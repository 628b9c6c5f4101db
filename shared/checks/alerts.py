"""Which fired alerts count against a slot: those of a rollout, and not those that it found.

An alert counts while its condition is `Fired`. One that fired before the rollout began says nothing about it,
and one that a person has closed was answered for: both are left out, and named, so that nobody wonders.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from shared.check_rules import AlertFilter
from shared.model import Sample
from shared.probes import Reading

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


def counted(
    alerts: Iterable[Alert], wanted: AlertFilter | None, begun_at: datetime | None, source: str, now: datetime
) -> Reading:
    """One sample: how many alerts fire that count. `begun_at` is when the rollout began."""
    wanted = wanted or _ANY
    asked = [each for each in alerts if _is_asked(each, wanted)]
    closed = [each for each in asked if each.state == _CLOSED]
    older = [
        each for each in asked if each.state != _CLOSED and begun_at is not None and each.fired_at < begun_at
    ]
    firing = [each for each in asked if each not in closed and each not in older]
    sentence = f"firing: {_names(firing)}" if firing else ""
    sample = Sample(at=now, value=float(len(firing)), because=sentence)
    left_out = [
        f"left out because {reason}: {_names(those)}"
        for those, reason in (
            (older, "they fired before the rollout began"),
            (closed, "somebody closed them"),
        )
        if those
    ]
    return Reading((sample,), source, begun_at or now, now, because="; ".join(left_out))


def _is_asked(alert: Alert, wanted: AlertFilter) -> bool:
    if wanted.severities and alert.severity not in wanted.severities:
        return False
    rules = {each.lower() for each in wanted.rules}
    # One that does not say its rule may be of any.
    return (
        not rules
        or not alert.rule
        or bool(rules & {alert.name.lower(), _last(alert.rule).lower(), alert.rule.lower()})
    )


def _names(alerts: Sequence[Alert]) -> str:
    """Some of their names, and how many more there are."""
    shown = [f"{each.name} ({each.severity}, since {each.fired_at:%m-%d %H:%M})" for each in alerts]
    more = len(shown) - NAMES_MAX
    return ", ".join(shown[:NAMES_MAX]) + (f" and {more} more" if more > 0 else "")


def _last(resource_id: str) -> str:
    return resource_id.rstrip("/").rsplit("/", 1)[-1]
