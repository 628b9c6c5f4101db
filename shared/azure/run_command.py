"""Run commands: a command with its files is handed to a cluster, and how it ended is asked for later.

Decides what counts as ended. Refuses to know what a command does, and never sends one twice by itself: a
command need not be harmless to repeat, that is its author's to know.

Source: https://learn.microsoft.com/azure/aks/access-private-cluster
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from shared.azure.aks import ManagedCluster, managed_clusters
from shared.azure.answers import Body, shaped
from shared.azure.connection import Connection
from shared.azure.errors import allowing
from shared.azure.ids import ResourceId, parse
from shared.errors import Retry
from shared.fleet import Fleet
from shared.probes import CommandSeen, CommandState

NEVER_RAN = -1
"""The exit code of a command that ended without one: its pod could not be made or was lost."""

# The Entra application of every AKS API server, whose token a cluster with Entra integration asks for.
_AKS_SERVER_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
_OUTPUT_CHARACTERS_MAX = 4_000
_ID = re.compile(r"[\w-]{1,100}", re.ASCII)


class Ended(Struct, frozen=True, rename="camel"):
    """The part of a run command's result that is read here."""

    provisioning_state: str
    exit_code: int | None = None
    logs: str | None = None
    reason: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class _Result(Struct, frozen=True):
    properties: Ended


class _Taken(Struct, frozen=True):
    id: str | None = None


class RunCommands:
    """Commands on the clusters of a fleet's slots."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def run(self, cluster_id: str, command: str, files: Mapping[str, str]) -> str:
        """Hand over a command, once; returns its id. `files` lie in its working directory.

        Raises Retry without an id in the answer: the command may run, so it must be one that can be repeated.
        """
        cluster = parse(cluster_id)
        operations = managed_clusters(self._connection, cluster)
        payload: Any = {"command": command, "context": packed(files)}
        token = await self._cluster_token(cluster)
        if token is not None:
            payload["clusterToken"] = token
        answers: list[Any] = []
        await allowing(
            operations.begin_run_command(
                cluster.resource_group,
                cluster.name,
                payload,
                polling=False,
                retry_total=0,
                raw_response_hook=answers.append,
            )
        )
        return command_id(answers[-1].http_response)

    async def observe(self, fleet: Fleet, probe: CommandState, _now: datetime) -> CommandSeen:
        """How the command ended: one GET. Raises NotFound where the cluster has forgotten it."""
        found = await self.result(fleet.slot(probe.slot).cluster_id, probe.command_id)
        return CommandSeen() if found is None else ended(found)

    async def result(self, cluster_id: str, command_id: str) -> Ended | None:
        """What a command ended with, all of its output; None while it runs. One GET."""
        cluster = parse(cluster_id)
        operations = managed_clusters(self._connection, cluster)
        body = Body(_Result, f"the run command {command_id}")
        call = operations.get_command_result(
            cluster.resource_group, cluster.name, command_id, raw_response_hook=body
        )
        await allowing(call)
        found = body.value.properties if body.value is not None else None
        return found if found is not None and ended(found).exit_code is not None else None

    async def _cluster_token(self, cluster: ResourceId) -> str | None:
        operations = managed_clusters(self._connection, cluster)
        body = Body(ManagedCluster, f"the cluster {cluster.name}")
        await allowing(operations.get(cluster.resource_group, cluster.name, raw_response_hook=body))
        entra = body.read().properties.aad_profile
        if entra is None or not entra.managed:
            return None
        return (await self._connection.credential().get_token(_AKS_SERVER_SCOPE)).token


def packed(files: Mapping[str, str]) -> str:
    """The files as a zip archive in base64; the same files give the same text."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in sorted(files.items()):
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    return base64.b64encode(archive.getvalue()).decode()


def command_id(response: Any) -> str:
    """The command's id from the answer to it: in Location while it runs, in the body once it has ended."""
    location = response.headers.get("Location")
    found = ""
    if location:
        _, _, rest = urlsplit(location).path.partition("/commandResults/")
        found = rest.split("/")[0]
    elif response.status_code == 200:
        found = shaped(response.text(), _Taken, "the run command").id or ""
    if _ID.fullmatch(found) is None:
        raise Retry("the cluster took a run command and did not say its id")
    return found


def ended(result: Ended) -> CommandSeen:
    """How far a command is. One that failed before it ran has the exit code `NEVER_RAN`."""
    output = (result.logs or result.reason or "")[-_OUTPUT_CHARACTERS_MAX:]
    if result.exit_code is not None:
        return CommandSeen(exit_code=result.exit_code, output=output)
    if result.provisioning_state in ("Failed", "Canceled"):
        return CommandSeen(exit_code=NEVER_RAN, output=output)
    return CommandSeen()
