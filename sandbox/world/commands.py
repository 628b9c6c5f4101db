"""Run commands on clusters, and the freeze that two of them mean.

Decides how a command ends and whether a cluster is frozen. Refuses to run anything: it recognises an apply of
a ValidatingAdmissionPolicyBinding and its deletion, and what `kubectl` knows to print; every other command
succeeds in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from sandbox.world.clusters import Clusters
from sandbox.world.errors import ArmError
from sandbox.world.estate import Estate, name_of
from sandbox.world.kubectl import printed
from sandbox.world.ledger import Happening
from sandbox.world.workloads import Workloads

BINDING = "ValidatingAdmissionPolicyBinding"
EXPIRES = re.compile(r"""switchyard\.dev/expires-at["']?\s*:\s*["']?([0-9T:.+\-]+Z?)""")
APPLIES = re.compile(r"\bkubectl\b.*\b(apply|create|replace)\b", re.DOTALL)
MANIFEST = re.compile(rf"""kind["']?\s*:\s*["']?{BINDING}\b""")
DELETES = re.compile(r"\bkubectl\b.*\bdelete\b.*\s-f\b", re.DOTALL)
THAWS = re.compile(rf"\bkubectl\b.*\bdelete\b.*\b{BINDING}s?\b", re.IGNORECASE | re.DOTALL)


class RunCommand(Struct, frozen=True, kw_only=True):
    """A command on a cluster. Before `finished_at` it has neither exit code nor logs."""

    id: str
    cluster_id: str
    command: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    logs: str

    def finished(self, now: datetime) -> bool:
        """Whether it has ended."""
        return now >= self.finished_at


class _Freeze(Struct, frozen=True):
    """Frozen from `at` until `until`; a thaw is a freeze that ends where it starts."""

    at: datetime
    until: datetime


class RunCommands:
    """Every run command of the estate and the freezes that they left behind."""

    def __init__(self, estate: Estate, clusters: Clusters) -> None:
        self._estate = estate
        self._clusters = clusters
        self._workloads = Workloads(estate, clusters)
        self._commands: dict[str, RunCommand] = {}
        self._freezes: dict[str, list[_Freeze]] = {}

    def run(self, cluster_id: str, command: str, files: Mapping[str, str] | None = None) -> RunCommand:
        """Accept a command. `files` are the text files of its context, by name.

        Raises:
            ArmError: 404 for an absent cluster, 409 `OperationNotAllowed` for one that does not run, 400
                `BadRequest` for an empty command.
        """
        self._clusters.check_runs(cluster_id, "Run command")
        if not command.strip():
            raise ArmError(400, "BadRequest", "The command must not be empty.")
        now = self._estate.now()
        finished_at = now + timedelta(seconds=self._estate.timings.command_seconds)
        accepted = RunCommand(
            id=self._estate.next_guid().replace("-", ""),
            cluster_id=cluster_id,
            command=command,
            started_at=now,
            finished_at=finished_at,
            exit_code=0,
            logs=self._effect(cluster_id, command, files or {}, finished_at),
        )
        self._commands[accepted.id] = accepted
        return accepted

    @property
    def given(self) -> tuple[RunCommand, ...]:
        """Every command that was accepted, oldest first."""
        return tuple(self._commands.values())

    def get(self, cluster_id: str, command_id: str) -> RunCommand:
        """A command by its id. Raises ArmError 404."""
        found = self._commands.get(command_id)
        if found is None or found.cluster_id.lower() != cluster_id.lower():
            raise ArmError(404, "NotFound", f"The command '{command_id}' could not be found.")
        return found

    def frozen_until(self, cluster_id: str) -> datetime | None:
        """Until when workload changes are denied on the cluster; None where they are allowed now."""
        now = self._estate.now()
        past = [each for each in self._freezes.get(cluster_id.lower(), []) if each.at <= now]
        return past[-1].until if past and past[-1].until > now else None

    def _effect(self, cluster_id: str, command: str, files: Mapping[str, str], at: datetime) -> str:
        """What the command leaves behind once it has run; returns its output."""
        texts = (command, *files.values())
        manifest = any(MANIFEST.search(text) for text in texts)
        if manifest and APPLIES.search(command):
            self._note(cluster_id, _Freeze(at, _expiry(texts, at)), Happening.FROZEN)
            return f"{BINDING.lower()}.admissionregistration.k8s.io/switchyard-freeze created\n"
        if THAWS.search(command) or (manifest and DELETES.search(command)):
            self._note(cluster_id, _Freeze(at, at), Happening.THAWED)
            return f'{BINDING.lower()}.admissionregistration.k8s.io "switchyard-freeze" deleted\n'
        slot = self._estate.slot_of_cluster(cluster_id)
        if slot is None:
            return ""
        return printed(command, self._workloads.pods(slot), self._workloads.nodes(slot, at)) or ""

    def _note(self, cluster_id: str, freeze: _Freeze, kind: Happening) -> None:
        self._freezes.setdefault(cluster_id.lower(), []).append(freeze)
        self._estate.ledger.note(freeze.at, kind, name_of(cluster_id), until=freeze.until.isoformat())


def _expiry(texts: tuple[str, ...], at: datetime) -> datetime:
    """When the freeze expires by itself; one without the annotation lasts a year, which is for ever here."""
    found = next((match for text in texts if (match := EXPIRES.search(text))), None)
    return datetime.fromisoformat(found[1]) if found else at + timedelta(days=365)
