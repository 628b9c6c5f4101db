"""Event and alert bodies as Azure sends them, composed from their documented fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def version_available(cluster_id: str, version: str, at: datetime, *, event_id: str) -> dict[str, Any]:
    """`...NewKubernetesVersionAvailable` of a cluster in Event Grid schema, one event without its array."""
    raise NotImplementedError


def resource_written(resource_id: str, at: datetime, *, event_id: str) -> dict[str, Any]:
    """`Microsoft.Resources.ResourceWriteSuccess` in Event Grid schema, one event without its array."""
    raise NotImplementedError


def to_cloud_event(event: dict[str, Any]) -> dict[str, Any]:
    """The same event in CloudEvents 1.0."""
    raise NotImplementedError


def metric_alert(
    resource_id: str,
    fired_at: datetime,
    *,
    alert_guid: str,
    resolved_at: datetime | None = None,
    value: float = 0.0,
    severity: str = "Sev1",
) -> dict[str, Any]:
    """A metric alert in the common schema: Fired, or Resolved when `resolved_at` is given."""
    raise NotImplementedError
