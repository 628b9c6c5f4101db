"""What the stand-in's services answer when they refuse, in Azure Resource Manager's words.

Decides the HTTP status and the error code; refuses to know HTTP bodies and headers, which a door writes.
"""

from __future__ import annotations


class ArmError(Exception):
    """A refusal. `status` is the HTTP status, `code` ARM's error code, `str(error)` its message.

    Source: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
    """

    def __init__(
        self, status: int, code: str, message: str, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after_seconds = retry_after_seconds


class HostUnknown(Exception):
    """No record set answers for this host name: a client sees a failed name resolution."""


def not_found(resource_type: str, name: str, group: str) -> ArmError:
    """404 `ResourceNotFound`, in ARM's sentence."""
    what = f"The Resource '{resource_type}/{name}' under resource group '{group}' was not found."
    link = "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    return ArmError(404, "ResourceNotFound", f"{what} {link}")


def precondition_failed(message: str) -> ArmError:
    """412 `PreconditionFailed`."""
    return ArmError(412, "PreconditionFailed", message)
