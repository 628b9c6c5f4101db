"""The freeze's manifests: whom it stops, whom it does not, and that it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from shared.azure.freeze import freezing, schedule, thawing
from shared.platform import Freeze

UNTIL = datetime(2026, 11, 21, 13, 30, tzinfo=UTC)
POLICY = Freeze(expires_seconds=3600, exempt_users=("alice@contoso.com", 'o"brien'))


def manifests(policy: Freeze = POLICY) -> dict[str, dict[str, Any]]:
    """Every manifest of a freeze by its kind."""
    _, files = freezing("contoso", policy, UNTIL)
    return {item["kind"]: item for text in files.values() for item in json.loads(text)["items"]}


def test_nothing_is_frozen_before_its_end_is_in_place() -> None:
    command, files = freezing("contoso", POLICY, UNTIL)
    assert command == "kubectl apply -f expiry.json && kubectl apply -f freeze.json"
    kinds = {name: [item["kind"] for item in json.loads(text)["items"]] for name, text in files.items()}
    assert kinds == {
        "expiry.json": ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "CronJob"],
        "freeze.json": ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
    }


def test_the_policy_denies_changes_of_workloads_outside_of_system_namespaces() -> None:
    found = manifests()
    policy, binding = found["ValidatingAdmissionPolicy"], found["ValidatingAdmissionPolicyBinding"]
    assert policy["apiVersion"] == binding["apiVersion"] == "admissionregistration.k8s.io/v1"
    assert binding["spec"] == {"policyName": policy["metadata"]["name"], "validationActions": ["Deny"]}
    constraints = policy["spec"]["matchConstraints"]
    resources = {resource for rule in constraints["resourceRules"] for resource in rule["resources"]}
    assert resources == {"deployments", "statefulsets", "daemonsets", "cronjobs"}
    assert all(rule["operations"] == ["CREATE", "UPDATE", "DELETE"] for rule in constraints["resourceRules"])
    (selector,) = constraints["namespaceSelector"]["matchExpressions"]
    assert (selector["operator"], "kube-system" in selector["values"]) == ("NotIn", True)


def test_a_change_that_leaves_the_spec_alone_is_allowed() -> None:
    (validation,) = manifests()["ValidatingAdmissionPolicy"]["spec"]["validations"]
    assert validation["expression"] == "request.operation == 'UPDATE' && object.spec == oldObject.spec"
    assert "2026-11-21T13:30:00+00:00" in validation["message"]


@pytest.mark.parametrize(
    "exempt",
    [
        'startsWith("system:serviceaccount:kube-system:")',
        'startsWith("system:node:")',
        'in ["alice@contoso.com", "o\\"brien"]',
    ],
)
def test_the_control_plane_nodes_and_exempt_users_are_not_stopped(exempt: str) -> None:
    (condition,) = manifests()["ValidatingAdmissionPolicy"]["spec"]["matchConditions"]
    assert condition["expression"].startswith("!(")
    assert exempt in condition["expression"]


def test_without_exempt_users_the_expression_has_no_empty_list() -> None:
    policy = msgspec.structs.replace(POLICY, exempt_users=())
    (condition,) = manifests(policy)["ValidatingAdmissionPolicy"]["spec"]["matchConditions"]
    assert "[]" not in condition["expression"]


def test_the_freeze_says_when_it_ends_on_itself() -> None:
    found = manifests()
    for kind in ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"):
        annotations = found[kind]["metadata"]["annotations"]
        assert annotations["switchyard.dev/expires-at"] == "2026-11-21T13:30:00+00:00"
        assert annotations["switchyard.dev/fleet"] == "contoso"


def test_the_end_deletes_the_binding_the_policy_and_itself_and_may_do_no_more() -> None:
    found = manifests()
    spec = found["CronJob"]["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("30 13 21 11 *", "Etc/UTC")
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"] == POLICY.expiry_image
    assert container["command"][:2] == ["kubectl", "delete"]
    names = {part.split("/")[1] for part in container["command"] if "/" in part}
    rules = found["ClusterRole"]["rules"]
    assert names == {name for rule in rules for name in rule["resourceNames"]}
    assert all(rule["verbs"] == ["get", "delete"] for rule in rules)
    account = found["ServiceAccount"]["metadata"]
    (subject,) = found["ClusterRoleBinding"]["subjects"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    assert pod["serviceAccountName"] == account["name"]
    assert found["CronJob"]["metadata"]["namespace"] == account["namespace"] == "kube-system"


@pytest.mark.parametrize(
    ("until", "minute"),
    [
        (UNTIL, "30 13 21 11 *"),
        (UNTIL + timedelta(seconds=1), "31 13 21 11 *"),
        (datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC), "0 0 1 1 *"),
        (UNTIL.astimezone(timezone(timedelta(hours=2))), "30 13 21 11 *"),
    ],
)
def test_a_freeze_ends_at_the_first_minute_that_is_not_too_early(until: datetime, minute: str) -> None:
    assert schedule(until) == minute


def test_a_thaw_deletes_what_a_freeze_makes_and_the_binding_first() -> None:
    parts = thawing().split()
    assert parts[:2] == ["kubectl", "delete"]
    assert "--ignore-not-found" in parts
    kinds = [part.split("/")[0] for part in parts if "/" in part]
    assert kinds[0] == "validatingadmissionpolicybinding"
    assert set(kinds) == {kind.lower() for kind in manifests()}
