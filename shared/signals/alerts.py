"""Azure Monitor alerts in the common schema as signals, whatever kind of rule fired.

Decides which alerts are understood, and which fleet and slot they are about. What an alert says in words is
in `sentences`. Survives the irregularities of Microsoft's own samples: absent and null fields, both spellings
of a kind, numbers as text.
Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-common-schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shared.errors import Refused
from shared.model import AlertState, Signal, SignalKind
from shared.signals.body import clean, instant, refused, text, texts_within, thing, word
from shared.signals.events import signal_id
from shared.signals.matching import Entry, Match, clusters_named, is_cluster, match, nobody
from shared.signals.sentences import is_health, is_recovery, is_stateless, sentence

SCHEMA = "azureMonitorCommonAlertSchema"
_SEVERITY = re.compile(r"sev([0-4])", re.IGNORECASE)
_CLUSTER_KEYS = frozenset({"cluster", "clustername", "cluster_name", "k8s.cluster.name"})
_WATCHER = re.compile(r"/providers/microsoft\.(operationalinsights|insights|monitor)/", re.IGNORECASE)
_PERSONAL = frozenset({"claims", "caller", "httprequest"})
_BUDGETS = frozenset({"costalerts", "cost alerts", "budget"})
_TARGETS_MAX = 200


class Essentials(Struct, frozen=True, kw_only=True):
    """What every kind of alert says of itself. Instants are in UTC."""

    alert_id: str
    rule: str
    rule_id: str | None
    state: AlertState
    severity: str | None
    service: str
    stateless: bool
    targets: tuple[str, ...]
    fired_at: datetime | None
    resolved_at: datetime | None
    description: str


def alert_signals(
    body: object, received_at: datetime, directory: Sequence[Entry], *, partial: bool = False
) -> tuple[Signal, ...]:
    """One alert as a signal for every fleet that it concerns, and for each of its slots. Raises Refused.

    A `partial` directory does not know every fleet: what an alert says beside its targets counts only where
    none of these could be another fleet's.
    """
    alert = thing(body, "alert")
    if alert.get("schemaId", SCHEMA) != SCHEMA:
        expected = f"{SCHEMA}: turn on the common alert schema in the action group"
        raise refused("schemaId", alert.get("schemaId"), expected)
    data = thing(alert.get("data"), "data")
    essentials = _essentials(thing(data.get("essentials"), "data.essentials"))
    context = data.get("alertContext")
    context = {} if context is None else thing(context, "data.alertContext")
    if essentials.state is AlertState.FIRED and is_recovery(essentials.service, context):
        essentials = replace(essentials, state=AlertState.RESOLVED, resolved_at=essentials.fired_at)
    matches = _matches(essentials, context, data.get("customProperties"), directory, partial)
    return tuple(_signal(essentials, context, each, received_at) for each in matches)


def _essentials(found: dict[str, Any]) -> Essentials:
    field = "data.essentials"
    description = found.get("description")
    service = word(found.get("monitoringService"))
    if service.lower() in _BUDGETS:
        expected = "one that watches resources: a budget's alert says nothing about a cluster"
        raise refused(f"{field}.monitoringService", service, expected)
    return Essentials(
        alert_id=text(found.get("alertId"), f"{field}.alertId", "the alert's id"),
        rule=_rule(found),
        rule_id=_whole(found.get("alertRuleId")).lower().rstrip("/") or None,
        state=_state(found.get("monitorCondition"), f"{field}.monitorCondition"),
        severity=_severity(found.get("severity"), f"{field}.severity"),
        service=service,
        stateless=is_stateless(service, word(found.get("signalType"))),
        targets=_targets(found.get("alertTargetIDs"), f"{field}.alertTargetIDs"),
        fired_at=_instant(found.get("firedDateTime"), f"{field}.firedDateTime"),
        resolved_at=_instant(found.get("resolvedDateTime"), f"{field}.resolvedDateTime"),
        description=clean(description) if isinstance(description, str) else "",
    )


def _rule(found: dict[str, Any]) -> str:
    last = _whole(found.get("alertRuleId")).rstrip("/").rpartition("/")[2]
    return _whole(found.get("alertRule")) or last or "an alert without a name"


def _whole(value: object) -> str:
    """A name or an id that is compared with others, so that it is not shortened; no ARM id is as long."""
    return clean(value, 1024) if isinstance(value, str) else ""


def _state(value: object, field: str) -> AlertState:
    words = {state.value: state for state in AlertState}
    found = words.get(text(value, field, "Fired or Resolved").lower())
    if found is None:
        raise refused(field, value, "Fired or Resolved")
    return found


def _severity(value: object, field: str) -> str | None:
    if value is None or value == "":
        return None
    found = _SEVERITY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refused(field, value, "Sev0 to Sev4")
    return f"Sev{found[1]}"


def _targets(value: object, field: str) -> tuple[str, ...]:
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list):
        raise refused(field, value, "an array of resource ids")
    if len(values) > _TARGETS_MAX:
        raise Refused(f"{field}: got {len(values)} of them, expected at most {_TARGETS_MAX} resource ids")
    return tuple(text(each, field, "a resource id") for each in values if each is not None and each != "")


def _instant(value: object, field: str) -> datetime | None:
    return None if value is None or value == "" else instant(value, field)


def _matches(
    essentials: Essentials,
    context: dict[str, Any],
    custom: object,
    directory: Sequence[Entry],
    partial: bool,
) -> tuple[Match, ...]:
    """The slots that the targets name; else those in the context; else those of a cluster named there.

    A subscription counts as a target alone: in a context it is the scope of somebody's role.
    """
    found_inside = texts_within([context, custom], skip=_PERSONAL)
    inside = [each for each in found_inside if _is_id(each) and each.strip("/").count("/") > 1]
    whole: tuple[Match, ...] = ()
    before: list[str] = []
    for ids in (essentials.targets, inside, _named(essentials, context, directory)):
        if partial and not all(map(_watches, before)):
            break
        before += ids
        found = match(ids, directory)
        if any(each.slot is not None for each in found):
            return found
        whole = whole or found
    if not whole:
        raise nobody("alert", (*essentials.targets, *inside))
    return whole


def _watches(resource_id: str) -> bool:
    """Whether it is one that looks at others, and that no fleet declares as its own."""
    return _WATCHER.search(resource_id) is not None


def _is_id(value: str) -> bool:
    return value[:15].lower() == "/subscriptions/" and len(value) < 1024


def _named(essentials: Essentials, context: dict[str, Any], directory: Sequence[Entry]) -> list[str]:
    if any(is_cluster(target) for target in essentials.targets):
        return []
    ids = [each for each in (*essentials.targets, essentials.alert_id) if _is_id(each)]
    subscriptions = {each.split("/")[2].lower() for each in ids}
    return clusters_named(_cluster_names(context), subscriptions, directory)


def _cluster_names(context: dict[str, Any]) -> Iterator[str]:
    """Names in Prometheus labels and in the dimensions of metric and log rules."""
    labels = context.get("labels")
    pairs = list(labels.items()) if isinstance(labels, dict) else []
    condition = context.get("condition")
    criteria = condition.get("allOf") if isinstance(condition, dict) else None
    sources = [context, *(criteria if isinstance(criteria, list) else [])]
    for source in sources:
        dimensions = source.get("dimensions", source.get("Dimensions")) if isinstance(source, dict) else None
        for each in dimensions if isinstance(dimensions, list) else ():
            if isinstance(each, dict):
                pairs.append((each.get("name"), each.get("value")))
    for key, value in pairs:
        if isinstance(key, str) and isinstance(value, str) and key.lower() in _CLUSTER_KEYS:
            yield value


def _signal(
    essentials: Essentials,
    context: dict[str, Any],
    found: Match,
    received_at: datetime,
) -> Signal:
    state = essentials.state
    told_at = essentials.fired_at or essentials.resolved_at
    since = told_at.isoformat().lower() if told_at else "unknown"
    at = essentials.fired_at if state is AlertState.FIRED else essentials.resolved_at
    because = sentence(
        rule=essentials.rule,
        state=state,
        resource=found.resource,
        service=essentials.service,
        description=essentials.description,
        context=context,
    )
    return Signal(
        kind=SignalKind.ALERT,
        # With the resource: an older file may know the alert by another one, which says nothing today.
        id=signal_id(found.fleet, essentials.alert_id.lower(), state.value, since, found.resource_id.lower()),
        fleet=found.fleet,
        at=at or received_at,
        because=because,
        slot=found.slot,
        state=state.value,
        severity=essentials.severity,
        alert_id=_identity(essentials, found),
        resource_id=found.resource_id,
        rule=essentials.rule,
        rule_id=essentials.rule_id,
        fired_at=essentials.fired_at,
        stateless=essentials.stateless,
    )


def _identity(essentials: Essentials, found: Match) -> str:
    """What a firing and its end have in common: the alert's id.

    That a resource is well again is news of another alert: there it is the rule and the resource.
    """
    if not is_health(essentials.service):
        return essentials.alert_id.lower()
    return f"{essentials.rule_id or essentials.rule} {found.resource_id}".lower()
