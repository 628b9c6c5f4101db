"""Who the person at the command line is, as a token. Decides where it comes from and never what it says.

`SWITCHYARD_TOKEN` is a token as it is. `SWITCHYARD_AUDIENCE` names the Entra application in front of
Switchyard, and the Azure CLI is asked for a token of whoever is signed in there. Neither: none is sent. A
token is never an option, because every process on the machine can read a command line.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping

from cli.client import Unreachable

TOKEN = "SWITCHYARD_TOKEN"  # noqa: S105 - the name of one
AUDIENCE = "SWITCHYARD_AUDIENCE"
_SECONDS_LEFT_MIN = 120.0
_AZ_SECONDS_MAX = 60.0


def tokens(environment: Mapping[str, str]) -> Callable[[], str] | None:
    """What gives a token at any time, None where nobody is to sign in."""
    given, audience = environment.get(TOKEN), environment.get(AUDIENCE)
    if given:
        return lambda: given
    return _AzureCli(audience) if audience else None


class _AzureCli:
    """Tokens of the Azure CLI's; each is used until it is about to expire."""

    def __init__(self, audience: str) -> None:
        self._scope = f"{audience.rstrip('/')}/.default"
        self._token = ""
        self._until = 0.0

    def __call__(self) -> str:
        """A token. Raises Unreachable with the Azure CLI's own words."""
        if time.time() > self._until - _SECONDS_LEFT_MIN:
            self._token, self._until = _ask(self._scope)
        return self._token


def _ask(scope: str) -> tuple[str, float]:
    """Source: https://learn.microsoft.com/cli/azure/account#az-account-get-access-token"""
    az = shutil.which("az")
    if az is None:
        raise Unreachable(f"cannot sign in: {AUDIENCE} is set and there is no Azure CLI; set {TOKEN} instead")
    try:
        ran = subprocess.run(  # noqa: S603 - the Azure CLI, without a shell
            [az, "account", "get-access-token", "--scope", scope, "--output", "json"],
            capture_output=True,
            text=True,
            timeout=_AZ_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unreachable(f"cannot sign in: the Azure CLI took over {_AZ_SECONDS_MAX:.0f} s") from error
    try:
        said = json.loads(ran.stdout)
        return str(said["accessToken"]), float(said.get("expires_on", 0))
    except (ValueError, KeyError, TypeError):
        # What it printed may hold a token, so only its complaint is passed on.
        why = ran.stderr.strip().splitlines()[:1] or ["it gave no token"]
        raise Unreachable(f"cannot sign in with the Azure CLI: {why[0]}") from None
