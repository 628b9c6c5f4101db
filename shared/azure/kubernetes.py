"""Checks in a slot's cluster, by a run command that reads and changes nothing.

Decides what is sent and what is kept. When it is sent, and what it says, is `shared.checks.commands`'.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from shared.azure.connection import Connection
from shared.azure.errors import is_about_the_resource
from shared.azure.run_command import NEVER_RAN, RunCommands
from shared.check_rules import ClusterCheck
from shared.checks.commands import Ran, following
from shared.checks.workloads import command
from shared.errors import Refused
from shared.fleet import Fleet
from shared.probes import GateReading, Reading


class ClusterChecks:
    """The checks in the clusters of a fleet's slots."""

    def __init__(self, connection: Connection) -> None:
        self._commands = RunCommands(connection)

    async def observe(self, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
        """What the newest command says: a GET for each that is known, and a command where one is due.

        Raises Refused outside of a rollout, which alone remembers what was begun, and Retry.
        """
        check, asking = probe.gate.check, probe.asking
        if not isinstance(check, ClusterCheck) or asking is None:
            raise Refused(f"{probe.gate.name}: a check in a cluster is declared, and made in a rollout")
        cluster_id = fleet.slot(probe.slot).cluster_id
        known: list[tuple[str, Ran | None]] = []
        for receipt in asking.receipts:
            known += [(receipt, each) for each in await self._found(cluster_id, receipt)]
        coming = following(probe.gate, check, known, probe.since or asking.started_at, now)
        kept = coming.kept
        if coming.begins:
            kept = (*kept, await self._commands.run(cluster_id, command(check), {}))
        return msgspec.structs.replace(coming.reading, receipts=kept)

    async def _found(self, cluster_id: str, receipt: str) -> tuple[Ran | None, ...]:
        """How a command ended, None while it runs; nothing where the cluster has forgotten it."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            ended = await self._commands.result(cluster_id, receipt)
        except ResourceNotFoundError as error:
            if not is_about_the_resource(error):
                raise
            return ()
        if ended is None:
            return (None,)
        exit_code = ended.exit_code if ended.exit_code is not None else NEVER_RAN
        output = ended.logs or ended.reason or ""
        ran = Ran(exit_code=exit_code, output=output, started_at=ended.started_at, ended_at=ended.finished_at)
        return (ran,)
