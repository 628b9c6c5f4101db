"""What must agree inside a gate and among the gates of a fleet.

Decides which keys a source needs, whether a limit can be judged, and whether a gate makes sense where it is
asked. Refuses to know metrics' names: the service answers for those.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from shared.bins import bin_length
from shared.check_rules import REQUEST_SECONDS_MAX
from shared.fleet import SHARE_OF
from shared.fleet_file import check_checks, source_checks
from shared.fleet_file.draft import QUESTIONS, Draft
from shared.fleet_file.mistakes import one_of
from shared.fleet_file.rule_checks import COUNTING, check_places, check_rules, check_scores, given, number
from shared.fleet_file.tree import Path

_NEEDED = {
    "metrics": ("target", "namespace", "metric", "aggregation"),
    "logs": ("target", "query"),
    "http": ("path",),
    **source_checks.NEEDED,
    **check_checks.NEEDED,
}
_ALLOWED = {
    "metrics": {"target", "resource_id", "namespace", "metric", "aggregation", "filter", "ingestion"},
    "logs": {"target", "resource_id", "workspace_id", "query", "ingestion"},
    "http": {"target", "path", "measure", "requests", "expect"},
    **source_checks.ALLOWED,
    **check_checks.ALLOWED,
}
_SPECIFIC = set.union(*_ALLOWED.values())
_WORDS = {
    "target": "cluster, gateway or resource",
    "namespace": "the metric namespace, such as Microsoft.ContainerService/managedClusters",
    "metric": "the metric's name in the REST API",
    "aggregation": "Average, Total, Maximum, Minimum or Count",
    "query": "a KQL query that starts with a table and gives TimeGenerated and value",
    "path": "a path such as /healthz",
    **source_checks.WORDS,
    **check_checks.WORDS,
}
_WORDS_OF = {
    ("prometheus", "query"): "a PromQL query",
    ("alerts", "target"): "cluster or gateway",
    ("resource_health", "target"): "cluster or gateway",
}
_NAMESPACES = {
    "microsoft.containerservice/managedclusters": "cluster",
    "microsoft.network/applicationgateways": "gateway",
}
_TABLE = re.compile(r"\s*(?:(?:let|set)\b[^;]*;\s*|//[^\n]*\n\s*)*([A-Za-z_]\w*)")
_NO_TABLE = frozenset({"search", "union", "find", "externaldata", "print", "evaluate", "range", "datatable"})
_ELSEWHERE = re.compile(
    r"\b(workspace|app|resource|cluster|database|adx|arg|externaldata)\s*\(", re.IGNORECASE
)
_COLUMNS = ("TimeGenerated", "value")
_WINDOW_SECONDS, _SAMPLES = 300, 3
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def check_gates(draft: Draft) -> None:
    """Note every contradiction in the fleet's gates."""
    for question in QUESTIONS:
        for path in draft.items("gates", question):
            check_gate(draft, path)
            source_checks.check_source(draft, path, question)
            _place(draft, path, question)
        check_places(draft, question)
    check_scores(draft, "gates", "scores")
    check_checks.every_gate(draft)
    _identity(draft)
    _baselines(draft)
    _measures(draft)


def check_gate(draft: Draft, path: Path) -> None:
    """Note every contradiction inside the gate at `path`."""
    _asks(draft, path)
    _units(draft, path)
    _latency(draft, path)
    _samples(draft, path)
    check_rules(draft, path)


def check_asked(draft: Draft, path: Path) -> None:
    """Note every contradiction in whom the gate at `path` asks, and what for; its rules are not looked at."""
    _asks(draft, path)
    source_checks.check_resource(draft, path)


def _asks(draft: Draft, path: Path) -> None:
    _source(draft, path)
    _query(draft, path)
    _metric(draft, path)


