"""What a conflict means where another operation is being carried out: wait, and ask again.

Decides that a 409 of a service that takes one change at a time is for later, whatever reason it gives, but
for one that says nothing of the resource (`errors.is_hidden`). Refuses to know how long an operation takes:
whoever asks says when to ask again, where the service does not.

Sources: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors,
https://github.com/Azure/azure-service-operator/issues/4668 (Traffic Manager's words)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.azure.errors import code_of, is_hidden, retry_after_seconds, said
from shared.errors import Retry

_CONFLICT = 409


@contextmanager
def patient(busy_seconds: float) -> Iterator[None]:
    """Let a conflict be for later: after what the service asks for, else after `busy_seconds`.

    Nothing of it is for a person here to resolve, and so it is with a control plane that takes no changes at
    all, as Front Door's for a week in 2025. Raises Retry.
    """
    from azure.core.exceptions import HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        if error.status_code != _CONFLICT or not code_of(error) or is_hidden(error):
            raise
        response: Any = error.response
        raise Retry(said(error), retry_after_seconds(response.headers) or busy_seconds) from error
