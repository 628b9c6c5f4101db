"""The only constructor of adapters: the system on a page.

Nothing is built before the first invocation needs it, and no SDK is imported before an adapter is used.
"""

from __future__ import annotations

import logging
import os
from functools import cache, partial
from typing import TYPE_CHECKING

from msgspec import Struct

from shared import settings as environment
from shared.api.handlers import Api
from shared.api.http import Handler, Request, respond
from shared.api.identity import caller
from shared.api.intake import Intake
from shared.clock import RehearsalClock, ServiceClock
from shared.engine import Engine
from shared.retention import Retention
from shared.settings import Settings
from shared.signals import resources_of

if TYPE_CHECKING:
    import azure.functions as func

    from shared.ports import Evidence, Publisher, Store, World


# The processes of a rehearsal share one machine and its clock; by the store's whole seconds they would be
# minutes apart at a rehearsal's pace.
_REHEARSAL_TRUST_SECONDS = 10.0


class System(Struct, frozen=True, kw_only=True):
    """Everything that the triggers call."""

    engine: Engine
    intake: Intake
    api: Api
    retention: Retention
    trusts_sign_in: bool


# A token, a key and a principal end here: nothing behind this module has them to log or to store.
_HEADERS = frozenset({"if-match", "idempotency-key", "webhook-request-origin"})


@cache
def system() -> System:
    """The system of this process. Raises Invalid for an environment that it cannot run in."""
    _hush()
    settings = environment.parse(os.environ)
    rehearsed = isinstance(settings.clock, RehearsalClock)
    clock = ServiceClock(settings.clock, trust_seconds=_REHEARSAL_TRUST_SECONDS if rehearsed else 0.0)
    store, evidence, world, publisher = _adapters(settings, clock)
    engine = Engine(store, world, publisher, clock)
    intake = Intake(store, engine, clock)
    return System(
        engine=engine,
        intake=intake,
        api=Api(store, evidence, intake, clock, world),
        retention=Retention(store, evidence, clock),
        trusts_sign_in=settings.trust_easy_auth,
    )


# What these say below a warning is requests and answers, with their headers and at times their bodies.
_TALKATIVE = (
    *(f"azure.{package}" for package in ("core", "data", "eventgrid", "identity", "mgmt", "monitor")),
    "aiohttp",
    "msal",
    "urllib3",
)


def _hush() -> None:
    """Keep tokens out of the log whatever its level is: a logger's own level outdoes the root's."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def _adapters(settings: Settings, clock: ServiceClock) -> tuple[Store, Evidence, World, Publisher]:
    from shared.azure.connection import Connection
    from shared.azure.topic import EventGridTopics
    from shared.azure.world import AzureWorld
    from shared.store.azure_tables import AzureTables
    from shared.store.evidence import EvidenceRows
    from shared.store.table_store import TableStore

    connection = Connection(
        arm_endpoint=settings.arm_endpoint,
        metrics_endpoint=settings.metrics_endpoint,
        logs_endpoint=settings.logs_endpoint,
        probe_proxy=settings.probe_proxy,
        dns_server=settings.dns_server,
        load_tests_endpoint=settings.load_tests_endpoint,
    )
    way = partial(connection.transport, json=False)
    if settings.storage_connection is not None:
        tables = AzureTables.from_connection_string(settings.storage_connection, clock=clock, transport=way)
    else:
        endpoint = settings.tables_endpoint or ""
        tables = AzureTables.from_endpoint(endpoint, connection.credential, clock=clock, transport=way)
    store, evidence = TableStore(tables, resources_of), EvidenceRows(tables)
    return store, evidence, AzureWorld(connection), EventGridTopics(connection)


async def serve(handler: Handler, request: func.HttpRequest) -> func.HttpResponse:
    """Hand an HTTP trigger's request to a handler and its response back."""
    import azure.functions as func

    headers = {name.lower(): value for name, value in request.headers.items()}
    response = await respond(
        handler,
        Request(
            method=request.method,
            path=dict(request.route_params),
            query={name: value for name, value in request.params.items() if name != "code"},
            headers={name: value for name, value in headers.items() if name in _HEADERS},
            body=request.get_body(),
            caller=caller(headers, trusted=system().trusts_sign_in),
        ),
    )
    return func.HttpResponse(
        response.body,
        status_code=response.status,
        headers=dict(response.headers),
        mimetype=response.content_type,
    )
