"""One method per route: checks who asks, reads the request, asks the store or the engine, shapes the answer.

Nothing is read or changed for somebody who may not: who asks is checked first in every method for people. The
page alone is everybody's, because there is nothing in it.
Whoever calls a webhook was checked by the Functions host, by its key, or is by the method's own first line.
"""

from __future__ import annotations

import re
from typing import Any

from shared import signals
from shared.api import openapi, pasts, scorecards
from shared.api.access import ACTION_GROUPS, EVENT_GRID, Act, allowed, sent_by
from shared.api.applying import Applying, bare
from shared.api.http import Request, Response, reply
from shared.api.identity import Principal
from shared.api.intake import Intake
from shared.api.page import page
from shared.api.rings import look
from shared.errors import Conflict, NotFound, Refused, Superseded
from shared.fleet import FLEET_NAME
from shared.model import Judgement, Rollout, SignalKind
from shared.ports import Clock, Evidence, Row, Store, World
from shared.signals.body import shown
from stages.runbook import step_of
from stages.way_back import way_back

VERSION = "0.1.0"


class Api:
    """The HTTP API. Every method may raise an error of ours; `http.respond` turns it into a problem."""

    def __init__(self, store: Store, evidence: Evidence, intake: Intake, clock: Clock, world: World) -> None:
        self._store = store
        self._evidence = evidence
        self._intake = intake
        self._clock = clock
        self._world = world
        self._applying = Applying(store, clock)

    async def health(self, _request: Request) -> Response:
        """Is the store there, and what was refused since this worker started?"""
        active = sum(entry.active for entry in await self._intake.look())
        body = {"status": "ok", "version": VERSION, "now": self._clock.now(), "active_fleets": active}
        return reply({**body, "refused": dict(self._intake.refused)})

    async def page(self, _request: Request) -> Response:
        """The page that shows fleets in a browser. It holds no data: its script asks the routes below."""
        found = page()
        return Response(body=found.body, headers=found.headers, content_type="text/html")

    async def document(self, request: Request) -> Response:
        """This API in OpenAPI 3.1."""
        allowed(request.caller, Act.DESCRIBE)
        return reply(openapi.document(VERSION))

    async def list_fleets(self, request: Request) -> Response:
        """All fleets by name."""
        allowed(request.caller, Act.LIST_FLEETS)
        entries = await self._store.directory()
        return reply({"fleets": [{"name": entry.name, "active": entry.active} for entry in entries]})

    async def get_fleet(self, request: Request) -> Response:
        """A fleet as declared, and its state. `now` is Switchyard's own time."""
        allowed(request.caller, Act.SHOW_FLEET)
        row = await self._row(request)
        body = {"name": row.fleet.name, "fleet": row.fleet, "state": row.state, "pending": len(row.pending)}
        return reply({**body, "now": self._clock.now()}, etag=bare(row.fleet_etag))

    async def put_fleet(self, request: Request) -> Response:
        """Apply a fleet file; the answer says what is worth knowing of it. A rollout keeps its plan."""
        allowed(request.caller, Act.APPLY)
        from shared import fleet_file  # pydantic costs a cold start that only this route needs

        name = request.path["fleet"]
        fleet = fleet_file.parse(request.text())
        if fleet.name != name:
            raise Refused(f"fleet: got {fleet.name}, expected {shown(name)} as in the address")
        applied = await self._applying.fleet(fleet, request.caller, request.if_match())
        self._intake.forget()
        return reply(applied.body, 201 if applied.is_new else 200, etag=applied.etag)

    async def get_rings(self, request: Request) -> Response:
        """All rings of a file in order: which version each is on, what it does, what it waits for."""
        allowed(request.caller, Act.SHOW_RINGS)
        name = request.path["rings"]
        if re.fullmatch(FLEET_NAME, name) is None:
            raise NotFound(f"rings: got {shown(name)}, expected the name of an applied file with rings")
        known = await self._store.chain(name)
        body = {**await look(self._store, known), "now": self._clock.now()}
        return reply(body, etag=bare(known.etag))

    async def put_rings(self, request: Request) -> Response:
        """Apply a file with rings: the fleet of each, or none where one is wrong."""
        allowed(request.caller, Act.APPLY)
        from shared import fleet_file

        name = request.path["rings"]
        found = fleet_file.parse_rings(request.text())
        if found.name != name:
            raise Refused(f"rings: got {found.name}, expected {shown(name)} as in the address")
        try:
            applied = await self._applying.rings(name, found.fleets, request.caller, request.if_match())
        finally:
            self._intake.forget()
        return reply(applied.body, 201 if applied.is_new else 200, etag=applied.etag)

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
        """The webhook of an Azure Monitor action group. `?fleet=` says whose alerts it brings."""
        return _accepted(await self._intake.delivery(request.json(), request.query.get("fleet")))

    async def take_signed_events(self, request: Request) -> Response:
        """The same for Event Grid with an Entra token of its own in place of a key."""
        sent_by(request.caller, EVENT_GRID)
        return await self.take_events(request)

    async def take_signed_alert(self, request: Request) -> Response:
        """The same for an action group with an Entra token of its own in place of a key."""
        sent_by(request.caller, ACTION_GROUPS)
        return await self.take_alert(request)

    async def list_rollouts(self, request: Request) -> Response:
        """A fleet's rollouts, newest first."""
        allowed(request.caller, Act.LIST_ROLLOUTS)
        row = await self._row(request)
        return reply({"rollouts": await self._store.rollouts(row.fleet.name)})

    async def get_rollout(self, request: Request) -> Response:
        """One rollout, how long its way back takes, and the latest judgement of each gate.

        `?judgements=all` for every one.
        """
        allowed(request.caller, Act.SHOW_ROLLOUT)
        row = await self._row(request)
        rollout = await self._rollout(request, row)
        judgements = await self._store.judgements(row.fleet.name, rollout.id)
        if request.query.get("judgements") != "all":
            latest: dict[tuple[str, str], Judgement] = {(j.gate, j.slot): j for j in judgements}
            judgements = tuple(latest.values())
        current = _current(row, rollout)
        etag = str(row.state.epoch) if current else None
        plan = row.plan if current and row.plan is not None else row.fleet
        back = way_back(plan, rollout, self._clock.now())
        return reply({"rollout": rollout, "judgements": judgements, "way_back": back}, etag=etag)

    async def get_evidence(self, request: Request) -> Response:
        """A rollout's verdicts with all that is behind them, oldest first, page by page.

        `?after=` is the `next` of the page before.
        """
        allowed(request.caller, Act.SHOW_EVIDENCE)
        row = await self._row(request)
        rollout = await self._rollout(request, row)
        after = request.query.get("after", "")
        page = await self._evidence.page(row.fleet.name, rollout.id, after)
        return reply({"verdicts": page.verdicts, "next": page.next})

    async def get_audit(self, request: Request) -> Response:
        """The audit trail of a fleet, or of one of its rollouts."""
        of_rollout = request.path.get("rollout") is not None
        allowed(request.caller, Act.SHOW_ROLLOUT_AUDIT if of_rollout else Act.SHOW_FLEET_AUDIT)
        row = await self._row(request)
        wanted = (await self._rollout(request, row)).id if of_rollout else None
        return reply({"audit": await self._store.audit(row.fleet.name, wanted)})

    async def get_scorecard(self, request: Request) -> Response:
        """The ten measures of a rollout, or of a fleet's rollouts that ended in the last `?days=`."""
        of_rollout = request.path.get("rollout") is not None
        allowed(request.caller, Act.SHOW_ROLLOUT_SCORECARD if of_rollout else Act.SHOW_FLEET_SCORECARD)
        row = await self._row(request)
        if of_rollout:
            return reply(await scorecards.of_one(self._store, row, await self._rollout(request, row)))
        days = scorecards.days_of(request.query.get("days"))
        return reply(await scorecards.of_days(self._store, row, days, self._clock.now()))

    async def read_past(self, request: Request) -> Response:
        """What one gate asks, over one span of past time, on one slot. Nothing is kept of the answer."""
        person = allowed(request.caller, Act.READ_PAST)
        row = await self._row(request)
        now = self._clock.now()
        return reply(await pasts.read(self._world, row.fleet, request.json(), now, person.name))

    async def start_rollout(self, request: Request) -> Response:
        """A person starts a rollout."""
        person = allowed(request.caller, Act.START)
        body = request.json()
        if isinstance(body, dict) and body.get("lift_hold"):
            allowed(request.caller, Act.LIFT_HOLD)
        row = await self._row(request)
        return await self._command(SignalKind.START, person, request, row, None, 202)

    async def command(self, request: Request) -> Response:
        """A person promotes, pauses, resumes, rolls back or retries a rollout."""
        name = request.path["command"]
        person = allowed(request.caller, *_COMMANDS.get(name, (Act.SHOW_ROLLOUT,)))
        if name not in _COMMANDS:
            raise NotFound(f"command: got {shown(name)}, expected one of {', '.join(sorted(_COMMANDS))}")
        row = await self._row(request)
        rollout = await self._rollout(request, row)
        wanted = request.if_match()
        if wanted is not None and wanted != str(row.state.epoch):
            raise Superseded(f"If-Match: got {wanted}, but the rollout is at {row.state.epoch}")
        if name == SignalKind.PROMOTE:
            allowed(request.caller, Act.APPROVE if _asks(rollout) else Act.PROMOTE)
        return await self._command(SignalKind(name), person, request, row, rollout, 200)

    async def _command(
        self,
        kind: SignalKind,
        person: Principal,
        request: Request,
        row: Row,
        rollout: Rollout | None,
        status: int,
    ) -> Response:
        signal = signals.parse_command(
            kind,
            row.fleet.name,
            rollout.id if rollout is not None else None,
            request.json(),
            person.name,
            self._clock.now(),
            request.header("idempotency-key"),
            step=rollout.step if rollout is not None and kind is SignalKind.PROMOTE else None,
        )
        ticked = await self._intake.command(signal)
        # Another worker may have consumed it, or the key was used before: its row says what became of it.
        found = ticked.disposition(signal.id) or await self._store.disposition(row.fleet.name, signal.id)
        if found is not None and not found.applied:
            raise Conflict(found.because)
        because = found.because if found is not None else "stored; the next tick acts on it"
        answer: dict[str, Any] = {"signal": signal.id, "applied": found is not None, "because": because}
        return reply({**answer, "rollout": ticked.state.rollout}, status, etag=str(ticked.state.epoch))

    async def _row(self, request: Request) -> Row:
        name = request.path["fleet"]
        if re.fullmatch(FLEET_NAME, name) is None:
            raise NotFound(f"fleet: got {shown(name)}, expected the name of an applied fleet")
        return await self._store.load(name)

    async def _rollout(self, request: Request, row: Row) -> Rollout:
        wanted = request.path["rollout"]
        present = row.state.rollout
        if present is not None and wanted in ("current", present.id):
            return present
        for rollout in await self._store.rollouts(row.fleet.name):
            if rollout.id == wanted:
                return rollout
        raise NotFound(f"the fleet {row.fleet.name} has no rollout {shown(wanted)}")


_COMMANDS: dict[str, tuple[Act, ...]] = {
    SignalKind.PROMOTE: (Act.PROMOTE, Act.APPROVE),
    SignalKind.PAUSE: (Act.PAUSE,),
    SignalKind.RESUME: (Act.RESUME,),
    SignalKind.ROLLBACK: (Act.ROLL_BACK,),
    SignalKind.RETRY: (Act.RETRY,),
}


def _asks(rollout: Rollout) -> bool:
    """Whether it waits for somebody's approval, and not for a gate."""
    return rollout.outcome is None and step_of(rollout).approval


def _current(row: Row, rollout: Rollout) -> bool:
    return row.state.rollout is not None and row.state.rollout.id == rollout.id


def _accepted(found: signals.Batch) -> Response:
    accepted = [
        {"signal": s.id, "kind": s.kind, "fleet": s.fleet, "because": s.because} for s in found.signals
    ]
    return reply({"accepted": accepted, "refused": found.refused, "notices": found.notices})
