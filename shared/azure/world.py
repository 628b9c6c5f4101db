"""Azure as the engine's world: which adapter answers which probe, and which performs which action.

Decides nothing but that: a new adapter is one line in one of the two tables. Turns whatever goes wrong into
`Unavailable` or into an error of ours, and lets nothing take longer than its limit.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from shared.actions import (
    Action,
    Deploy,
    DestroyCluster,
    Freeze,
    PointRecord,
    Purge,
    SetMatch,
    SetWeights,
    StartCluster,
    StartSync,
    StopCluster,
    Thaw,
)
from shared.azure.activity_log import ActivityLog
from shared.azure.aks import Clusters
from shared.azure.alerts import Alerts
from shared.azure.application_gateway import ApplicationGateway
from shared.azure.azure_dns import AzureDns
from shared.azure.connection import Connection
from shared.azure.deployments import Deployments
from shared.azure.errors import ours
from shared.azure.flux import Flux
from shared.azure.freeze import Freezes
from shared.azure.front_door import FrontDoor
from shared.azure.front_door_classic import FrontDoorClassic
from shared.azure.host_state import HostStates
from shared.azure.http_probe import HttpProbe
from shared.azure.kubernetes import ClusterChecks
from shared.azure.load_test import LoadTests
from shared.azure.loads import Loads
from shared.azure.logs import Logs
from shared.azure.metrics import Metrics
from shared.azure.names import Names
from shared.azure.network import Network
from shared.azure.private_dns import PrivateDns
from shared.azure.prometheus import Prometheus
from shared.azure.record_sets import RecordSets
from shared.azure.resource_health import ResourceHealth
from shared.azure.run_command import RunCommands
from shared.azure.switch import EdgeSwitching, Switching
from shared.azure.traffic_manager import TrafficManager
from shared.azure.webhook import Webhooks
from shared.errors import Retry, SwitchyardError
from shared.fleet import Fleet, Source
from shared.levers import SwitchKind
from shared.loads import LoadState, OpenConnections
from shared.past import joined, parts
from shared.probes import (
    Answer,
    BalancerState,
    ClusterState,
    CommandState,
    DeploymentCheck,
    DeploymentState,
    GatePast,
    GateReading,
    GroupState,
    HostState,
    LastWriter,
    NamesState,
    Probe,
    RecordOwner,
    RecordState,
    SlotAddress,
    SyncState,
    TrafficShare,
    Unavailable,
)

log = logging.getLogger(__name__)

_SOURCES = {
    Source.METRICS: "Azure Monitor",
    Source.LOGS: "Log Analytics",
    Source.HTTP: "the slot's host",
    Source.PROMETHEUS: "managed Prometheus",
    Source.APP_INSIGHTS: "Application Insights",
    Source.WEBHOOK: "the hook",
    Source.KUBERNETES: "Azure Resource Manager",
    Source.ALERTS: "Azure Resource Manager",
    Source.RESOURCE_HEALTH: "Azure Resource Manager",
    Source.LOAD_TEST: "Azure Load Testing",
}

Kind = type[Any] | tuple[type[Any], Source | SwitchKind]
One = Callable[[Fleet, Any, datetime], Awaitable[Answer]]
Many = Callable[[Fleet, tuple[Any, ...], datetime], Awaitable[Mapping[Any, Answer]]]
Records = Mapping[SwitchKind, RecordSets]
Switches = Mapping[SwitchKind, Switching]
Performer = Callable[[Fleet, Any, int], Awaitable[str | None]]


class AzureWorld:
    """`shared.ports.World` on Azure. The limits are in seconds of real time for one probe and one action."""

    def __init__(
        self,
        connection: Connection,
        *,
        observe_seconds_max: float = 25,
        perform_seconds_max: float = 30,
    ) -> None:
        self._observe_seconds_max = observe_seconds_max
        self._perform_seconds_max = perform_seconds_max
        clusters, deployments, flux = Clusters(connection), Deployments(connection), Flux(connection)
        commands, network, metrics = RunCommands(connection), Network(connection), Metrics(connection)
        freezes = Freezes(commands)
        records = {
            SwitchKind.AZURE_DNS: AzureDns(connection),
            SwitchKind.PRIVATE_DNS: PrivateDns(connection),
        }
        switches = {
            SwitchKind.FRONT_DOOR: EdgeSwitching(FrontDoor(connection)),
            SwitchKind.FRONT_DOOR_CLASSIC: EdgeSwitching(FrontDoorClassic(connection)),
            SwitchKind.TRAFFIC_MANAGER: Switching(TrafficManager(connection)),
            SwitchKind.APPLICATION_GATEWAY: Switching(ApplicationGateway(connection)),
        }
        self._observers: Mapping[Kind, Many] = {
            ClusterState: self._each(clusters.observe),
            SlotAddress: self._each(network.address),
            **self._looking_at(records, switches),
            NamesState: self._each(Names(connection).observe),
            LastWriter: self._each(ActivityLog(connection).observe),
            HostState: self._each(HostStates(connection).observe),
            DeploymentCheck: self._each(deployments.check),
            DeploymentState: self._each(deployments.observe),
            SyncState: self._each(flux.observe),
            CommandState: self._each(commands.observe),
            **self._gates(connection, metrics),
            TrafficShare: self._each(metrics.share),
            OpenConnections: self._each(metrics.connections),
            LoadState: self._each(Loads(metrics).observe),
            GroupState: self._each(network.group),
        }
        self._performers: Mapping[Kind, Performer] = {
            **_moving(records, switches),
            Deploy: deployments.deploy,
            StartSync: flux.start,
            Freeze: freezes.freeze,
            Thaw: freezes.thaw,
            StartCluster: clusters.start,
            StopCluster: clusters.stop,
            DestroyCluster: clusters.destroy,
        }

    @property
    def kinds(self) -> frozenset[Kind]:
        """What it is able to answer and to perform, by what `kind_of` says of a probe or an action."""
        return frozenset(self._observers) | frozenset(self._performers)

    async def observe(self, fleet: Fleet, probes: frozenset[Probe], now: datetime) -> Mapping[Probe, Answer]:
        """Answer every probe, all at once. What cannot be said is `Unavailable`; nothing is raised."""
        groups: dict[Kind, list[Probe]] = {}
        for probe in probes:
            groups.setdefault(kind_of(probe), []).append(probe)
        answers: dict[Probe, Answer] = {}
        for found in await asyncio.gather(
            *(self._observers[kind](fleet, tuple(group), now) for kind, group in groups.items())
        ):
            answers.update(found)
        return answers

    async def perform(self, fleet: Fleet, action: Action, *, epoch: int) -> str | None:
        """Carry out one action and return its receipt. Raises Superseded, Retry, Refused."""
        performer = self._performers[kind_of(action)]
        with ours(_words(type(action)), _service(action)):
            async with asyncio.timeout(self._perform_seconds_max):
                return await _readable(performer(fleet, action, epoch), _words(type(action)))

    def _looking_at(self, records: Records, switches: Switches) -> Mapping[Kind, Many]:
        """What can be seen of each kind of lever."""
        return {
            **{(RecordState, kind): self._each(each.observe) for kind, each in records.items()},
            **{(RecordOwner, kind): self._each(each.owner) for kind, each in records.items()},
            **{(BalancerState, kind): self._each(each.observe) for kind, each in switches.items()},
        }

    def _gates(self, connection: Connection, metrics: Metrics) -> Mapping[Kind, Many]:
        """What gives a gate its samples: a source is a line."""
        logs = Logs(connection)
        return {
            (GateReading, Source.METRICS): self._together(metrics.observe),
            (GateReading, Source.LOGS): self._each(logs.observe),
            (GateReading, Source.APP_INSIGHTS): self._each(logs.observe),
            (GateReading, Source.PROMETHEUS): self._each(Prometheus(connection).observe),
            (GateReading, Source.HTTP): self._each(HttpProbe(connection).observe),
            (GateReading, Source.WEBHOOK): self._each(Webhooks(connection).observe),
            (GateReading, Source.KUBERNETES): self._each(ClusterChecks(connection).observe),
            (GateReading, Source.ALERTS): self._each(Alerts(connection).observe),
            (GateReading, Source.RESOURCE_HEALTH): self._each(ResourceHealth(connection).observe),
            (GateReading, Source.LOAD_TEST): self._each(LoadTests(connection).observe),
            GatePast: self._each(self._past),
        }

    async def _past(self, fleet: Fleet, probe: GatePast, _now: datetime) -> Answer:
        """Each span by the gate's own source, as if it were the end of that span now: a request each."""
        asked = [
            (reading, self.observe(fleet, frozenset({reading}), until)) for reading, until in parts(probe)
        ]
        found = await asyncio.gather(*(looked for _, looked in asked))
        return joined(probe, [each[reading] for (reading, _), each in zip(asked, found, strict=True)])

    def _each(self, observer: One) -> Many:
        """An observer of many probes from one that answers a single one: all at once, each by itself."""

        async def many(fleet: Fleet, probes: tuple[Any, ...], now: datetime) -> Mapping[Any, Answer]:
            calls = (self._said(observer(fleet, probe, now), probe) for probe in probes)
            return dict(zip(probes, await asyncio.gather(*calls), strict=True))

        return many

    def _together(self, observer: Many) -> Many:
        """An observer that answers many probes itself, and none if it fails."""

        async def many(fleet: Fleet, probes: tuple[Any, ...], now: datetime) -> Mapping[Any, Answer]:
            found = await self._said(observer(fleet, probes, now), probes[0])
            return dict.fromkeys(probes, found) if isinstance(found, Unavailable) else found

        return many

    async def _said[T](self, call: Awaitable[T], probe: Probe) -> T | Unavailable:
        what = _words(type(probe))
        try:
            with ours(what, _service(probe)):
                async with asyncio.timeout(self._observe_seconds_max):
                    return await _readable(call, what)
        except SwitchyardError as error:
            because = str(error)
            named = because if because.startswith(f"{what}: ") else f"{what}: {because}"
            return Unavailable(named, error.after_seconds if isinstance(error, Retry) else None)


