"""Hooks: a question is POSTed to an endpoint that the fleet declares, and its answer is a verdict or a delay.

Decides what is no answer: another status than 200, another shape, other words, a redirect, and more than a
few kilobytes. A hook that asked for time is left alone until it is over, however often a tick looks
meanwhile. Nothing of an answer is repeated to people but its word.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from shared.azure.connection import Connection
from shared.azure.errors import retry_after_seconds
from shared.azure.rest import send
from shared.check_rules import Hook
from shared.checks.hooks import HookAnswer, at_work, heard, promised, question, question_id
from shared.errors import Refused, Retry
from shared.fleet import Fleet
from shared.probes import GateReading, Reading

ANSWER_BYTES_MAX = 65_536
_PATIENT_MAX = 1_000


class Webhooks:
    """The hooks that gates ask. Who asks outside of a rollout has this process alone to remember by."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._patient: dict[str, datetime] = {}

    async def observe(self, fleet: Fleet, probe: GateReading, now: datetime) -> Reading:
        """One POST, or none while the hook asked for time. Raises Retry for anything that is no answer."""
        hook = probe.gate.check
        if not isinstance(hook, Hook):
            raise Refused(f"the gate {probe.gate.name} names no hook")
        question_of = question_id(fleet, probe)
        until = promised(question_of, probe) or self._patient.get(question_of, now)
        if now < until:
            return at_work(question_of, until, hook.url, now)
        reading = await self._asked(hook, question(fleet, probe), question_of, now)
        self._remember(question_of, reading, now)
        return reading

    async def _asked(self, hook: Hook, body: object, question_of: str, now: datetime) -> Reading:
        host = urlsplit(hook.url).hostname
        scope = f"{hook.audience}/.default" if hook.audience else ""
        proxy = self._connection.probe_proxy
        answer = await send(self._connection, "POST", hook.url, scope=scope, body=body, proxy=proxy)
        if answer.status_code != 200:
            raise Retry(
                f"the hook at {host} answered with status {answer.status_code}",
                retry_after_seconds(answer.headers),
            )
        content = answer.content
        if len(content) > ANSWER_BYTES_MAX:
            raise Retry(f"the hook at {host} answered with {len(content)} bytes, which is not its contract")
        try:
            said = msgspec.json.decode(content, type=HookAnswer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Retry(f"the hook at {host} answered with something that is not its contract") from None
        return heard(said, question_of, hook.url, now)

    def _remember(self, question_of: str, reading: Reading, now: datetime) -> None:
        self._patient.pop(question_of, None)
        if reading.again_seconds is None:
            return
        if len(self._patient) >= _PATIENT_MAX:
            self._patient.pop(next(iter(self._patient)))
        self._patient[question_of] = now + timedelta(seconds=reading.again_seconds)
