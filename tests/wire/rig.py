"""A stand-in over HTTPS with a clock that a test moves, and the real SDK clients on it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgspec
from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from azure.core.exceptions import HttpResponseError

from sandbox.wire.server import Wire
from sandbox.world import Faults, World
from shared.fleet import Exposure, Fleet
from shared.levers import Record, RecordType, SlotName, SwitchKind
from tests.fleets import BLUE, FLEET, GREEN, SUBSCRIPTION, record, slot
from tests.world.manual_clock import ManualClock

NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-network/providers/Microsoft.Network"
CLUSTERS = {s: FLEET.slot(s).cluster_id for s in (BLUE, GREEN)}
GATEWAYS = {s: FLEET.slot(s).gateway_id for s in (BLUE, GREEN)}
TEMPLATE = f"{FLEET.provisioner.template_spec_id}/versions/1.4.0"
DEPLOYMENT: dict[str, Any] = {
    "properties": {
        "mode": "Incremental",
        "templateLink": {"id": TEMPLATE},
        "parameters": {"clusterName": {"value": "aks-green"}, "kubernetesVersion": {"value": "1.32.6"}},
    }
}


class Credential:
    """The managed identity's tokens, without the way to them. `resource` replaces what a client asks for."""

    def __init__(self, wire: Wire, resource: str | None = None) -> None:
        self._wire = wire
        self._resource = resource

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token for the first scope."""
        return AccessToken(*self._wire.token(self._resource or scopes[0].removesuffix("/.default")))

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """The same."""
        return AccessTokenInfo(*await self.get_token(*scopes))

    async def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Nothing is open."""


class Rig:
    """A started wire with its world and its clock."""

    def __init__(self, world: World, wire: Wire, clock: ManualClock, stack: AsyncExitStack) -> None:
        self.world = world
        self.wire = wire
        self.clock = clock
        self._stack = stack

    async def client(self, kind: Callable[..., Any], **options: Any) -> Any:
        """A client of an azure-mgmt package that does not wait between polls; closed with the rig."""
        made = kind(
            options.pop("credential", Credential(self.wire)),
            SUBSCRIPTION,
            base_url=self.wire.arm_endpoint,
            connection_verify=str(self.wire.ca_file),
            polling_interval=0,
            **options,
        )
        return await self._stack.enter_async_context(made)

    async def metrics(self) -> Any:
        """The metrics client."""
        from azure.monitor.querymetrics.aio import MetricsClient

        return await self._data_plane(
            MetricsClient(
                self.wire.metrics_endpoint,
                Credential(self.wire),
                connection_verify=str(self.wire.ca_file),
            )
        )

    async def logs(self) -> Any:
        """The logs client."""
        from azure.monitor.query.aio import LogsQueryClient

        return await self._data_plane(
            LogsQueryClient(
                Credential(self.wire),
                endpoint=self.wire.logs_endpoint,
                connection_verify=str(self.wire.ca_file),
            )
        )

    async def topic(self, credential: Any = None) -> Any:
        """The publisher of the topic."""
        from azure.eventgrid.aio import EventGridPublisherClient

        return await self._data_plane(
            EventGridPublisherClient(
                self.wire.topic_endpoint,
                credential or Credential(self.wire),
                connection_verify=str(self.wire.ca_file),
                retry_total=0,
            )
        )

    async def arm(
        self, method: str, path: str, version: str, *, body: Any = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, Any]:
        """A plain request to ARM: its status and its JSON, None without a body."""
        token = (await Credential(self.wire).get_token("https://management.azure.com/.default")).token
        query = {"api-version": version}
        status, answer, _ = await self.request(method, path, query, token, body=body, headers=headers)
        return status, answer

    async def request(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        token: str | None,
        *,
        body: Any = None,
        headers: Mapping[str, str] = {},
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Any request to the door: status, JSON and headers."""
        trust = ssl.create_default_context(cafile=self.wire.ca_file)
        sent = {**headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        url = self.wire.arm_endpoint + path
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, params=query, headers=sent, json=body, ssl=trust) as answer,
        ):
            return answer.status, json.loads(await answer.read() or "null"), answer.headers

    async def _data_plane(self, client: Any) -> Any:
        return await self._stack.enter_async_context(client)

    def deploy_green(self) -> None:
        """The candidate's cluster is up."""
        parameters = {"clusterName": "aks-green", "kubernetesVersion": "1.32.6"}
        self.world.deployments.put("rg-aks-green", "earlier", TEMPLATE, parameters)
        self.clock.pass_seconds(self.world.estate.timings.deploy_seconds)


async def begin(
    stack: AsyncExitStack, directory: Path, fleet: Fleet, faults: Faults, record: Path | None
) -> Rig:
    """Start a rig that ends with `stack`."""
    clock = ManualClock()
    world = World(fleet, clock, faults=faults)
    wire = await stack.enter_async_context(Wire(world, clock, record=record, directory=directory))
    return Rig(world, wire, clock, stack)


def refusal(error: HttpResponseError) -> tuple[int | None, Any]:
    """The status of a refusal and Azure's code for it."""
    body = answer(error).json()
    return error.status_code, body.get("error", body).get("code")


def answer(error: HttpResponseError) -> Any:
    """The response behind an error."""
    return error.response


def private_fleet() -> Fleet:
    """The fleet with its records in a private zone."""

    def moved(name: str) -> Record:
        zone_id = f"{NETWORK}/privateDnsZones/priv.contoso.com"
        return Record(
            kind=SwitchKind.PRIVATE_DNS, zone_id=zone_id, name=name, type=RecordType.A, ttl_seconds=300
        )

    def moved_slot(name: SlotName, address: str) -> Any:
        return msgspec.structs.replace(slot(name), host=moved(f"aks-{name}"), address=address)

    return msgspec.structs.replace(
        FLEET,
        exposure=Exposure.PRIVATE,
        live_records=(moved("aks"),),
        slots=(moved_slot(BLUE, "10.20.1.10"), moved_slot(GREEN, "10.20.1.20")),
    )


def addressed_fleet() -> Fleet:
    """The fleet whose slots have their addresses from public IP resources."""

    def moved(name: SlotName) -> Any:
        public_ip_id = f"{NETWORK}/publicIPAddresses/pip-agw-{name}"
        return msgspec.structs.replace(slot(name), address=None, public_ip_id=public_ip_id)

    return msgspec.structs.replace(FLEET, live_records=(record("aks"),), slots=(moved(BLUE), moved(GREEN)))


def aliased_fleet() -> Fleet:
    """The fleet whose live record and slots' host names are aliases of the slots' public IP resources."""
    addressed = addressed_fleet()

    def aliased(each: Record) -> Record:
        return msgspec.structs.replace(each, alias=True)

    return msgspec.structs.replace(
        addressed,
        live_records=tuple(map(aliased, addressed.live_records)),
        slots=tuple(msgspec.structs.replace(each, host=aliased(each.host)) for each in addressed.slots),
    )
