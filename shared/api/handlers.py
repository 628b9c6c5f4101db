"""One method per route: reads the request, asks the store or the engine, shapes the answer."""

from __future__ import annotations

from typing import Any

from shared import signals
from shared.api import openapi
from shared.api.http import Request, Response, reply
from shared.api.intake import Intake
from shared.errors import Conflict, NotFound, Refused, Superseded
from shared.model import Judgement, Rollout, SignalKind
from shared.ports import Clock, Row, Store

VERSION = "0.1.0"


class Api:
    """The HTTP API. Every method may raise an error of ours; `http.respond` turns it into a problem."""

    def __init__(self, store: Store, intake: Intake, clock: Clock, *, trust_easy_auth: bool = False) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock
        self._trust_easy_auth = trust_easy_auth

    async def health(self, _request: Request) -> Response:
        """Is the store there, and what was refused since this worker started?"""
        active = await self._store.directory(active_only=True)
        body = {"status": "ok", "version": VERSION, "now": self._clock.now(), "active_fleets": len(active)}
        return reply({**body, "refused": dict(self._intake.refused)})

    async def document(self, _request: Request) -> Response:
        """This API in OpenAPI 3.1."""
        return reply(openapi.document(VERSION))

    async def list_fleets(self, _request: Request) -> Response:
        """All fleets by name."""
        entries = await self._store.directory()
        return reply({"fleets": [{"name": entry.name, "active": entry.active} for entry in entries]})

    async def get_fleet(self, request: Request) -> Response:
        """A fleet as declared, and its state."""
        row = await self._row(request)
        body = {"name": row.fleet.name, "fleet": row.fleet, "state": row.state, "pending": len(row.pending)}
        return reply(body, etag=_bare(row.fleet_etag))

    async def put_fleet(self, request: Request) -> Response:
        """Apply a fleet file. A rollout in flight keeps the plan that it started with."""
        from shared import fleet_file  # pydantic costs a cold start that only this route needs

        name = request.path["fleet"]
        text = request.text()
        fleet = fleet_file.parse(text)
        if fleet.name != name:
            raise Refused(f"fleet: got {fleet.name}, expected {name} as in the address")
        known = {entry.name for entry in await self._store.directory()}
        now = self._clock.now()
        wanted = request.if_match()
        stored = f'W/"{wanted}"' if wanted is not None else None
        etag = _bare(await self._store.apply(fleet, if_match=stored, now=now))
        self._intake.forget()
        return reply({"name": name, "etag": etag}, 200 if name in known else 201, etag=etag)

    async def take_events(self, request: Request) -> Response:
        """A webhook for Event Grid: handshakes, Event Grid schema and CloudEvents."""
        if request.method == "OPTIONS":
            origin = request.header("webhook-request-origin") or "*"
            headers = {
                "WebHook-Allowed-Origin": origin,
                "WebHook-Allowed-Rate": "*",
                "Allow": "POST, OPTIONS",
            }
            return Response(headers=headers)
        body = request.json()
        code = signals.validation_code(body)
        if code is not None:
            return reply({"validationResponse": code})
        return _accepted(await self._intake.batch(body))

    async def take_alert(self, request: Request) -> Response:
        """The webhook of an Azure Monitor action group."""
        return _accepted(signals.Batch(await self._intake.alert(request.json())))

    async def list_rollouts(self, request: Request) -> Response:
        """A fleet's rollouts, newest first."""
        row = await self._row(request)
        return reply({"rollouts": await self._store.rollouts(row.fleet.name)})

    async def get_rollout(self, request: Request) -> Response:
        """One rollout with the latest judgement of each gate; `?judgements=all` for every one."""
        row = await self._row(request)
        rollout = await self._rollout(request, row)
        judgements = await self._store.judgements(row.fleet.name, rollout.id)
        if request.query.get("judgements") != "all":
            latest: dict[tuple[str, str], Judgement] = {(j.gate, j.slot): j for j in judgements}
            judgements = tuple(latest.values())
        etag = str(row.state.epoch) if _current(row, rollout) else None
        return reply({"rollout": rollout, "judgements": judgements}, etag=etag)

    async def get_audit(self, request: Request) -> Response:
        """The audit trail of a fleet, or of one of its rollouts."""
        row = await self._row(request)
        wanted = None
        if request.path.get("rollout") is not None:
            wanted = (await self._rollout(request, row)).id
        return reply({"audit": await self._store.audit(row.fleet.name, wanted)})

    async def start_rollout(self, request: Request) -> Response:
        """A person starts a rollout."""
        row = await self._row(request)
        return await self._command(SignalKind.START, request, row, None, 202)

    async def command(self, request: Request) -> Response:
        """A person promotes, pauses, resumes, rolls back or retries a rollout."""
        row = await self._row(request)
        rollout = await self._rollout(request, row)
        wanted = request.if_match()
        if wanted is not None and wanted != str(row.state.epoch):
            raise Superseded(f"If-Match: got {wanted}, but the rollout is at {row.state.epoch}")
        name = request.path["command"]
        if name not in _VERBS:
            raise NotFound(f"there is no command {name}; expected one of {', '.join(sorted(_VERBS))}")
        return await self._command(SignalKind(name), request, row, rollout.id, 200)

    async def _command(
        self, kind: SignalKind, request: Request, row: Row, rollout: str | None, status: int
    ) -> Response:
        now = self._clock.now()
        body = request.json() or {}
        key = request.header("idempotency-key")
        signal = signals.parse_command(kind, row.fleet.name, rollout, body, self._by(request, body), now, key)
        ticked = await self._intake.command(signal)
        # Another worker may have consumed it, or the key was used before: its row says what became of it.
        found = ticked.disposition(signal.id) or await self._store.disposition(row.fleet.name, signal.id)
        if found is not None and not found.applied:
            raise Conflict(found.because)
        because = found.because if found is not None else "stored; the next tick acts on it"
        answer: dict[str, Any] = {"signal": signal.id, "applied": found is not None, "because": because}
        return reply({**answer, "rollout": ticked.state.rollout}, status, etag=str(ticked.state.epoch))

    def _by(self, request: Request, body: Any) -> str | None:
        if self._trust_easy_auth:
            return request.header("x-ms-client-principal-name")
        return body.get("by") if isinstance(body, dict) else None

    async def _row(self, request: Request) -> Row:
        return await self._store.load(request.path["fleet"])

    async def _rollout(self, request: Request, row: Row) -> Rollout:
        wanted = request.path["rollout"]
        present = row.state.rollout
        if present is not None and wanted in ("current", present.id):
            return present
        for rollout in await self._store.rollouts(row.fleet.name):
            if rollout.id == wanted:
                return rollout
        raise NotFound(f"the fleet {row.fleet.name} has no rollout {wanted}")


_VERBS = frozenset({"promote", "pause", "resume", "rollback", "retry"})


def _bare(etag: str) -> str:
    """The value inside a weak etag of the store, which an HTTP client gets and sends as a strong one."""
    return etag.removeprefix("W/").strip('"')


def _current(row: Row, rollout: Rollout) -> bool:
    return row.state.rollout is not None and row.state.rollout.id == rollout.id


def _accepted(found: signals.Batch) -> Response:
    accepted = [
        {"signal": s.id, "kind": s.kind, "fleet": s.fleet, "because": s.because} for s in found.signals
    ]
    return reply({"accepted": accepted, "refused": found.refused})
