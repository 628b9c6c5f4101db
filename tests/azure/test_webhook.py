"""A hook's answers: its three words count, and anything else is no answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from sandbox.wire.tls import Authority
from shared.azure.connection import Connection
from shared.azure.webhook import Webhooks
from shared.azure.world import AzureWorld
from shared.check_rules import Hook
from shared.errors import Retry
from shared.fleet import Source
from shared.gates import judge
from shared.model import Verdict
from shared.probes import GateReading, Unavailable
from tests.azure.asking import ASKING, gate
from tests.azure.credential import FixedCredential, context
from tests.fleets import FLEET, GREEN
from tests.world.manual_clock import START, VERSION


class Hooked:
    """A hook that answers as it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[], web.Response] = web.Response
        self.url = ""

    def says(self, text: str, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        """Answer with this from now on."""

        def answer() -> web.Response:
            return web.Response(status=status, text=text, content_type=kind, headers=headers)

        self.answer = answer

    async def handle(self, request: web.Request) -> web.Response:
        """Keep the question."""
        self.bodies.append(json.loads(await request.text()))
        self.headers.append(dict(request.headers))
        return self.answer()


@asynccontextmanager
async def hooked(directory: Path) -> AsyncIterator[tuple[Hooked, Connection]]:
    """A hook on loopback, and a connection that trusts it."""
    authority, hook = Authority(directory), Hooked()
    app = web.Application()
    app.router.add_post("/{path:.*}", hook.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=authority.server_context("localhost")).start()
    hook.url = f"https://localhost:{runner.addresses[0][1]}/hooks/shop"
    connection = Connection(credential=FixedCredential(), tls=context(authority))
    try:
        yield hook, connection
    finally:
        await connection.aclose()
        await runner.cleanup()


def question(url: str, audience: str = "") -> GateReading:
    """A hook's question about the candidate."""
    return GateReading(gate(Source.WEBHOOK, Hook(url=url, audience=audience)), GREEN, START, ASKING)


@pytest.mark.parametrize(("word", "verdict"), [("SUCCEEDED", Verdict.PASS), ("FAILED", Verdict.FAIL)])
async def test_a_hooks_word_is_the_verdict(tmp_path: Path, word: str, verdict: Verdict) -> None:
    async with hooked(tmp_path) as (hook, connection):
        hook.says(json.dumps({"hookStatus": word, "hookDetails": {"token": "s3cret"}}))
        asked = question(hook.url)
        reading = await Webhooks(connection).observe(FLEET, asked, START)
    judged = judge(asked.gate, GREEN, reading, START)
    assert judged.verdict is verdict
    assert "s3cret" not in repr(judged)
    if verdict is Verdict.FAIL:
        assert "the hook says FAILED" in judged.because


async def test_a_hook_is_told_what_it_is_asked_about_and_knows_a_repeat(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (hook, connection):
        hook.says('{"hookStatus": "SUCCEEDED"}')
        hooks = Webhooks(connection)
        for asked in (question(hook.url), question(hook.url)):
            await hooks.observe(FLEET, asked, START)
        later = msgspec.structs.replace(question(hook.url), since=START + timedelta(hours=1))
        await hooks.observe(FLEET, later, START)
        first, again, retried = hook.bodies
    assert first == again
    assert first["id"] != retried["id"]
    assert {key: first[key] for key in first if key != "id"} == {
        "fleet": "contoso",
        "rollout": "contoso-0007",
        "version": VERSION,
        "stage": "T2",
        "step": "functional_tests",
        "gate": "asked",
        "slot": "green",
        "host": "aks-green.contoso.com",
    }
    assert all("Authorization" not in headers for headers in hook.headers)


async def test_a_hook_gets_a_token_only_for_the_audience_that_the_fleet_declares(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (hook, connection):
        hook.says('{"hookStatus": "SUCCEEDED"}')
        await Webhooks(connection).observe(FLEET, question(hook.url, "api://hooks"), START)
        assert hook.headers[0]["Authorization"] == "Bearer api://hooks/.default"


async def test_a_hook_that_is_at_work_is_asked_again_no_earlier_than_it_says(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (hook, connection):
        hooks, asked = Webhooks(connection), question(hook.url)
        hook.says('{"hookStatus": "IN_PROGRESS", "callBackDelay": 90}')
        first = await hooks.observe(FLEET, asked, START)
        assert (first.samples, first.again_seconds) == ((), 90)
        assert judge(asked.gate, GREEN, first, START).verdict is Verdict.NO_DATA
        hook.says('{"hookStatus": "SUCCEEDED"}')
        early = await hooks.observe(FLEET, asked, START + timedelta(seconds=60))
        assert (early.samples, early.again_seconds, len(hook.bodies)) == ((), 30, 1)
        late = await hooks.observe(FLEET, asked, START + timedelta(seconds=90))
        assert [sample.value for sample in late.samples] == [0]


async def test_another_worker_leaves_a_hook_at_work_alone_and_a_retried_step_does_not(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (hook, connection):
        asked = question(hook.url)
        hook.says('{"hookStatus": "IN_PROGRESS", "callBackDelay": 90}')
        first = await Webhooks(connection).observe(FLEET, asked, START)
        told = msgspec.structs.replace(ASKING, receipts=first.receipts or ())
        again = msgspec.structs.replace(asked, asking=told)
        early = await Webhooks(connection).observe(FLEET, again, START + timedelta(seconds=89))
        assert (early.samples, early.again_seconds, early.receipts) == ((), 1, first.receipts)
        assert len(hook.bodies) == 1
        retried = msgspec.structs.replace(again, since=START + timedelta(seconds=80))
        await Webhooks(connection).observe(FLEET, retried, START + timedelta(seconds=81))
        assert len(hook.bodies) == 2
        hook.says('{"hookStatus": "SUCCEEDED"}')
        late = await Webhooks(connection).observe(FLEET, again, START + timedelta(seconds=90))
        assert ([sample.value for sample in late.samples], late.receipts) == ([0], ())


@pytest.mark.parametrize("receipt", ["", "x", "x y", "90", " 2026-11-21T09:01:30", "c-1 c-2"])
async def test_a_receipt_that_says_nothing_keeps_nobody_from_asking(tmp_path: Path, receipt: str) -> None:
    async with hooked(tmp_path) as (hook, connection):
        hook.says('{"hookStatus": "SUCCEEDED"}')
        told = msgspec.structs.replace(ASKING, receipts=(receipt,))
        asked = msgspec.structs.replace(question(hook.url), asking=told)
        reading = await Webhooks(connection).observe(FLEET, asked, START)
        assert [sample.value for sample in reading.samples] == [0]


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ('{"hookStatus": "OK"}', {}),
        ('{"hookStatus": "succeeded"}', {}),
        ('{"hookStatus": null}', {}),
        ('{"hookStatus": ["SUCCEEDED"]}', {}),
        ('{"status": "SUCCEEDED"}', {}),
        ('"SUCCEEDED"', {}),
        ("[]", {}),
        ("", {}),
        ("SUCCEEDED", {"kind": "text/plain"}),
        ("{", {}),
        ('{"hookStatus": "SUCCEEDED"}', {"status": 201}),
        ('{"hookStatus": "SUCCEEDED"}', {"status": 400}),
        ('{"hookStatus": "SUCCEEDED"}', {"status": 500}),
        ('{"hookStatus": "SUCCEEDED"}', {"status": 302, "Location": "/elsewhere"}),
        ('{"hookStatus": "IN_PROGRESS", "callBackDelay": -1}', {}),
        ('{"hookStatus": "IN_PROGRESS", "callBackDelay": 1e9}', {}),
        ('{"hookStatus": "IN_PROGRESS", "callBackDelay": "soon"}', {}),
        ('{"hookStatus": "SUCCEEDED", "x": "' + "y" * 70_000 + '"}', {}),
        ('{"hookStatus": "SUCCEEDED", "x": "' + "y" * 10_000_000 + '"}', {}),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_not_in_the_contract_never_passes(
    tmp_path: Path, text: str, more: dict[str, Any]
) -> None:
    async with hooked(tmp_path) as (hook, connection):
        hook.says(text, **more)
        asked = question(hook.url)
        seen = (await AzureWorld(connection).observe(FLEET, frozenset({asked}), START))[asked]
    assert isinstance(seen, Unavailable), seen
    assert judge(asked.gate, GREEN, seen, START).verdict is Verdict.PROVIDER_ERROR
    assert "yyyy" not in seen.because


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"hookStatus": "OK"}, "says 'OK', and not SUCCEEDED, FAILED or IN_PROGRESS"),
        ({"hookStatus": "succeeded"}, "says 'succeeded', and not SUCCEEDED"),
        ({"hookStatus": ""}, "says '', and not SUCCEEDED"),
        ({"hookStatus": "sk-live-0123456789"}, "says another word, and not SUCCEEDED"),
        ({"hookStatus": "x" * 21}, "says another word, and not SUCCEEDED"),
        (
            {"hookStatus": "IN_PROGRESS", "callBackDelay": -1},
            "wants to be asked again in -1 s, and not in 0 to 3600",
        ),
        ({"hookStatus": "IN_PROGRESS", "callBackDelay": 3601}, "wants to be asked again in 3601 s"),
    ],
)
async def test_a_word_that_is_not_in_the_contract_is_named_where_it_is_no_more_than_a_word(
    tmp_path: Path, answer: dict[str, Any], words: str
) -> None:
    async with hooked(tmp_path) as (hook, connection):
        hook.says(json.dumps(answer))
        with pytest.raises(Retry, match=f"the hook at localhost {words}"):
            await Webhooks(connection).observe(FLEET, question(hook.url), START)


@pytest.mark.parametrize(
    ("more", "seconds"), [({}, 30), ({"callBackDelay": 0}, 0), ({"callBackDelay": 3600}, 3600)]
)
async def test_a_hook_at_work_is_left_alone_for_as_long_as_it_says_or_30_s(
    tmp_path: Path, more: dict[str, float], seconds: float
) -> None:
    async with hooked(tmp_path) as (hook, connection):
        hooks, asked = Webhooks(connection), question(hook.url)
        hook.says(json.dumps({"hookStatus": "IN_PROGRESS", **more}))
        first = await hooks.observe(FLEET, asked, START)
        assert (first.samples, first.again_seconds) == ((), seconds)
        for at, questions in ((seconds - 1, 1), (seconds, 2)):
            await hooks.observe(FLEET, asked, START + timedelta(seconds=max(at, 0)))
            assert len(hook.bodies) == questions + (seconds == 0)


async def test_a_hook_that_is_too_busy_says_when_it_is_asked_again(tmp_path: Path) -> None:
    async with hooked(tmp_path) as (hook, connection):
        hook.says("busy", 429, "text/plain", **{"Retry-After": "45"})
        with pytest.raises(Retry) as caught:
            await Webhooks(connection).observe(FLEET, question(hook.url), START)
    assert caught.value.after_seconds == 45
