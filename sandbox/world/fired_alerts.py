"""The alerts that fire on a resource, as Alerts Management lists them, and what Resource Health says of it.

Decides both from the faults and the clusters. Refuses to send anything: `outgoing` does.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.world.clusters import Clusters
from sandbox.world.errors import not_found
from sandbox.world.estate import Estate, group_of, name_of
from sandbox.world.traffic import Traffic
from shared.checks.alerts import Alert
from shared.checks.health import Health
from shared.fleet import Slot

BEFORE = timedelta(days=1)


class FiredAlerts:
    """What Azure Monitor and Resource Health say of the candidate's and the live slot's resources."""

    def __init__(self, estate: Estate, clusters: Clusters, traffic: Traffic) -> None:
        self._estate = estate
        self._clusters = clusters
        self._traffic = traffic

    def firing(self, resource_id: str) -> list[Alert]:
        """The alerts that fire on a resource now. Raises ArmError 404 for a stranger's."""
        self._check(resource_id)
        faults, now = self._estate.faults, self._estate.now()
        candidate = self._estate.fleet.slot(self._estate.candidate)
        if resource_id.lower() != candidate.gateway_id.lower():
            return []
        found = []
        if faults.alert_before:
            fired_at = self._estate.started_at - BEFORE
            found.append(_alert("certificate-soon", resource_id, "Sev3", fired_at))
        first = self._traffic.first_users_at(candidate.name)
        if faults.alert_after_seconds is not None and first is not None:
            fired_at = first + timedelta(seconds=faults.alert_after_seconds)
            lasts = faults.alert_resolved_after_seconds
            over = lasts is not None and now >= fired_at + timedelta(seconds=lasts)
            if fired_at <= now and not over:
                rule = f"{name_of(resource_id)}-failed-requests"
                found.append(_alert(rule, resource_id, "Sev1", fired_at))
        return found

    def health(self, resource_id: str) -> Health:
        """Resource Health's word. Raises ArmError 404 for a resource that is not there."""
        self._check(resource_id)
        now = self._estate.now()
        if self._estate.slots_of_gateway(resource_id):
            return Health(state="Available", summary="The gateway is well.", reported_at=now)
        cluster = self._clusters.get(resource_id)
        if cluster.power == "Stopped":
            summary = "The cluster was stopped."
            return Health(state="Unavailable", summary=summary, cause="Customer Initiated", reported_at=now)
        slot = self._estate.slot_of_cluster(resource_id)
        if slot is not None and self._clusters.nodes_bad(slot):
            summary = "Some nodes are not ready."
            return Health(state="Degraded", summary=summary, cause="Platform Initiated", reported_at=now)
        return Health(state="Available", summary="The cluster is well.", reported_at=now)

    def _check(self, resource_id: str) -> None:
        slot: Slot | None = self._estate.slot_of_cluster(resource_id)
        if slot is None and not self._estate.slots_of_gateway(resource_id):
            raise not_found("Microsoft.Resources/resources", name_of(resource_id), group_of(resource_id))


def _alert(name: str, resource_id: str, severity: str, fired_at: datetime) -> Alert:
    subscription, group = resource_id.split("/")[2], group_of(resource_id)
    provider = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/microsoft.insights"
    return Alert(
        name=name, rule=f"{provider}/metricAlerts/{name}", severity=severity, state="New", fired_at=fired_at
    )
