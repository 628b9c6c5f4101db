"""App settings: what `%NAME%` and a connection's name stand for.

Decides how a local settings file and the environment make one set of settings, and what a binding's text
means under it. Knows nothing of bindings, queues or the runtime. Values may be secrets: no message of this
module ever holds one.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from sandbox.host.errors import StartError

_EXPRESSION = re.compile(r"%([^%]*)%")

# The account that every Azurite has: published, the same everywhere, and good for nothing but Azurite.
AZURITE_ACCOUNT = "devstoreaccount1"
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


class Settings:
    """A lookup that ignores case and takes `:` and `__` for the same, as Azure's configuration does."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {_normal(name): value for name, value in values.items()}

    def get(self, name: str) -> str | None:
        """The setting of that name, None where there is none."""
        return self._values.get(_normal(name))

    def resolve(self, text: str) -> str:
        """`text` with every `%NAME%` replaced. Raises KeyError with the name of a missing setting."""

        def value(match: re.Match[str]) -> str:
            found = self.get(match[1])
            if found is None:
                raise KeyError(match[1])
            return found

        return _EXPRESSION.sub(value, text)

    def connection(self, name: str) -> str | None:
        """The storage connection string that a binding's `connection` names; None where there is none."""
        found = self.get(f"AzureWebJobs{name}") or self.get(name) or self.get(f"ConnectionStrings__{name}")
        if found is not None and found.strip().rstrip(";").lower() == "usedevelopmentstorage=true":
            return azurite_connection_string(blob=10000, queue=10001, table=10002)
        return found

    def has_identity_connection(self, name: str) -> bool:
        """Whether a binding's `connection` names a managed identity: this host has none."""
        return any(self.get(f"{name}__{part}") for part in ("queueServiceUri", "serviceUri", "accountName"))

    def is_disabled(self, function: str) -> bool:
        """Whether a setting switches that function off."""
        return (
            self.get(f"AzureWebJobs.{function}.Disabled")
            or self.get(f"AzureWebJobs__{function}__Disabled")
            or ""
        ).strip().lower() in ("true", "1")


def _normal(name: str) -> str:
    return name.lower().replace(":", "__")


def read_values(path: Path) -> dict[str, str]:
    """The `Values` of a local settings file. Raises StartError where it isn't one."""
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise StartError([f"{path}: {error}"]) from error
    if not isinstance(content, dict):
        raise StartError([f"{path}: not a JSON object"])
    if content.get("IsEncrypted"):
        raise StartError([f"{path}: IsEncrypted is true; this host reads plain values only"])
    values = content.get("Values", {})
    wrong = sorted(name for name, value in values.items() if not isinstance(value, str))
    if wrong:
        raise StartError(f"{path}: the value of '{name}' is not a string" for name in wrong)
    return dict(values)


def enter(values: Mapping[str, str]) -> Settings:
    """Make `values` part of the environment, which wins where both know a name, and read it back."""
    for name, value in values.items():
        os.environ.setdefault(name, value)
    return Settings(os.environ)


def azurite_connection_string(*, blob: int, queue: int, table: int) -> str:
    """The full connection string of an Azurite that listens on these ports of 127.0.0.1."""
    endpoints = {"Blob": blob, "Queue": queue, "Table": table}
    return f"DefaultEndpointsProtocol=http;AccountName={AZURITE_ACCOUNT};AccountKey={AZURITE_KEY};" + "".join(
        f"{service}Endpoint=http://127.0.0.1:{port}/{AZURITE_ACCOUNT};" for service, port in endpoints.items()
    )
