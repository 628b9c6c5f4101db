"""What the app declares, read from the metadata that the runtime indexed.

Decides whether this host can serve a function at all: a binding of a kind it doesn't know, or a setting
that is missing, is an error here rather than a function that silently never runs. It never invokes anything.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.host.errors import StartError
from sandbox.host.messages import RpcFunctionMetadata, RpcRetryOptions
from sandbox.host.settings import Settings

TRIGGERS = ("httpTrigger", "timerTrigger", "queueTrigger", "eventGridTrigger", "warmupTrigger")
OUTPUTS = ("http", "queue")
_VERBATIM = ("type", "direction", "name", "connection")


@dataclass(frozen=True, slots=True)
class Binding:
    """One binding with its settings resolved. `connection` is the connection string of a queue binding."""

    kind: str
    name: str
    options: Mapping[str, Any]
    connection: str = ""

    def __repr__(self) -> str:
        return f"Binding({self.kind} {self.name})"  # the connection string is a secret


@dataclass(frozen=True, slots=True)
class Retry:
    """A retry policy: at most `count_max` more attempts (-1: for ever)."""

    count_max: int
    fixed: timedelta | None = None
    least: timedelta = timedelta(0)
    most: timedelta = timedelta(days=1)

    def delay(self, attempt: int) -> timedelta:
        """How long to wait before retry number `attempt`, counted from 1."""
        if self.fixed is not None:
            return self.fixed
        doublings = min(attempt - 1, 30)  # beyond, a timedelta overflows
        return min(self.most, self.least * int(2**doublings))


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the host serves."""

    name: str
    id: str
    trigger: Binding
    outputs: tuple[Binding, ...] = ()
    retry: Retry | None = None
    disabled: bool = False


def read_functions(metadata: Iterable[RpcFunctionMetadata], settings: Settings) -> tuple[Function, ...]:
    """All functions of the app. Raises StartError with every reason why one can't be served."""
    problems: list[str] = []
    functions = [_function(item, settings, problems) for item in metadata]
    names = [function.name.lower() for function in functions if function is not None]
    problems += [
        f"function '{name}': the name is used twice" for name in sorted(set(names)) if names.count(name) > 1
    ]
    if problems:
        raise StartError(problems)
    return tuple(function for function in functions if function is not None)


def _function(metadata: RpcFunctionMetadata, settings: Settings, problems: list[str]) -> Function | None:
    raw = [json.loads(text) for text in metadata.raw_bindings]
    bindings = [_binding(metadata.name, item, settings, problems) for item in raw]
    triggers = [binding for binding in bindings if binding.kind in TRIGGERS]
    if len(triggers) != 1:
        problems.append(
            f"function '{metadata.name}': has {len(triggers)} triggers that this host serves, not one"
        )
        return None
    outputs = tuple(binding for binding in bindings if binding.kind in OUTPUTS)
    return Function(
        metadata.name,
        metadata.function_id,
        triggers[0],
        outputs,
        _retry(metadata.retry_options),
        settings.is_disabled(metadata.name),
    )


def _binding(function: str, raw: dict[str, Any], settings: Settings, problems: list[str]) -> Binding:
    kind, name = str(raw["type"]), str(raw["name"])
    where = f"function '{function}', binding '{name}'"
    known = OUTPUTS if str(raw["direction"]).upper() == "OUT" else TRIGGERS
    if kind not in known:
        problems.append(f"{where}: this host has no {str(raw['direction']).lower()} binding of type '{kind}'")
    options: dict[str, Any] = {}
    for key, value in raw.items():
        options[key] = value
        if isinstance(value, str) and key not in _VERBATIM:
            try:
                options[key] = settings.resolve(value)
            except KeyError as missing:
                problems.append(f"{where}: {key} '{value}' needs the setting {missing}, which is not set")
    connection = ""
    if kind in ("queueTrigger", "queue"):
        connection = _connection(where, options, settings, problems)
    return Binding(kind, name, options, connection)


def _connection(where: str, options: Mapping[str, Any], settings: Settings, problems: list[str]) -> str:
    queue = str(options.get("queueName", ""))
    if "{" in queue:
        problems.append(
            f"{where}: queueName '{queue}' holds a binding expression, which this host doesn't fill in"
        )
    name = str(options.get("connection") or "AzureWebJobsStorage")
    found = settings.connection(name)
    if found is None and settings.has_identity_connection(name):
        problems.append(
            f"{where}: connection '{name}' is identity based; this host needs a connection string"
        )
    elif not found:
        problems.append(f"{where}: connection needs the setting '{name}', which is not set")
    return found or ""


def _retry(options: RpcRetryOptions | None) -> Retry | None:
    if options is None:
        return None
    if options.retry_strategy == "fixed_delay":
        return Retry(int(options.max_retry_count), fixed=options.delay_interval)
    return Retry(int(options.max_retry_count), least=options.minimum_interval, most=options.maximum_interval)
