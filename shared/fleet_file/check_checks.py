"""What the sources that say yes or no must agree on with the rest of a gate, and with where it is asked."""

from __future__ import annotations

from shared.fleet_file.draft import QUESTIONS, Draft
from shared.fleet_file.tree import Path

NEEDED: dict[str, tuple[str, ...]] = {
    "webhook": ("webhook",),
    "kubernetes": ("kubernetes",),
    "alerts": ("target",),
    "resource_health": ("target",),
    "load_test": ("load_test",),
}
"""The keys that each of them needs."""

ALLOWED: dict[str, set[str]] = {
    "webhook": {"webhook"},
    "kubernetes": {"kubernetes"},
    "alerts": {"target", "alerts", "ingestion"},
    "resource_health": {"target"},
    "load_test": {"load_test"},
}
"""The keys that belong to each of them."""

WORDS = {
    "webhook": "a mapping with url: the hook that is asked",
    "kubernetes": "a mapping with check: what is counted in the cluster",
    "load_test": "a mapping with endpoint, test and baseline_run",
}

YES_OR_NO = frozenset({"webhook", "kubernetes", "alerts", "resource_health"})
"""The sources that have a limit of their own: 0 is good, whatever is more is not."""

_BESIDE_LIVE = ("max_over_live", "compare")
_ONE_SAMPLE = YES_OR_NO | {"load_test"}


def check_source(draft: Draft, path: Path, question: str) -> None:
    """Note every contradiction in one gate of these sources."""
    source = draft.text(*path, "source")
    if source in _ONE_SAMPLE and (draft.count(*path, "min_samples") or 1) > 1:
        draft.refuse((*path, "min_samples"), f"1, because {source} gives one sample each time it is asked")
    if source in YES_OR_NO and draft.value(*path, "max_over_baseline") is not None:
        draft.refuse((*path, "max_over_baseline"), f"max or min, because {source} says yes or no")
    if source == "load_test" and question != "load":
        draft.refuse((*path, "source"), "another source: load tests belong to gates.load")
    for key in _BESIDE_LIVE if source == "load_test" else ():
        if draft.value(*path, key) is not None:
            expected = "max_over_baseline, because a load test is compared with its baseline_run"
            draft.refuse((*path, key), expected)
    if source == "http" and draft.value(*path, "expect") is not None and not draft.keys(*path, "expect"):
        draft.refuse((*path, "expect"), "a mapping with status, latency, body, pattern, json or certificate")
    _kubernetes(draft, path)


def check_ring(draft: Draft) -> None:
    """Note a ring that would be judged by what only a rollout of its own can ask."""
    bake = {draft.text(*path, "name"): draft.text(*path, "source") for path in draft.items("gates", "bake")}
    expected = "a gate of another source: a check in a cluster is made in a rollout of its own fleet"
    wanted = draft.value("ring", "gates")
    for index, name in enumerate(wanted if isinstance(wanted, list) else ()):
        if isinstance(name, str) and bake.get(name) == "kubernetes":
            draft.refuse(("ring", "gates", index), expected)
    if draft.keys("ring") and wanted is None and bake and set(bake.values()) == {"kubernetes"}:
        draft.refuse(("ring", "gates"), f"{expected}, in gates.bake")


def _kubernetes(draft: Draft, path: Path) -> None:
    place = (*path, "kubernetes")
    check = draft.text(*place, "check")
    if draft.text(*path, "source") != "kubernetes" or check is None:
        return
    namespace = draft.value(*place, "namespace")
    if check == "nodes_ready" and namespace is not None:
        draft.refuse((*place, "namespace"), "nothing here, because nodes are in no namespace")
    if check != "nodes_ready" and namespace is None:
        draft.refuse((*place, "namespace"), f"the namespace, because the check is {check}")


def every_gate(draft: Draft) -> None:
    """Note every contradiction in the gates of these sources."""
    for question in QUESTIONS:
        for path in draft.items("gates", question):
            check_source(draft, path, question)
    check_ring(draft)
