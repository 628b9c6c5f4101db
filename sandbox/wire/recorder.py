"""The record of what crossed the door, one JSON line an exchange.

Decides what a line holds: the URL in Azure's public form, both bodies as JSON, the answer's headers, and
nothing that is a secret. Refuses to judge an exchange.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from sandbox.wire.routing import Reply, Service

EVENT_GRID_HOST = "https://switchyard.{location}-1.eventgrid.azure.net"
HOSTS = {
    Service.ARM: "https://management.azure.com",
    Service.METRICS: "https://{location}.metrics.monitor.azure.com",
    Service.LOGS: "https://api.loganalytics.io",
    Service.PROMETHEUS: "https://switchyard-a1b2.{location}.prometheus.monitor.azure.com",
    Service.EVENT_GRID: EVENT_GRID_HOST,
    Service.LOAD_TESTS: "https://stand-in.{location}.cnt-prod.loadtesting.azure.com",
}


class Recorder:
    """Appends to one file; without a path it forgets everything."""

    def __init__(self, path: Path | None, location: str) -> None:
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None
        self._location = location

    def note(
        self,
        service: Service,
        method: str,
        base: str,
        target: str,
        version: str | None,
        request: Any,
        reply: Reply,
    ) -> None:
        """Write one exchange. `target` is path and query; `base` is what the client used for the host."""
        if self._file is None:
            return
        host = HOSTS[service].format(location=self._location)
        line = {
            "method": method,
            "url": host + target,
            "api-version": version,
            "request": _without_secrets(request),
            "status": reply.status,
            "response": reply.body,
            "response_headers": {name: value.replace(base, host) for name, value in reply.headers.items()},
        }
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _without_secrets(request: Any) -> Any:
    """A run command may carry a token for the cluster."""
    if isinstance(request, dict) and request.get("clusterToken"):
        return request | {"clusterToken": "redacted"}
    return request
