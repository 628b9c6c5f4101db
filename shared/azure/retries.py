"""How the SDKs repeat requests: reads twice and soon, writes never, and nothing that was told to wait.

A write that may have arrived is decided again by the engine, which looks first. A wait that the service asks
for would be slept, and paid for, inside the invocation: it becomes a wake-up instead (`errors.Retry`).

Import it from inside a function: it loads azure.core.
"""

from __future__ import annotations

from typing import Any

from azure.core.pipeline.policies import AsyncRetryPolicy


class BriefRetryPolicy(AsyncRetryPolicy[Any, Any]):
    """Repeats a GET at once and again after 0.4 s on 408, 500, 502 to 504 and on a lost connection."""

    def __init__(self) -> None:
        super().__init__(retry_total=2, retry_read=1, retry_backoff_factor=0.2, retry_backoff_max=1)

    def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
        """Whether an answer is worth asking again at once."""
        answer = response.http_response
        if answer.status_code == 429 or answer.headers.get("Retry-After"):
            return False
        return super().is_retry(settings, response)

    def _is_method_retryable(self, settings: dict[str, Any], request: Any, response: Any = None) -> bool:
        return str(request.method).upper() in ("GET", "HEAD")
