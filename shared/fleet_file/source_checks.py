"""What must agree in a gate whose source is no part of a slot: whom it asks, how it tells the slots apart.

Decides that a query names its slot, or is asked only where all users are on that slot: else the live
cluster's good health would pass the candidate. Refuses to know metrics, tables and series: the service
answers for those.
"""

from __future__ import annotations

from shared.fleet_file.draft import Draft
from shared.fleet_file.tree import Path
from shared.fleet_file.values import arm_parts, arm_shape
from shared.queries import MEMBER, SLOT_NAMES, quoted, unquoted

NEEDED = {
    "prometheus": ("endpoint", "query"),
    "app_insights": ("resource_id", "query"),
}
ALLOWED = {
    "prometheus": {"endpoint", "query", "ingestion"},
    "app_insights": {"resource_id", "query", "ingestion"},
}
WORDS = {
    "endpoint": "the query endpoint of an Azure Monitor workspace",
    "resource_id": "the ARM id of what is asked",
}
KQL = frozenset({"logs", "app_insights"})
"""The sources whose queries are KQL."""

_TYPES = {
    "metrics": (
        "Microsoft.Cdn/profiles",
        "Microsoft.Network/frontDoors",
        "Microsoft.Network/trafficManagerProfiles",
    ),
    "logs": ("Microsoft.OperationalInsights/workspaces",),
    "app_insights": ("Microsoft.Insights/components",),
}
_BALANCERS = ("profile", "front_door")
_COMPARED = ("max_over_live", "compare")


def check_source(draft: Draft, path: Path, question: str) -> None:
    """Note every contradiction in what a gate says of a source that is no part of a slot."""
    source = draft.text(*path, "source")
    check_resource(draft, path)
    if is_shared(draft, path):
        key = "filter" if source == "metrics" else "query"
        _names(draft, path, key)
        if not quoted(draft.text(*path, key) or ""):
            _whole(draft, path, key, question)


def check_resource(draft: Draft, path: Path) -> None:
    """Note what contradicts the resource that a gate names, or that it names none."""
    source, target = draft.text(*path, "source"), draft.text(*path, "target")
    if source in ("metrics", "logs"):
        _target(draft, path, target)
    if source in _TYPES:
        _type(draft, path, source)


def is_shared(draft: Draft, path: Path) -> bool:
    """Whether a gate asks something that is no part of a slot."""
    return draft.text(*path, "source") in NEEDED or draft.text(*path, "target") == "resource"


def _target(draft: Draft, path: Path, target: str | None) -> None:
    given = [key for key in ("resource_id", "workspace_id") if draft.value(*path, key) is not None]
    if target == "resource" and not given:
        draft.refuse((*path, "resource_id"), f"{WORDS['resource_id']}, because the target is resource")
    if target == "resource" and len(given) > 1:
        draft.refuse((*path, "workspace_id"), "nothing here, because resource_id names the workspace")
    for key in given if target in ("cluster", "gateway") else ():
        draft.refuse((*path, key), f"nothing here, because the target is {target}")


def _type(draft: Draft, path: Path, source: str) -> None:
    parts = arm_parts(draft.text(*path, "resource_id") or "")
    if parts is None:
        return
    types = {each.lower(): each for each in _TYPES[source]}
    if parts[2].lower() not in types:
        expected = " or ".join(map(arm_shape, types.values()))
        draft.refuse((*path, "resource_id"), f"{expected}, because the source is {source}")
    elif source == "metrics":
        namespace = draft.text(*path, "namespace")
        if namespace is not None and namespace.lower() != parts[2].lower():
            expected = f"{types[parts[2].lower()]}, which is what resource_id is"
            draft.refuse((*path, "namespace"), expected)


def _names(draft: Draft, path: Path, key: str) -> None:
    text = draft.text(*path, key) or ""
    if loose := unquoted(text):
        draft.refuse((*path, key), f"{_shown(loose)} between quotes, and in no comment")
    elif MEMBER in quoted(text):
        resource_id = (draft.text(*path, "resource_id") or "").lower()
        levers = {
            (draft.text(*each, name) or "").lower() for each in draft.balancers() for name in _BALANCERS
        }
        if key != "filter":
            draft.refuse(
                (*path, key), f"a query without {{{MEMBER}}}, which is a filter's: {_shown(SLOT_NAMES)}"
            )
        elif resource_id and resource_id not in levers:
            expected = f"a filter without {{{MEMBER}}}, because no lever in live_records is this resource"
            draft.refuse((*path, key), expected)


def _whole(draft: Draft, path: Path, key: str, question: str) -> None:
    """A gate that names no slot says how users are, wherever they are."""
    names = SLOT_NAMES | {MEMBER} if key == "filter" else SLOT_NAMES
    named = f"a {key} that names its slot by {_shown(names)} between quotes"
    if question not in ("switch", "bake"):
        draft.refuse((*path, key), f"{named}: before the switch it would speak of the live slot")
    elif question == "switch" and (draft.value("shift", "steps") or draft.value("shift", "match")):
        draft.refuse((*path, key), f"{named}: while traffic shifts it would speak of both slots")
    elif any(draft.value(*path, each) is not None for each in _COMPARED):
        draft.refuse((*path, key), f"{named}: compared with the live slot it would be compared with itself")


def _shown(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
