"""The values of a gate's keys that name its source: whom to ask, where that is no part of a slot.

What a source needs, and which of its resources make sense, is in `source_checks`.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from shared.fleet_file.values import arm_parts, described, pattern, text_that

AN_ENDPOINT = (
    "the query endpoint of an Azure Monitor workspace, such as "
    "https://NAME.REGION.prometheus.monitor.azure.com"
)
A_WORKSPACE = "a Log Analytics workspace's own id, a GUID such as 11111111-2222-3333-4444-555555555555"
A_RESOURCE = "the ARM id of a resource /subscriptions/…/resourceGroups/…/providers/…"

INGESTION_SECONDS = {"metrics": 120, "logs": 120, "prometheus": 120, "app_insights": 180, "alerts": 300}
"""How long the newest data of a source stays incomplete, where a gate does not say.

Platform metrics are there within a minute, what an agent in a cluster collects within two, and so is a scrape
of Prometheus's. A rule of an alert looks every minute at the five before. What the other sources say is
complete at once.
Sources: https://learn.microsoft.com/azure/azure-monitor/logs/data-ingestion-time,
https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-metric-overview
"""
ELSEWHERE_SECONDS = 180
"""Of Application Insights, a workspace, and what lies in no region
(https://learn.microsoft.com/azure/frontdoor/monitor-front-door)."""

RESOURCE_LOGS_SECONDS = 600
"""Of a gateway's own logs: Azure brings them within 3 to 10 minutes."""

_GUID = "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
# The identity's token goes there, so nobody else's host may be one; a rehearsal's is this machine's.
_ENDPOINT = re.compile(
    r"https://(?:(?:[A-Za-z0-9-]{1,63}\.)+prometheus\.monitor\.azure\.(?:com|us|cn)(?::443)?"
    r"|(?:localhost|127\.0\.0\.1|\[::1\])(?::[1-9][0-9]{0,4})?)"
)


def ingestion_seconds(source: str, target: str | None, given: int | None) -> int:
    """How long the newest data of a gate's source stays incomplete."""
    if source not in INGESTION_SECONDS:
        return 0  # What was asked just now is complete at once.
    if given is not None:
        return given
    if (source, target) == ("logs", "gateway"):
        return RESOURCE_LOGS_SECONDS
    return ELSEWHERE_SECONDS if target == "resource" else INGESTION_SECONDS[source]


def _is_endpoint(text: str) -> bool:
    try:
        return _ENDPOINT.fullmatch(text) is not None and urlsplit(text).port != 0
    except ValueError:  # a port above 65535, which the pattern lets through
        return False


Endpoint = Annotated[
    str,
    text_that(_is_endpoint, AN_ENDPOINT),
    described(AN_ENDPOINT, {"type": "string", "pattern": f"^{_ENDPOINT.pattern}$"}),
]
ResourceId = Annotated[
    str,
    text_that(lambda text: arm_parts(text) is not None, A_RESOURCE),
    described(A_RESOURCE, {"type": "string", "pattern": "^/subscriptions/[^/]+/resourceGroups/.+"}),
]
WorkspaceId = Annotated[str, *pattern(_GUID, A_WORKSPACE)]
