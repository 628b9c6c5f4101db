"""Refusals on the wire: which status, body and headers each service writes for one.

Decides formats alone. What is refused, and why, is the world's word (`sandbox.world.errors`) or the door's.
"""

from __future__ import annotations

from typing import Any

from sandbox.world.errors import ArmError
from sandbox.world.settings import Family


class BadRequest(ArmError):
    """400, decided by the door before the world is asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(400, code, message)


class Unauthorized(Exception):
    """401. `challenge` becomes the WWW-Authenticate header."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.challenge = (
            'Bearer authorization_uri="https://login.windows.net/", error="invalid_token", '
            f'error_description="{message}"'
        )


def error_body(code: str, message: str) -> dict[str, Any]:
    """The error of ARM, Azure Monitor and Event Grid.

    Source: https://github.com/microsoft/api-guidelines/blob/vNext/azure/Guidelines.md#handling-errors
    """
    return {"error": {"code": code, "message": message}}


def refusal(error: ArmError, families: tuple[Family, ...]) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and headers of a refusal. Throttling has a code of its own in ARM and a shape of its own in AKS.

    Sources: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling,
    https://learn.microsoft.com/azure/aks/quotas-skus-regions#throttling-limits-on-aks-resource-provider-apis
    """
    headers: dict[str, str] = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(round(error.retry_after_seconds))
    if error.status == 429 and Family.AKS in families:
        return {"code": "Throttled", "message": str(error)}, headers
    if error.status == 429 and Family.ARM in families:
        headers["x-ms-ratelimit-remaining-subscription-reads"] = "0"
        return error_body("SubscriptionRequestsThrottled", str(error)), headers
    return error_body(error.code, str(error)), headers
