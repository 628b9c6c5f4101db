"""What must agree across the keys of a fleet file, and the steps that may be given a deadline.

Decides contradictions alone; what a single key may hold is in `models`. Levers are in `lever_checks`,
addresses in `address_checks`, a switch's plan in `shift_checks`, gates in `gate_checks`, alerts in
`alert_checks`. Every check runs on what is right, so that one mistake does not hide another.
"""

from __future__ import annotations

from shared.fleet_file.address_checks import check_addresses
from shared.fleet_file.alert_checks import check_alerts
from shared.fleet_file.draft import COLOURS, Draft
from shared.fleet_file.gate_checks import check_gates
from shared.fleet_file.lever_checks import RESOURCES, check_levers, every_record
from shared.fleet_file.mistakes import one_of
from shared.fleet_file.shift_checks import check_shift
from shared.fleet_file.tree import Path, Tree
from shared.fleet_file.values import arm_parts

STEPS = (
    "admit",
    "follow",
    "preflight",
    "baseline",
    "approve_start",
    "deploy",
    "expose",
    "platform_gate",
    "freeze",
    "lower_ttl",
    "sync",
    "sync_gate",
    "functional_tests",
    "load_test",
    "parity",
    "approve_switch",
    "recheck",
    "ramp",
    "shift",
    "converge",
    "purge",
    "observe",
    "unfreeze",
    "restore_ttl",
    "realign",
    "bake",
    "drained",
    "approve_destroy",
    "stop",
    "destroy",
    "sweep",
    "hand_over",
    "report",
    "restart",
    "divert",
    "prove",
    "thaw",
    "remove_candidate",
    "hold_version",
)
"""The steps of the runbook that a deadline may be given for, the way back among them."""

_SWITCH_TTL_SECONDS = 30


def check(tree: Tree) -> None:
    """Add every contradiction in the file to the tree's mistakes."""
    draft = Draft(tree)
    check_levers(draft)
    check_addresses(draft)
    _subscriptions(draft)
    _times(draft)
    _parameters(draft)
    check_gates(draft)
    check_shift(draft)
    check_alerts(draft)


def _subscriptions(draft: Draft) -> None:
    wanted = (draft.text("subscription") or "").lower()
    if len(wanted) != 36:
        return
    ids: list[Path] = [(*path, "zone") for path in every_record(draft)]
    ids += [(*path, RESOURCES[kind][0]) for path in _balancers(draft) if (kind := draft.switch(path))]
    ids += [("slots", c, key) for c in COLOURS for key in ("cluster_id", "gateway_id", "public_ip_id")]
    for path in [*ids, ("provision", "template_spec")]:
        parts = arm_parts(draft.text(*path) or "")
        if parts is not None and parts[0].lower() != wanted:
            draft.refuse(path, f"a resource in the fleet's subscription {wanted}")


def _balancers(draft: Draft) -> list[Path]:
    """Every balancer whose kind is known: levers, and those above a record."""
    return [*draft.balancers(), *(path for path in draft.above() if draft.switch(path) in RESOURCES)]


def _times(draft: Draft) -> None:
    declared = draft.seconds("policy", "switch_ttl")
    switch_ttl = _SWITCH_TTL_SECONDS if draft.value("policy", "switch_ttl") is None else declared
    ttls = [(path, ttl) for path in draft.records() if (ttl := draft.seconds(*path, "ttl"))]
    for path, ttl in ttls:
        if switch_ttl is not None and switch_ttl > ttl:
            at: Path = (*path, "ttl") if declared is None else ("policy", "switch_ttl")
            few, many = (
                f"at least the {switch_ttl} s of policy.switch_ttl",
                f"at most the TTL of {ttl} s in {draft.place(path)}.ttl",
            )
            draft.refuse(at, few if declared is None else many)
    for step in draft.keys("deadlines"):
        if step not in STEPS:
            draft.refuse(("deadlines", step), one_of(STEPS, step), "an unknown step")
    for step in ("observe", "bake"):
        lasts, deadline = draft.seconds("policy", step), draft.seconds("deadlines", step)
        if lasts is not None and deadline is not None and deadline <= lasts:
            draft.refuse(("deadlines", step), f"more than the {lasts} s that policy.{step} asks for")
    for path in draft.items("versions", "windows"):
        begins, ends = draft.text(*path, "from"), draft.text(*path, "to")
        if begins is not None and begins == ends:
            draft.refuse((*path, "to"), "another time than from: the window would never open")


def _parameters(draft: Draft) -> None:
    named = {
        key: draft.text("provision", key) or default
        for key, default in (
            ("slot_parameter", "slot"),
            ("cluster_name_parameter", "clusterName"),
            ("version_parameter", "kubernetesVersion"),
        )
    }
    taken: dict[str, str] = {}
    for key, name in named.items():
        if taken.setdefault(name.lower(), key) != key:
            draft.refuse(("provision", key), f"another parameter than {taken[name.lower()]}")
    for name in draft.keys("provision", "parameters"):
        if name.lower() in taken:
            expected = f"another parameter: Switchyard fills this one in ({taken[name.lower()]})"
            draft.refuse(("provision", "parameters", name), expected)
