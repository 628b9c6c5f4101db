"""Azure as the engine's world: which adapter answers which probe, and which performs which action.

Decides nothing but that: a new adapter is a property of `adapters` and a line in one of the two tables. Turns
whatever goes wrong into `Unavailable` or into an error of ours, and lets nothing take longer than its limit.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

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
from shared.azure.adapters import Adapters
from shared.azure.connection import Connection
from shared.azure.errors import ours
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

if TYPE_CHECKING:
    from shared.azure.record_sets import RecordSets
    from shared.azure.switch import Switching

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
Performer = Callable[[Fleet, Any, int], Awaitable[str | None]]
type Late[T] = Callable[[], T]
"""What gives an adapter's method once it is needed, so that nothing is imported before."""
_RECORDS = (SwitchKind.AZURE_DNS, SwitchKind.PRIVATE_DNS)
_BALANCERS = tuple(kind for kind in SwitchKind if kind not in _RECORDS)


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
        self._adapters = adapters = Adapters(connection)
        self._observers: Mapping[Kind, Many] = {
            ClusterState: self._each(lambda: adapters.clusters.observe),
            SlotAddress: self._each(lambda: adapters.network.address),
            **self._looking_at_levers(),
            NamesState: self._each(lambda: adapters.names.observe),
            LastWriter: self._each(lambda: adapters.activity_log.observe),
            HostState: self._each(lambda: adapters.host_states.observe),
            DeploymentCheck: self._each(lambda: adapters.deployments.check),
            DeploymentState: self._each(lambda: adapters.deployments.observe),
            SyncState: self._each(lambda: adapters.flux.observe),
            CommandState: self._each(lambda: adapters.commands.observe),
            **self._gates(),
            TrafficShare: self._each(lambda: adapters.metrics.share),
            OpenConnections: self._each(lambda: adapters.metrics.connections),
            LoadState: self._each(lambda: adapters.loads.observe),
            GroupState: self._each(lambda: adapters.network.group),
        }
        self._performers: Mapping[Kind, Late[Performer]] = {
            **_moving_levers(adapters),
            Deploy: lambda: adapters.deployments.deploy,
            StartSync: lambda: adapters.flux.start,
            Freeze: lambda: adapters.freezes.freeze,
            Thaw: lambda: adapters.freezes.thaw,
            StartCluster: lambda: adapters.clusters.start,
            StopCluster: lambda: adapters.clusters.stop,
            DestroyCluster: lambda: adapters.clusters.destroy,
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
                return await _readable(performer()(fleet, action, epoch), _words(type(action)))

    def _looking_at_levers(self) -> Mapping[Kind, Many]:
        """What can be seen of each kind of lever."""
        records, switch = self._adapters.records, self._adapters.switch
        observers: dict[Kind, Many] = {}
        for kind in _RECORDS:
            observers[RecordState, kind] = self._each(partial(_observer, records, kind))
            observers[RecordOwner, kind] = self._each(partial(_owner, records, kind))
        for kind in _BALANCERS:
            observers[BalancerState, kind] = self._each(partial(_observer, switch, kind))
        return observers

    def _gates(self) -> Mapping[Kind, Many]:
        """What gives a gate its samples: a source is a line."""
        adapters = self._adapters
        sources: Mapping[Source, Late[One]] = {
            Source.LOGS: lambda: adapters.logs.observe,
            Source.APP_INSIGHTS: lambda: adapters.logs.observe,
            Source.PROMETHEUS: lambda: adapters.prometheus.observe,
            Source.HTTP: lambda: adapters.http_probe.observe,
            Source.WEBHOOK: lambda: adapters.webhooks.observe,
            Source.KUBERNETES: lambda: adapters.cluster_checks.observe,
            Source.ALERTS: lambda: adapters.alerts.observe,
            Source.RESOURCE_HEALTH: lambda: adapters.resource_health.observe,
            Source.LOAD_TEST: lambda: adapters.load_tests.observe,
        }
        return {
            (GateReading, Source.METRICS): self._together(lambda: adapters.metrics.observe),
            **{(GateReading, source): self._each(observer) for source, observer in sources.items()},
            GatePast: self._each(lambda: self._past),
        }

    async def _past(self, fleet: Fleet, probe: GatePast, _now: datetime) -> Answer:
        """Each span by the gate's own source, as if it were the end of that span now: a request each."""
        asked = [
            (reading, self.observe(fleet, frozenset({reading}), until)) for reading, until in parts(probe)
        ]
        found = await asyncio.gather(*(looked for _, looked in asked))
        return joined(probe, [each[reading] for (reading, _), each in zip(asked, found, strict=True)])

    def _each(self, late: Late[One]) -> Many:
        """An observer of many probes from one that answers a single one: all at once, each by itself."""

        async def many(fleet: Fleet, probes: tuple[Any, ...], now: datetime) -> Mapping[Any, Answer]:
            observer = late()
            calls = (self._said(observer(fleet, probe, now), probe) for probe in probes)
            return dict(zip(probes, await asyncio.gather(*calls), strict=True))

        return many

    def _together(self, late: Late[Many]) -> Many:
        """An observer that answers many probes itself, and none if it fails."""

        async def many(fleet: Fleet, probes: tuple[Any, ...], now: datetime) -> Mapping[Any, Answer]:
            found = await self._said(late()(fleet, probes, now), probes[0])
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


def _observer(adapter: Callable[[SwitchKind], RecordSets | Switching], kind: SwitchKind) -> One:
    return adapter(kind).observe


def _owner(records: Callable[[SwitchKind], RecordSets], kind: SwitchKind) -> One:
    return records(kind).owner


def _moving_levers(adapters: Adapters) -> Mapping[Kind, Late[Performer]]:
    """What can be ordered of each kind of lever."""
    records, switch = adapters.records, adapters.switch
    performers: dict[Kind, Late[Performer]] = {}
    for kind in _RECORDS:
        performers[PointRecord, kind] = partial(lambda kind: records(kind).point, kind)
    for kind in _BALANCERS:
        performers[SetWeights, kind] = partial(lambda kind: switch(kind).weigh, kind)
        performers[SetMatch, kind] = partial(lambda kind: switch(kind).match, kind)
        performers[Purge, kind] = partial(lambda kind: switch(kind).purge, kind)
    return performers


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