def _source(draft: Draft, path: Path) -> None:
    source = draft.text(*path, "source")
    if source not in _NEEDED:
        return
    for key in _NEEDED[source]:
        if draft.value(*path, key) is None:
            word = _WORDS_OF.get((source, key), _WORDS[key])
            draft.refuse((*path, key), f"{word}, because the source is {source}")
    for key in draft.keys(*path):
        if key in _SPECIFIC - _ALLOWED[source] and draft.value(*path, key) is not None:
            draft.refuse((*path, key), f"nothing here, because the source is {source}")
    target = draft.text(*path, "target")
    if source == "http" and target not in (None, "host"):
        draft.refuse((*path, "target"), "host, because the source is http")
    if source in ("metrics", "logs") and target == "host":
        draft.refuse((*path, "target"), f"{_WORDS['target']}, because the source is {source}")
    if source in ("alerts", "resource_health") and target in ("host", "resource"):
        draft.refuse((*path, "target"), f"cluster or gateway, because the source is {source}")
    wanted = _NAMESPACES.get((draft.text(*path, "namespace") or "").lower())
    if source == "metrics" and wanted is not None and target in {"cluster", "gateway"} - {wanted}:
        draft.refuse(
            (*path, "target"), f"{wanted}, because the namespace is {draft.text(*path, 'namespace')}"
        )


def _query(draft: Draft, path: Path) -> None:
    query = draft.text(*path, "query")
    if query is None or draft.text(*path, "source") not in source_checks.KQL:
        return
    table = _TABLE.match(query)
    if table is None or table[1].lower() in _NO_TABLE:
        draft.refuse((*path, "query"), "a KQL query that starts with the name of a table")
    elsewhere = _ELSEWHERE.search(query)
    if elsewhere is not None:
        expected = f"a query on what the gate asks alone, without {elsewhere[1]}(…)"
        draft.refuse((*path, "query"), expected)
    missing = [each for each in _COLUMNS if re.search(rf"\b{each}\b", query) is None]
    if missing:
        draft.refuse((*path, "query"), f"a query that gives a column {' and a column '.join(missing)}")


def _metric(draft: Draft, path: Path) -> None:
    """Of sums alone a share means what it says: a share of means or of maxima is one of nothing."""
    metrics = (draft.text(*path, "metric") or "").split(SHARE_OF)
    if len(metrics) > 2 or any(not each.strip() or "," in each for each in metrics if metrics != [""]):
        expected = f"one metric, or two with {SHARE_OF!r} between: the share that the first has of the second"
        draft.refuse((*path, "metric"), expected)
    aggregation = draft.text(*path, "aggregation")
    if len(metrics) == 2 and aggregation not in (None, "Total", "Count"):
        draft.refuse((*path, "aggregation"), "Total or Count, because the metric is a share of another")


def _units(draft: Draft, path: Path) -> None:
    for key in ("max", "min", "pass_max", "pass_min"):
        if draft.text(*path, key) is not None and not _is_share(draft, path):
            draft.refuse((*path, key), "a plain number in the source's own unit: 80% would mean 0.8 here")


def _is_share(draft: Draft, path: Path) -> bool:
    if draft.text(*path, "source") == "http":
        return draft.text(*path, "measure") in (None, "failed_share")
    if draft.text(*path, "source") == "load_test":
        return draft.text(*path, "load_test", "measure") == "error_share"
    if draft.text(*path, "source") == "metrics":
        return SHARE_OF in (draft.text(*path, "metric") or "")
    return draft.text(*path, "source") in {"logs", "app_insights", "prometheus"}


def _latency(draft: Draft, path: Path) -> None:
    """What is not answered in time has no other time than that: it must be beyond the limit."""
    if draft.text(*path, "source") != "http" or draft.text(*path, "measure") != "latency_ms":
        return
    limit, waited = number(draft.value(*path, "max")), REQUEST_SECONDS_MAX * 1000
    if limit is not None and limit >= waited:
        draft.refuse((*path, "max"), f"less than {waited}, because a request is waited for that many ms")
    if draft.value(*path, "expect", "latency") is not None:
        draft.refuse(
            (*path, "expect", "latency"), "max or another limit of the gate, whose measure is a latency"
        )


def _samples(draft: Draft, path: Path) -> None:
    window = draft.seconds(*path, "window") if draft.value(*path, "window") is not None else _WINDOW_SECONDS
    samples = draft.count(*path, "min_samples") if draft.value(*path, "min_samples") is not None else _SAMPLES
    if window is None or samples is None:
        return
    _bins(draft, path, window, samples)
    if draft.text(*path, "source") not in {"metrics", "prometheus"}:
        return
    if window < 60 * samples:
        at = (*path, "window" if draft.value(*path, "window") is not None else "min_samples")
        expected = f"a window of at least {60 * samples} s for min_samples of {samples}, one a minute"
        draft.refuse(at, expected)
    breaches = draft.count(*path, "breaches_max")
    if breaches is not None and breaches >= window // 60:
        draft.refuse((*path, "breaches_max"), f"fewer than the {window // 60} samples of the window")


