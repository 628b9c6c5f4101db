"""The checks in a cluster: a closed set of commands that read, and how many of their objects are not well.

A command is made of fixed text and two words, a namespace and a label selector, which may hold nothing that
a shell would read (`is_selector`); so neither a fleet file nor an event can say anything to a cluster. It
prints one line an object, and a last one without which the output was cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.check_rules import ClusterCheck, Objects
from shared.model import Sample
from shared.probes import Reading

END = "switchyard-end"
POLL_SECONDS = 10.0
"""After how long a command is worth asking for: a pod is started for it."""

NAMES_MAX = 3
_FIELD = "{'\\t'}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_KEY = rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_LABEL}"
_TERM = rf"{_KEY}(?:!?={_LABEL})?"
_SELECTOR = re.compile(rf"{_TERM}(?:,{_TERM}){{0,9}}")


class State(NamedTuple):
    """How an object is: well, on its way, or neither."""

    well: bool
    coming: bool = False


class _Kind(NamedTuple):
    """A kind of object: kubectl's word, the fields that are printed, and what they mean."""

    resource: str
    fields: Sequence[str]
    state: Callable[[Sequence[str]], State]
    word: str


def is_selector(text: str) -> bool:
    """Whether it is a label selector of equalities, such as `app=shop,tier!=test`."""
    return len(text) <= 512 and _SELECTOR.fullmatch(text) is not None


def command(check: ClusterCheck) -> str:
    """The command that reads the objects."""
    kind = KINDS[check.objects]
    fields = _FIELD.join(["{.metadata.name}", *kind.fields])
    parts = ["kubectl get", kind.resource]
    parts += [f"--namespace={check.namespace}"] if check.namespace else []
    parts += [f"--selector='{check.selector}'"] if check.selector else []
    template = "{range .items[*]}" + fields + "{'\\n'}{end}"
    return f'{" ".join(parts)} --output=jsonpath="{template}" && echo {END}'


def measured(
    check: ClusterCheck, output: str, source: str, since: datetime, ended_at: datetime
) -> Reading | None:
    """How many objects are not well, as one sample; no sample where some are on their way or none is there.

    None for output that was cut, or that is of another form.
    """
    lines = output.splitlines()
    if not lines or lines.pop().strip() != END:
        return None
    kind = KINDS[check.objects]
    objects: dict[str, State] = {}
    for line in filter(None, lines):
        name, *fields = line.split("\t")
        if len(fields) != len(kind.fields):
            return None
        objects[name] = kind.state(fields)
    bad = [name for name, state in objects.items() if not state.well and not state.coming]
    coming = [name for name, state in objects.items() if state.coming]
    if bad or (objects and not coming):
        because = f"{kind.word}: {_names(bad)}" if bad else ""
        sample = Sample(at=ended_at, value=float(len(bad)), requests=float(len(objects)), because=because)
        return Reading((sample,), source, since, ended_at)
    because = f"on their way: {_names(coming)}" if coming else "nothing there is of that kind and selector"
    return Reading((), source, since, ended_at, because=because)


def _names(names: Sequence[str]) -> str:
    more = len(names) - NAMES_MAX
    return ", ".join(names[:NAMES_MAX]) + (f" and {more} more" if more > 0 else "")


def _condition(name: str, field: str = "status") -> str:
    return f"{{.status.conditions[?(@.type=='{name}')].{field}}}"


def _pod(fields: Sequence[str]) -> State:
    phase, ready = fields
    # A pod that has done its work is never ready again.
    return State(ready == "True" or phase == "Succeeded", phase == "Pending")


def _deployment(fields: Sequence[str]) -> State:
    generation, observed, available, progressing, reason = fields
    behind = generation != observed
    moving = progressing == "True" and reason != "NewReplicaSetAvailable"
    well = available == "True" and not behind and not moving
    return State(well, behind or moving)


def _job(fields: Sequence[str]) -> State:
    complete, failed = fields
    return State(complete == "True", complete != "True" and failed != "True")


def _node(fields: Sequence[str]) -> State:
    return State(fields[0] == "True")


KINDS: Mapping[Objects, _Kind] = {
    Objects.PODS_READY: _Kind("pods", ("{.status.phase}", _condition("Ready")), _pod, "not ready"),
    Objects.DEPLOYMENTS_AVAILABLE: _Kind(
        "deployments",
        (
            "{.metadata.generation}",
            "{.status.observedGeneration}",
            _condition("Available"),
            _condition("Progressing"),
            _condition("Progressing", "reason"),
        ),
        _deployment,
        "not available",
    ),
    Objects.JOBS_SUCCEEDED: _Kind("jobs", (_condition("Complete"), _condition("Failed")), _job, "failed"),
    Objects.NODES_READY: _Kind("nodes", (_condition("Ready"),), _node, "not ready"),
}
