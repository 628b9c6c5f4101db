"""What `kubectl get` prints in a cluster of the estate, for the four kinds of objects that are checked.

Decides by the kind alone: the template that is asked for is taken to be the product's, one line an object.
Namespaces and selectors pick nothing but `kube-system`, where the pods are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sandbox.world.workloads import Node, Pod

GET = re.compile(r"kubectl get (?P<kind>pods|deployments|jobs|nodes)\b(?:.*--namespace=(?P<namespace>\S+))?")
END = re.compile(r"&& echo (?P<word>[\w-]+)\s*$")
_DEPLOYMENTS = {"coredns": ("coredns-",), "metrics-server": ("metrics-server-",)}


def printed(command: str, pods: Iterable[Pod], nodes: Iterable[Node]) -> str | None:
    """The output of the command, None where it is no such one."""
    asked, end = GET.search(command), END.search(command)
    if asked is None:
        return None
    there = [pod for pod in pods if asked["namespace"] in (None, pod.namespace)]
    lines = {"pods": _pods, "deployments": _deployments, "jobs": _jobs}.get(asked["kind"], _none)(there)
    if asked["kind"] == "nodes":
        lines = [f"{node.name}\t{node.ready}" for node in nodes]
    return "".join(f"{line}\n" for line in [*lines, *([end["word"]] if end else [])])


def _pods(pods: list[Pod]) -> list[str]:
    return [f"{pod.name}\t{pod.phase}\t{pod.phase == 'Running'}" for pod in pods]


def _deployments(pods: list[Pod]) -> list[str]:
    lines = []
    for name, prefixes in _DEPLOYMENTS.items():
        own = [pod for pod in pods if pod.name.startswith(prefixes)]
        available = any(pod.phase == "Running" for pod in own)
        if own:
            lines.append(f"{name}\t1\t1\t{available}\tTrue\tNewReplicaSetAvailable")
    return lines


def _jobs(pods: list[Pod]) -> list[str]:
    """No cluster has jobs of its own."""
    return _none(pods)


def _none(_pods: list[Pod]) -> list[str]:
    return []
