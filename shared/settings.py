"""The environment, parsed once into a frozen value. All mistakes are reported at once.

There is no default storage: an app that does not know where its state lives must not start.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from shared.clock import RehearsalClock, SystemClock
from shared.errors import Invalid, Mistake

_STORAGE = "AzureWebJobsStorage"
_REHEARSAL = ("SWITCHYARD_CLOCK_ORIGIN", "SWITCHYARD_CLOCK_START", "SWITCHYARD_CLOCK_RATE")


class Settings(Struct, frozen=True, kw_only=True):
    """What the environment says. Exactly one of `storage_connection` and `tables_endpoint` is given."""

    storage_connection: str | None
    tables_endpoint: str | None
    arm_endpoint: str
    metrics_endpoint: str
    logs_endpoint: str
    probe_proxy: str | None
    dns_server: str | None
    load_tests_endpoint: str | None
    trust_easy_auth: bool
    clock: SystemClock | RehearsalClock


def parse(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises Invalid with every mistake."""
    mistakes: list[Mistake] = []
    connection = environment.get(_STORAGE) or None
    tables = environment.get(f"{_STORAGE}__tableServiceUri") or None
    if (connection is None) == (tables is None):
        got = "both" if connection else "neither"
        expected = "a connection string there or a table endpoint in AzureWebJobsStorage__tableServiceUri"
        mistakes.append(Mistake(_STORAGE, got, expected))
    arm = environment.get("SWITCHYARD_ARM_ENDPOINT", "https://management.azure.com")
    clock = _clock(environment, arm, mistakes)
    dns_server = _dns_server(environment, arm, mistakes)
    if mistakes:
        raise Invalid("the environment", tuple(mistakes))
    return Settings(
        storage_connection=connection,
        tables_endpoint=tables,
        arm_endpoint=arm,
        metrics_endpoint=environment.get(
            "SWITCHYARD_METRICS_ENDPOINT", "https://{location}.metrics.monitor.azure.com"
        ),
        logs_endpoint=environment.get("SWITCHYARD_LOGS_ENDPOINT", "https://api.loganalytics.io"),
        probe_proxy=environment.get("SWITCHYARD_PROBE_PROXY") or None,
        dns_server=dns_server,
        load_tests_endpoint=environment.get("SWITCHYARD_LOAD_TESTS_ENDPOINT") or None,
        trust_easy_auth=_easy_auth(environment),
        clock=clock,
    )


def _easy_auth(environment: Mapping[str, str]) -> bool:
    """Whether App Service Authentication is on: somebody said so, and the platform does not deny it.

    The platform sets `WEBSITE_AUTH_ENABLED`; that it does so on every plan is not documented.
    Source: https://learn.microsoft.com/azure/app-service/reference-app-settings
    """
    said = environment.get("SWITCHYARD_TRUST_EASY_AUTH", "").lower() == "true"
    return said and environment.get("WEBSITE_AUTH_ENABLED", "true").lower() == "true"


def _dns_server(environment: Mapping[str, str], arm_endpoint: str, mistakes: list[Mistake]) -> str | None:
    """Where a rehearsal's questions of the DNS go. Of the real names they would prove nothing there."""
    given = environment.get("SWITCHYARD_DNS_SERVER") or None
    if given is not None and not _on_loopback(arm_endpoint):
        expected = "nothing, unless Azure Resource Manager is a stand-in on loopback"
        mistakes.append(Mistake("SWITCHYARD_DNS_SERVER", given, expected))
    elif given is not None and not _is_loopback_endpoint(given):
        expected = "the address and port of a stand-in on loopback, such as 127.0.0.1:5353"
        mistakes.append(Mistake("SWITCHYARD_DNS_SERVER", given, expected))
    return given


def _is_loopback_endpoint(text: str) -> bool:
    try:
        parts = urlsplit(f"//{text}")
        return ip_address(parts.hostname or "").is_loopback and bool(parts.port)
    except ValueError:
        return False


def _clock(
    environment: Mapping[str, str], arm_endpoint: str, mistakes: list[Mistake]
) -> SystemClock | RehearsalClock:
    given = {name: environment[name] for name in _REHEARSAL if environment.get(name)}
    if not given:
        return SystemClock()
    if not _on_loopback(arm_endpoint):
        expected = "no rehearsal clock: it may run on a stand-in on loopback alone"
        mistakes.append(Mistake("SWITCHYARD_CLOCK_RATE", f"a clock for {arm_endpoint}", expected))
    mistakes.extend(
        Mistake(name, "nothing", "a value, because the others are given")
        for name in _REHEARSAL
        if name not in given
    )
    try:
        origin, start = (datetime.fromisoformat(given.get(name, "")) for name in _REHEARSAL[:2])
        rate = float(given.get(_REHEARSAL[2], ""))
        if origin.tzinfo is None or start.tzinfo is None or rate <= 0:
            raise ValueError(f"{origin.isoformat()}, {start.isoformat()}, {rate:g}")
    except ValueError as error:
        mistakes.append(
            Mistake("SWITCHYARD_CLOCK_*", str(error), "two ISO instants with a zone, and a rate above 0")
        )
        return SystemClock()
    return RehearsalClock(origin=origin, start=start, rate=rate)


def _on_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
