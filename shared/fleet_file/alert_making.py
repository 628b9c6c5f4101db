"""Turns what a checked fleet file says about alerts into `Alerts`. Decides nothing."""

from __future__ import annotations

from shared.alert_rules import AlertEffect, AlertMapping, Alerts
from shared.fleet_file.alert_models import AlertPart, AlertsPart


def alerts(part: AlertsPart) -> Alerts:
    """The mappings and the expiry."""
    return Alerts(mappings=tuple(map(_mapping, part.rules)), expire_seconds=part.expire)


def _mapping(part: AlertPart) -> AlertMapping:
    return AlertMapping(
        effect=AlertEffect(part.do),
        severities=tuple(dict.fromkeys(part.severity or ())),
        rule=(part.rule or "").rstrip("/").lower(),
        stages=tuple(dict.fromkeys(part.stages or ())),
        expire_seconds=part.expire,
    )