def _bins(draft: Draft, path: Path, window: int, samples: int) -> None:
    """A window that begins in a bin of time holds one whole bin less than there is room for."""
    if draft.text(*path, "source") not in source_checks.KQL or given(draft, path, COUNTING):
        return
    length = bin_length(draft.text(*path, "query") or "")
    if length is None or length <= _MINUTE:
        return
    seconds = -(-length // _SECOND)
    needed = (samples + 1) * seconds
    if window < needed:
        why = f"min_samples of {samples} are whole bins of {seconds} s each"
        draft.refuse((*path, "window"), f"a window of at least {needed} s, or shorter bins: {why}")


def _place(draft: Draft, path: Path, question: str) -> None:
    level = draft.value(*path, "level")
    if question != "platform":
        if level is not None:
            draft.refuse((*path, "level"), "nothing here: levels belong to platform gates")
        return
    if level is None:
        draft.refuse(
            (*path, "level"), "1 nodes and cluster, 2 API server and kubelet, 3 default Kubernetes objects"
        )
    if draft.text(*path, "source") == "http":
        draft.refuse((*path, "source"), "another source: applications are not there yet")
    if draft.value(*path, "max_over_baseline") is not None:
        draft.refuse((*path, "max_over_baseline"), "max or min: a platform has no baseline")


def _identity(draft: Draft) -> None:
    """A name means one gate: baselines and pages know a gate by it."""
    first: dict[str, Path] = {}
    for question in QUESTIONS:
        here: set[str] = set()
        for path in draft.items("gates", question):
            name = draft.text(*path, "name")
            if name is None:
                continue
            other = first.setdefault(name, path)
            if name in here:
                draft.refuse((*path, "name"), f"a name that no other gate in gates.{question} has")
            elif differing := _differing(draft.value(*path), draft.value(*other)):
                place = f"gates.{other[1]}[{other[2]}]"
                expected = f"another name, because {place} is a different gate, by its {differing}"
                draft.refuse((*path, "name"), expected)
            here.add(name)


def _differing(one: dict[str, Any], other: dict[str, Any]) -> str:
    """The keys that two gates differ in, empty where they are the same."""
    return ", ".join(sorted(key for key in one | other if one.get(key) != other.get(key)))


def _baselines(draft: Draft) -> None:
    """Baselines are taken of the gates in `switch` and `load`; elsewhere the same gate must be there too."""
    measured = {draft.text(*path, "name") for q in ("switch", "load") for path in draft.items("gates", q)}
    for question in ("functional", "bake"):
        for path in draft.items("gates", question):
            relative = draft.value(*path, "max_over_baseline") is not None
            if relative and draft.text(*path, "name") not in measured:
                expected = (
                    "max or min, or the gate of this name in gates.switch or gates.load, which have baselines"
                )
                draft.refuse((*path, "max_over_baseline"), expected)


def _measures(draft: Draft) -> None:
    """A measure's gate is one of the file's that is asked with users on the candidate.

    All but `sessions` are held against a baseline, which is taken of the gates in `switch` and `load`.
    """
    asked = {
        question: {draft.text(*path, "name") or "" for path in draft.items("gates", question)}
        for question in ("load", "switch", "bake")
    }
    users = (asked["switch"] | asked["bake"]) - {""}
    based = asked["switch"] | (asked["bake"] & asked["load"])
    for key in ("errors", "latency", "sessions", "database_errors", "cost"):
        name = draft.text("scorecard", key)
        if name is None or name in (users if key == "sessions" else based):
            continue
        if name in users:
            expected = "a gate that is in gates.switch or gates.load too: only those have a baseline"
            draft.refuse(("scorecard", key), expected)
        elif users:
            draft.refuse(("scorecard", key), f"a gate of gates.switch or gates.bake, {one_of(users, name)}")
