"""What an alert says, in one sentence for a tired person: rule, resource, value and threshold.

Decides words alone, and never fails: a context that it cannot read leaves the sentence shorter. A caller's
name and claims are personal and stay out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.model import AlertState
from shared.signals.body import clean, word

_OPERATORS = {
    "greaterthan": "greater than",
    "greaterthanorequal": "at least",
    "lessthan": "less than",
    "lessthanorequal": "at most",
    "equals": "equal to",
    "equal": "equal to",
    "notequals": "other than",
    "greaterorlessthan": "outside the usual range around",
    "greater than": "greater than",
    "less than": "less than",
}
_CRITERIA_MAX = 3
_RESOURCE_HEALTH = ("resourcehealth", "activitylog-resourcehealth")


def sentence(
    *, rule: str, state: AlertState, resource: str, service: str, description: str, context: dict[str, Any]
) -> str:
    """`RULE fired on RESOURCE: what it saw`."""
    head = f"{clean(rule, 120)} {state.value} on {resource}"
    details = _details(_squeezed(service), context, state) or clean(description, 200)
    return clean(f"{head}: {details}" if details else head)


def is_health(service: str) -> bool:
    """Whether an alert is about the health that Azure itself sees in a resource."""
    return _squeezed(service) in _RESOURCE_HEALTH


def is_stateless(service: str, signal_type: str) -> bool:
    """Whether an alert never says `Resolved`: rules on the activity log, and health is among them.

    A metric or log rule may be stateless as well (`autoMitigate: false`); its alerts do not tell.
    Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview#alerts-and-state.
    """
    kind, logged = _squeezed(service), _squeezed(signal_type) == "activitylog"
    return logged or kind.startswith("activitylog") or kind in ("servicehealth", *_RESOURCE_HEALTH)


def is_recovery(service: str, context: dict[str, Any]) -> bool:
    """Whether a resource health alert says that all is well again.

    It comes as `Fired` too: rules on the activity log are stateless and never say `Resolved`.
    Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview.
    """
    health = word(_dict(context.get("properties")).get("currentHealthStatus"))
    return is_health(service) and health.lower() == "available"


def _details(service: str, context: dict[str, Any], state: AlertState) -> str:
    criteria = _dict(context.get("condition")).get("allOf")
    if isinstance(criteria, list):
        told = (_criterion(_dict(each), state) for each in criteria[:_CRITERIA_MAX])
        return "; ".join(each for each in told if each)
    if "expression" in context or service == "prometheus":
        return _prometheus(context)
    if "DetectionSummary" in context:
        return _detection(context)
    if "SearchQuery" in context or "ResultCount" in context:
        return _search(context, state)
    if service in _RESOURCE_HEALTH:
        return _resource_health(context)
    if service in ("servicehealth", "activitylog-servicehealth"):
        return _service_health(context)
    return _activity(context)


def _criterion(found: dict[str, Any], state: AlertState) -> str:
    name = word(found.get("metricName")) or word(found.get("metricMeasureColumn"))
    test = word(found.get("webTestName"))
    aggregation = word(found.get("timeAggregation"))
    if not name:
        name, aggregation = ("the query's " + (aggregation.lower() or "value")), ""
    name = f"availability test {test}, {name}" if test else name
    value, limit = word(found.get("metricValue")), word(found.get("threshold"))
    subject = f"{name} ({aggregation})" if aggregation else name
    subject += f" of {value}" if value else ""
    where = _dimensions(found.get("dimensions"))
    compared = _compared(found, limit, state)
    return " ".join(each for each in (subject, compared, where) if each)


def _compared(found: dict[str, Any], limit: str, state: AlertState) -> str:
    operator = word(found.get("operator"))
    told = _OPERATORS.get(operator.lower(), operator)
    verb = "is" if state is AlertState.FIRED else "is no longer"
    sensitivity = word(found.get("alertSensitivity"))
    if sensitivity:
        learnt = f"{told} {limit}" if limit else "outside its usual range"
        return f"{verb} {learnt} (learnt limit, {sensitivity.lower()} sensitivity)"
    return f"{verb} {told} {limit}" if told and limit else ""


def _dimensions(value: object) -> str:
    pairs = []
    for each in value[:_CRITERIA_MAX] if isinstance(value, list) else ():
        name, held = word(_dict(each).get("name")), word(_dict(each).get("value"))
        resource = name.lower().startswith("microsoft.resource") or held.startswith("/subscriptions/")
        if name and held and not resource:
            pairs.append(f"{name} {held}")
    return f"for {', '.join(pairs)}" if pairs else ""


def _prometheus(context: dict[str, Any]) -> str:
    notes = _dict(context.get("annotations"))
    value = word(context.get("expressionValue"))
    told = _first(notes.get("summary"), notes.get("description"), notes.get("message"))
    expression = word(context.get("expression"))
    measured = " is ".join(each for each in (expression, value) if each)
    return f"{told} ({measured})" if told and measured else told or measured


def _detection(context: dict[str, Any]) -> str:
    told = clean(word(context.get("DetectionSummary")), 200)
    value = _first(context.get("DetectedValue"), context.get("DetectedFailureRate"))
    normal = _first(context.get("NormalValue"), context.get("NormalFailureRate"))
    return f"{told} ({value}, normally {normal})" if value and normal else told


def _search(context: dict[str, Any], state: AlertState) -> str:
    count, limit = word(context.get("ResultCount")), word(context.get("Threshold"))
    operator = word(context.get("Operator")).lower()
    told = f"the query's results of {count}" if count else "the query's results"
    verb = "are" if state is AlertState.FIRED else "are no longer"
    return f"{told} {verb} {_OPERATORS.get(operator, operator)} {limit}" if operator and limit else told


def _resource_health(context: dict[str, Any]) -> str:
    found = _dict(context.get("properties"))
    now, before = word(found.get("currentHealthStatus")), word(found.get("previousHealthStatus"))
    cause, title = word(found.get("cause")), word(found.get("title"))
    told = f"its health is {now}" if now else ""
    told += f", was {before}" if now and before else ""
    because = ", ".join(each for each in (title, cause) if each)
    return f"{told} ({because})" if told and because else told or because


def _service_health(context: dict[str, Any]) -> str:
    found = _dict(context.get("properties"))
    title, stage = word(found.get("title")), word(found.get("stage"))
    kind = _first(found.get("incidentType"), "service issue")
    where = " in ".join(each for each in (word(found.get("service")), word(found.get("region"))) if each)
    tracking = word(found.get("trackingId"))
    facts = ", ".join(each for each in (f"{kind} {tracking}".strip(), stage, where) if each)
    return f"{title} ({facts})" if title else facts


def _activity(context: dict[str, Any]) -> str:
    operation, status = word(context.get("operationName")), word(context.get("status"))
    told = " ".join(each for each in (operation, status.lower()) if each)
    found = _dict(context.get("properties"))
    # An autoscale setting, an adviser and a security alert each say what it is about in a place of their own.
    places = (found.get("description"), found.get("recommendationName"), found.get("eventName"))
    what = _first(*places, context.get("Activity Log Event Description"))
    return f"{told}: {what}" if told and what else told or what


def _squeezed(service: str) -> str:
    return service.lower().replace(" ", "")


def _first(*values: object) -> str:
    return next((found for found in _words(values) if found), "")


def _words(values: Iterable[object]) -> Iterable[str]:
    return (word(value) for value in values)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
