"""Workers that have just begun, as processes of their own, and what they have imported by the DNS write."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any


async def ran(script: str, given: dict[str, Any]) -> tuple[str, str]:
    """What a process of its own prints, and what it complains of."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await child.communicate(json.dumps(given).encode())
    return out.decode(), errors.decode()


COLD = """
import asyncio, json, ssl, sys
from datetime import datetime

given = json.load(sys.stdin)


class Clock:
    def now(self):
        return datetime.fromisoformat(given["now"])

    latest = now


class Credential:
    async def get_token(self, *scopes, **_):
        from azure.core.credentials import AccessToken

        return AccessToken(*given["token"])

    async def close(self):
        pass


class Topic:
    async def publish(self, entry):
        pass


async def main():
    from shared.actions import PointRecord
    from shared.api.intake import Intake
    from shared.azure.connection import Connection
    from shared.azure.world import AzureWorld
    from shared.engine import Engine
    from shared.signals import resources_of
    from shared.store.azure_tables import AzureTables
    from shared.store.table_store import TableStore

    class Watched(AzureWorld):
        async def perform(self, fleet, action, *, epoch):
            receipt = await super().perform(fleet, action, epoch=epoch)
            if isinstance(action, PointRecord):
                print(*sorted(sys.modules), flush=True)
                sys.exit(0)
            return receipt

    tls = ssl.create_default_context(cafile=given["ca"])
    connection = Connection(arm_endpoint=given["arm"], credential=Credential(), tls=tls)
    store = TableStore(AzureTables.from_connection_string(given["store"]), resources_of)
    intake = Intake(store, Engine(store, Watched(connection), Topic(), Clock()), Clock())
    await intake.alert(given["alert"], given["fleet"])


asyncio.run(main())
"""
"""A worker that has just begun: what it has imported when the record is written, it prints."""

WEBHOOK = """
import asyncio, json, os, sys

given = json.load(sys.stdin)
os.environ.update(given["environment"])

import azure.functions as func

import function_app
import shared.azure.world
from shared.actions import PointRecord


class Watched(shared.azure.world.AzureWorld):
    async def perform(self, fleet, action, *, epoch):
        receipt = await super().perform(fleet, action, epoch=epoch)
        if isinstance(action, PointRecord):
            print(*sorted(sys.modules), flush=True)
        return receipt


shared.azure.world.AzureWorld = Watched
triggers = {each.get_function_name(): each.get_user_function() for each in function_app.app.get_functions()}


async def main():
    if given["watched"]:
        asked = func.HttpRequest(method="GET", url="/api/health", body=b"")
        answer = await triggers["health"](asked)
        assert answer.status_code == 200, answer.get_body()
    body = json.dumps(given["alert"]).encode()
    posted = func.HttpRequest(method="POST", url="/api/alerts", params=given["params"], body=body)
    answer = await triggers["alerts"](posted)
    assert answer.status_code < 300, answer.get_body()


asyncio.run(main())
"""
"""The app as the host runs it: its health is asked for, or nothing is, and an action group posts an alert."""