def _moving(records: Records, switches: Switches) -> Mapping[Kind, Performer]:
    """What can be ordered of each kind of lever."""
    return {
        **{(PointRecord, kind): each.point for kind, each in records.items()},
        **{(SetWeights, kind): each.weigh for kind, each in switches.items()},
        **{(SetMatch, kind): each.match for kind, each in switches.items()},
        **{(Purge, kind): each.purge for kind, each in switches.items()},
    }


async def _readable[T](call: Awaitable[T], what: str) -> T:
    """A bug in reading one answer must not keep a rollout from being decided on the others."""
    from azure.core.exceptions import AzureError

    try:
        return await call
    except (AzureError, SwitchyardError, TimeoutError):
        raise
    except Exception as bug:
        log.exception("%s could not be read", what)
        raise Retry(f"{what}: the answer could not be read; the log says why") from bug


def _words(kind: type[Any]) -> str:
    """The name of a probe's or an action's type as people write it: `PointRecord` is `point record`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind.__name__).lower()


def _service(thing: Probe | Action) -> str:
    """Whom a probe or an action talks to, as people call it."""
    if isinstance(thing, GateReading | GatePast):
        return _SOURCES[thing.gate.source]
    if isinstance(thing, HostState):
        return _SOURCES[Source.HTTP]
    measured = isinstance(thing, TrafficShare | OpenConnections | LoadState)
    return _SOURCES[Source.METRICS] if measured else "Azure Resource Manager"


def kind_of(thing: Probe | Action) -> Kind:
    """What a probe or an action is dispatched by: its type, and its source or switch where it has one."""
    if isinstance(thing, GateReading):
        return type(thing), thing.gate.source
    if isinstance(thing, RecordState | RecordOwner | PointRecord):
        return type(thing), thing.record.kind
    if isinstance(thing, BalancerState | SetWeights | SetMatch | Purge):
        return type(thing), thing.balancer.kind
    return type(thing)
