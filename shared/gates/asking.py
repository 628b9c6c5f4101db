"""Says in plain English whom a gate asks, and what for. Decides nothing."""

from __future__ import annotations

from shared.check_rules import (
    LIVE_RUN,
    QUOTED_CHARACTERS_MAX,
    AlertFilter,
    ClusterCheck,
    Expect,
    Hook,
    LoadMeasure,
    LoadTest,
    Objects,
)
from shared.fleet import SHARE_OF, Gate, Source, Target
from shared.gates.figures import exactly, many, span

_OBJECTS = {
    Objects.PODS_READY: ("pods", "are not ready"),
    Objects.DEPLOYMENTS_AVAILABLE: ("deployments", "are not available"),
    Objects.JOBS_SUCCEEDED: ("jobs", "failed"),
    Objects.NODES_READY: ("nodes", "are not ready"),
}

_ODD = "\N{REPLACEMENT CHARACTER}"


def asks(gate: Gate) -> str:
    """Its first sentence. Its query is not in it: that is told as it is written."""
    match gate.check:
        case Hook(url=url, audience=audience):
            token = f" with a token for {_quoted(audience)}" if audience else ""
            return (
                f"It asks the hook at {url}{token}: 0 is yes, and 1 is no. "
                "While the hook is at work it has no data."
            )
        case ClusterCheck() as check:
            return f"{_counts(check)} What is on its way, or not there at all, is no data."
        case AlertFilter() as alerts:
            return _alerts(gate, alerts)
        case LoadTest() as test:
            p95 = test.measure is LoadMeasure.P95_MS
            what = "the 95th percentile of its response times" if p95 else "the share of its errors"
            run = (
                "a run against the live slot" if test.baseline_run == LIVE_RUN else f"run {test.baseline_run}"
            )
            beside = f" Its baseline is {run}." if gate.max_over_baseline is not None else ""
            fails = "A run that does not meet the test's own criteria fails, whatever it measured."
            return f"It runs the load test {test.test_id} against the slot: {what}.{beside} {fails}"
        case Expect() | None:
            return _reads(gate)


def _reads(gate: Gate) -> str:
    one = gate.requests == 1
    takes, fails = ("it takes", "whether it fails") if one else ("they take", "the share that fails")
    if gate.max_value == 0 and not one:
        # Beside a limit of none each counts by itself, and so many of them may fail as are tolerated.
        fails = "whether each fails"
    what = f"how long {takes}" if gate.unit == "ms" else fails
    sent = many(gate.requests, "request", "requests")
    asked = f"It sends {sent} to {gate.path} on the slot's own host name: {what}."
    wanted = f" {_wanted(gate.check)}" if isinstance(gate.check, Expect) else ""
    told = {
        Source.METRICS: _metric(gate),
        Source.LOGS: f"It runs its query on the logs of {_whom(gate)}.",
        Source.APP_INSIGHTS: f"It runs its query on Application Insights, {_last(gate.resource_id)}.",
        Source.PROMETHEUS: f"It runs its query on Prometheus, {gate.endpoint.removeprefix('https://').rstrip('/')}.",
        Source.HTTP: asked + wanted,
        Source.ALERTS: _alerts(gate, AlertFilter()),
        Source.RESOURCE_HEALTH: (
            f"It asks Azure Resource Health how much of the {gate.target} is out: 0, 0.5 or 1."
        ),
    }
    return told.get(gate.source, f"It asks {gate.source}.")


def _metric(gate: Gate) -> str:
    aggregation = gate.aggregation.lower()
    part, _, whole = gate.metric.partition(SHARE_OF)
    what = f"the {aggregation} of {part}"
    what += f" as a share of the {aggregation} of {whole}" if whole else ""
    where = f" where {gate.filter}" if gate.filter else ""
    return f"It reads {what} on {_whom(gate)}{where}."


def _whom(gate: Gate) -> str:
    """What both slots share has a name of its own."""
    return _last(gate.resource_id) if gate.target is Target.RESOURCE else f"the {gate.target}"


def _last(resource_id: str) -> str:
    return resource_id.rstrip("/").rpartition("/")[2]


def _counts(check: ClusterCheck) -> str:
    what, wrong = _OBJECTS[check.objects]
    where = f" in namespace {check.namespace}" if check.namespace else ""
    which = f", of those that {check.selector} selects" if check.selector else ""
    return f"It counts the {what}{where} that {wrong}{which}."


def _alerts(gate: Gate, alerts: AlertFilter) -> str:
    which = f", of severity {' or '.join(alerts.severities)}" if alerts.severities else ""
    rules = "rule" if len(alerts.rules) == 1 else "rules"
    which += f", of the {rules} {' or '.join(alerts.rules)}" if alerts.rules else ""
    return f"It counts the alerts on the {gate.target} that fired since the rollout began{which}."


def _wanted(expect: Expect) -> str:
    body = (("the text", expect.body), ("a line that matches", expect.pattern))
    lacks = " or ".join(f"{what} {_quoted(text)}" for what, text in body if text)
    fields = " or ".join(f"than {_json(wanted)} in {path}" for path, wanted in expect.fields)
    days = span(expect.certificate_seconds)
    found = [
        f"that has another status than {' or '.join(map(str, expect.statuses))}" if expect.statuses else "",
        f"takes longer than {exactly(expect.latency_ms)} ms" if expect.latency_ms is not None else "",
        f"lacks {lacks}" if lacks else "",
        f"has another value {fields}" if fields else "",
        f"whose certificate ends within {days}" if expect.certificate_seconds else "",
    ]
    told = [each for each in found if each]
    lead = "" if told[0].startswith(("that", "whose")) else "that "
    return f"An answer fails {lead}{', '.join(told[:-1])}{', or ' if told[1:] else ''}{told[-1]}."


def _quoted(text: str) -> str:
    """Text of the file on one line, as a terminal may have it."""
    cut = text if len(text) <= QUOTED_CHARACTERS_MAX else f"{text[: QUOTED_CHARACTERS_MAX - 1]}…"
    return f'"{"".join(each if each.isprintable() else _ODD for each in cut)}"'


def _json(wanted: str | int | float | bool) -> str:
    return _quoted(wanted) if isinstance(wanted, str) else str(wanted).lower()
