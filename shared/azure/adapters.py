"""The adapters to Azure, each imported and made when it is first asked for: a cold start is a user's wait.

Decides nothing. What each answers and performs is in `world`.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from shared.levers import SwitchKind

if TYPE_CHECKING:
    from shared.azure.activity_log import ActivityLog
    from shared.azure.aks import Clusters
    from shared.azure.alerts import Alerts
    from shared.azure.connection import Connection
    from shared.azure.deployments import Deployments
    from shared.azure.flux import Flux
    from shared.azure.freeze import Freezes
    from shared.azure.host_state import HostStates
    from shared.azure.http_probe import HttpProbe
    from shared.azure.kubernetes import ClusterChecks
    from shared.azure.load_test import LoadTests
    from shared.azure.loads import Loads
    from shared.azure.logs import Logs
    from shared.azure.metrics import Metrics
    from shared.azure.names import Names
    from shared.azure.network import Network
    from shared.azure.prometheus import Prometheus
    from shared.azure.record_sets import RecordSets
    from shared.azure.resource_health import ResourceHealth
    from shared.azure.run_command import RunCommands
    from shared.azure.switch import Switching
    from shared.azure.webhook import Webhooks


class Adapters:
    """One adapter of each kind on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._records: dict[SwitchKind, RecordSets] = {}
        self._switches: dict[SwitchKind, Switching] = {}

    def records(self, kind: SwitchKind) -> RecordSets:
        """The records of that kind of DNS."""
        if kind not in self._records:
            self._records[kind] = self._record_sets(kind)
        return self._records[kind]

    def switch(self, kind: SwitchKind) -> Switching:
        """The balancers of that kind."""
        if kind not in self._switches:
            self._switches[kind] = self._switching(kind)
        return self._switches[kind]

    @cached_property
    def clusters(self) -> Clusters:
        from shared.azure.aks import Clusters

        return Clusters(self._connection)

    @cached_property
    def deployments(self) -> Deployments:
        from shared.azure.deployments import Deployments

        return Deployments(self._connection)

    @cached_property
    def flux(self) -> Flux:
        from shared.azure.flux import Flux

        return Flux(self._connection)

    @cached_property
    def commands(self) -> RunCommands:
        from shared.azure.run_command import RunCommands

        return RunCommands(self._connection)

    @cached_property
    def freezes(self) -> Freezes:
        from shared.azure.freeze import Freezes

        return Freezes(self.commands)

    @cached_property
    def network(self) -> Network:
        from shared.azure.network import Network

        return Network(self._connection)

    @cached_property
    def names(self) -> Names:
        from shared.azure.names import Names

        return Names(self._connection)

    @cached_property
    def activity_log(self) -> ActivityLog:
        from shared.azure.activity_log import ActivityLog

        return ActivityLog(self._connection)

    @cached_property
    def host_states(self) -> HostStates:
        from shared.azure.host_state import HostStates

        return HostStates(self._connection)

    @cached_property
    def loads(self) -> Loads:
        from shared.azure.loads import Loads

        return Loads(self.metrics)

    @cached_property
    def metrics(self) -> Metrics:
        from shared.azure.metrics import Metrics

        return Metrics(self._connection)

    @cached_property
    def logs(self) -> Logs:
        from shared.azure.logs import Logs

        return Logs(self._connection)

    @cached_property
    def prometheus(self) -> Prometheus:
        from shared.azure.prometheus import Prometheus

        return Prometheus(self._connection)

    @cached_property
    def http_probe(self) -> HttpProbe:
        from shared.azure.http_probe import HttpProbe

        return HttpProbe(self._connection)

    @cached_property
    def webhooks(self) -> Webhooks:
        from shared.azure.webhook import Webhooks

        return Webhooks(self._connection)

    @cached_property
    def cluster_checks(self) -> ClusterChecks:
        from shared.azure.kubernetes import ClusterChecks

        return ClusterChecks(self._connection)

    @cached_property
    def alerts(self) -> Alerts:
        from shared.azure.alerts import Alerts

        return Alerts(self._connection)

    @cached_property
    def resource_health(self) -> ResourceHealth:
        from shared.azure.resource_health import ResourceHealth

        return ResourceHealth(self._connection)

    @cached_property
    def load_tests(self) -> LoadTests:
        from shared.azure.load_test import LoadTests

        return LoadTests(self._connection)

    def _record_sets(self, kind: SwitchKind) -> RecordSets:
        if kind is SwitchKind.PRIVATE_DNS:
            from shared.azure.private_dns import PrivateDns

            return PrivateDns(self._connection)
        from shared.azure.azure_dns import AzureDns

        return AzureDns(self._connection)

    def _switching(self, kind: SwitchKind) -> Switching:
        from shared.azure.switch import EdgeSwitching, Switching

        match kind:
            case SwitchKind.FRONT_DOOR:
                from shared.azure.front_door import FrontDoor

                return EdgeSwitching(FrontDoor(self._connection))
            case SwitchKind.FRONT_DOOR_CLASSIC:
                from shared.azure.front_door_classic import FrontDoorClassic

                return EdgeSwitching(FrontDoorClassic(self._connection))
            case SwitchKind.TRAFFIC_MANAGER:
                from shared.azure.traffic_manager import TrafficManager

                return Switching(TrafficManager(self._connection))
            case _:
                from shared.azure.application_gateway import ApplicationGateway

                return Switching(ApplicationGateway(self._connection))
