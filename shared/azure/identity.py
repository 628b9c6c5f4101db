"""Tokens, and what is said when there is none.

Decides that a credential's failure is for later, and keeps its words to itself: some of them hold the answer
of the identity endpoint, and with it a token. Refuses to know where a credential has its tokens from.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Self

from shared.azure.errors import said
from shared.errors import Retry, SwitchyardError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
    from azure.core.credentials_async import AsyncTokenCredential


class Identity:
    """A credential whose every failure is a Retry. `owned` ones are closed with it."""

    def __init__(self, credential: AsyncTokenCredential, *, owned: bool) -> None:
        self._credential = credential
        self._owned = owned

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token for the scope. Raises Retry."""
        return await _usable(scopes, self._credential.get_token(*scopes, **options))

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """A token for the scope, with what is known of it. Raises Retry."""
        from azure.core.credentials import AccessTokenInfo

        if hasattr(self._credential, "get_token_info"):
            return await _usable(scopes, self._credential.get_token_info(*scopes, options=options or {}))
        return AccessTokenInfo(*await self.get_token(*scopes))

    async def close(self) -> None:
        """Close the credential if it is owned."""
        if self._owned:
            await self._credential.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _usable[T: (AccessToken, AccessTokenInfo)](scopes: tuple[str, ...], call: Awaitable[T]) -> T:
    try:
        found = await call
    except (TimeoutError, SwitchyardError):
        raise
    except Exception as error:
        raise Retry(f"there is no token for {', '.join(scopes)}: {_reason(error)}") from error
    token: object = found.token
    # An endpoint that says `null` or a number would have the word for it sent on.
    if not isinstance(token, str) or not token:
        raise Retry(f"there is no token for {', '.join(scopes)}: the identity endpoint's answer holds none")
    return found


def _reason(error: Exception) -> str:
    from azure.core.exceptions import IncompleteReadError, ServiceRequestError, ServiceResponseError

    if isinstance(error, ServiceRequestError | ServiceResponseError | IncompleteReadError):
        return str(error)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is None:
        return "sign in, or give the app a managed identity"
    if status >= 400:
        return f"the identity endpoint answered with status {status}: {said(error)}"
    return "the identity endpoint's answer holds none"
