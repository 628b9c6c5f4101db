"""The freeze: a ValidatingAdmissionPolicy that denies workload changes, and a CronJob that ends it in time.

Decides what is denied, to whom it is not, and how the freeze expires by itself. The first part is pure;
`Freezes` hands it to the cluster as a run command, which may be repeated: it names its target.

An expression of an admission policy cannot know the time, so the expiry is a CronJob at that minute: unlike a
Job that sleeps it survives its node, can be moved to another time, and needs no shell in its image. It is
applied first: where there is no expiry there is no freeze.

Sources: https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/,
https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.actions import Freeze, Thaw
from shared.azure.run_command import RunCommands
from shared.errors import Refused
from shared.fleet import Fleet
from shared.platform import Freeze as FreezePolicy

NAME = "switchyard-freeze"
EXPIRY = "switchyard-freeze-expiry"
# Exempt from the policy itself, and from the policies that platform teams put on every other namespace.
NAMESPACE = "kube-system"
EXPIRES_AT = "switchyard.dev/expires-at"
NAMESPACES_EXEMPT = ("kube-system", "gatekeeper-system", "flux-system")
USERS_EXEMPT_BY_PREFIX = (
    "system:serviceaccount:kube-system:",
    "system:node:",
    "system:kube-controller-manager",
)

_ADMISSION = "admissionregistration.k8s.io/v1"
_RBAC = "rbac.authorization.k8s.io"
_POLICY = f"validatingadmissionpolicy/{NAME}"
_BINDING = f"validatingadmissionpolicybinding/{NAME}"

Manifest = dict[str, Any]


class Freezes:
    """Freezes and thaws of the clusters of a fleet's slots. The receipt is the run command's id."""

    def __init__(self, commands: RunCommands) -> None:
        self._commands = commands

    async def freeze(self, fleet: Fleet, action: Freeze, _epoch: int) -> str:
        """Deny workload changes on the slot's cluster until then. Raises Refused without a freeze policy."""
        if fleet.freeze is None:
            raise Refused(f"the fleet {fleet.name} declares no freeze")
        command, files = freezing(fleet.name, fleet.freeze, action.until)
        return await self._commands.run(fleet.slot(action.slot).cluster_id, command, files)

    async def thaw(self, fleet: Fleet, action: Thaw, _epoch: int) -> str:
        """Allow workload changes on the slot's cluster again."""
        return await self._commands.run(fleet.slot(action.slot).cluster_id, thawing(), {})


def freezing(fleet: str, policy: FreezePolicy, until: datetime) -> tuple[str, dict[str, str]]:
    """The command that freezes, and its files by name."""
    files = {
        "expiry.json": _list(*_identity(), _cron_job(policy.expiry_image, until)),
        "freeze.json": _list(_policy(fleet, policy, until), _binding(fleet, until)),
    }
    return "kubectl apply -f expiry.json && kubectl apply -f freeze.json", files


def thawing() -> str:
    """The command that thaws: the binding goes first, because it alone denies."""
    return "kubectl " + " ".join(
        [
            *_deletion(),
            f"clusterrolebinding/{EXPIRY}",
            f"clusterrole/{EXPIRY}",
            f"serviceaccount/{EXPIRY}",
        ]
    )


def schedule(until: datetime) -> str:
    """The first minute at or after `until`, in UTC, as a cron schedule."""
    moment = until.astimezone(UTC)
    if moment.second or moment.microsecond:
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return f"{moment.minute} {moment.hour} {moment.day} {moment.month} *"


def _deletion() -> list[str]:
    return [
        "delete",
        f"--namespace={NAMESPACE}",
        "--ignore-not-found",
        _BINDING,
        _POLICY,
        f"cronjob/{EXPIRY}",
    ]


def _policy(fleet: str, policy: FreezePolicy, until: datetime) -> Manifest:
    """Denies creating and deleting workloads and changing their spec; their scale is another resource."""
    text = until.astimezone(UTC).isoformat(timespec="seconds")
    rules = [
        _rule("apps", "deployments", "statefulsets", "daemonsets"),
        _rule("batch", "cronjobs"),
    ]
    exempt = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(NAMESPACES_EXEMPT)}
    return {
        "apiVersion": _ADMISSION,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": _metadata(NAME, fleet=fleet, until=until),
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": rules,
                "namespaceSelector": {"matchExpressions": [exempt]},
            },
            "matchConditions": [{"name": "not-exempt", "expression": _not_exempt(policy.exempt_users)}],
            "validations": [
                {
                    "expression": "request.operation == 'UPDATE' && object.spec == oldObject.spec",
                    "message": f"Switchyard froze deployments for a rollout of {fleet} until {text}",
                    "reason": "Forbidden",
                }
            ],
        },
    }


def _not_exempt(users: tuple[str, ...]) -> str:
    """True for a request that the freeze is for: not of the control plane, a node or an exempt user."""
    user = "request.userInfo.username"
    exempt = [f"{user}.startsWith({_cel(prefix)})" for prefix in USERS_EXEMPT_BY_PREFIX]
    exempt += [f"{user} in {_cel(list(users))}"] if users else []
    return f"!({' || '.join(exempt)})"


def _cel(value: str | list[str]) -> str:
    """A literal of CEL, which reads JSON's but for characters that are written as two halves."""
    return json.dumps(value, ensure_ascii=False)


def _binding(fleet: str, until: datetime) -> Manifest:
    return {
        "apiVersion": _ADMISSION,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": _metadata(NAME, fleet=fleet, until=until),
        "spec": {"policyName": NAME, "validationActions": ["Deny"]},
    }


def _cron_job(image: str, until: datetime) -> Manifest:
    """Deletes the freeze and itself: a schedule has no year."""
    pod = {
        "serviceAccountName": EXPIRY,
        "restartPolicy": "OnFailure",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "expiry",
                "image": image,
                "command": ["kubectl", *_deletion()],
                "resources": {
                    "requests": {"cpu": "10m", "memory": "32Mi"},
                    "limits": {"cpu": "200m", "memory": "128Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {**_metadata(EXPIRY), "namespace": NAMESPACE},
        "spec": {
            "schedule": schedule(until),
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": {"template": {"spec": pod}}},
        },
    }


def _identity() -> tuple[Manifest, Manifest, Manifest]:
    """A service account that may delete the freeze and its own CronJob, and nothing else."""
    verbs = ["get", "delete"]
    policies = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"]
    rules = [
        {
            "apiGroups": ["admissionregistration.k8s.io"],
            "resources": policies,
            "resourceNames": [NAME],
            "verbs": verbs,
        },
        {"apiGroups": ["batch"], "resources": ["cronjobs"], "resourceNames": [EXPIRY], "verbs": verbs},
    ]
    account = {"kind": "ServiceAccount", "name": EXPIRY, "namespace": NAMESPACE}
    role = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": EXPIRY}
    metadata = _metadata(EXPIRY)
    return (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**metadata, "namespace": NAMESPACE}},
        {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": metadata,
            "roleRef": role,
            "subjects": [account],
        },
    )


def _rule(group: str, *resources: str) -> Manifest:
    return {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
        "resources": list(resources),
    }


def _metadata(name: str, *, fleet: str | None = None, until: datetime | None = None) -> Manifest:
    annotations = {"switchyard.dev/fleet": fleet} if fleet else {}
    if until is not None:
        annotations[EXPIRES_AT] = until.astimezone(UTC).isoformat(timespec="seconds")
    labels = {"app.kubernetes.io/managed-by": "switchyard"}
    return {"name": name, "labels": labels, **({"annotations": annotations} if annotations else {})}


def _list(*items: Manifest) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}, indent=1)
