"""The API described in OpenAPI 3.1.

The shapes come from the types themselves, and who may do what from the table of `access`, so neither can
drift.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shared.api.access import OPEN, ROUTES, TABLE, Act, Role
from shared.api.rings import RingLook
from shared.api.schemas import REF, SCHEMAS, array, ref
from shared.api.scorecards import DAYS, DAYS_MAX
from shared.fleet import FLEET_NAME, Fleet
from shared.gates.scorecard import Line
from shared.model import FleetState, Judgement, Rollout
from shared.ports import AuditEntry, Judged
from stages.way_back import WayBack

_TYPES = (AuditEntry, Fleet, FleetState, Judged, Judgement, Line, RingLook, Rollout, WayBack)

_SCHEMES = {
    "entra": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of Microsoft Entra ID for the application in front of Switchyard. "
        "App Service Authentication verifies it. The roles are app roles of that application",
    },
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "The key of the one function, which the Functions host checks",
    },
}
_KEYED: list[dict[str, list[str]]] = [{"key": []}]
_SIGNED: list[dict[str, list[str]]] = [{"entra": []}]
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The ETag of a GET: the change is made over what was read there, or refused with 412",
}
_JUDGEMENTS = {
    "name": "judgements",
    "in": "query",
    "schema": {"type": "string", "enum": ["latest", "all"], "default": "latest"},
    "description": "The latest judgement of each gate, or every one",
}
_AFTER = {
    "name": "after",
    "in": "query",
    "schema": {"type": "string", "pattern": "^([0-9]{10}-[0-9]{2})?$"},
    "description": "The `next` of the page before; the first page without it",
}
_FLEET = {
    "name": "fleet",
    "in": "query",
    "schema": {"type": "string", "pattern": f"^{FLEET_NAME}$"},
    "description": "Whose alerts the webhook brings: a worker that knows no fleet yet reads that one. "
    "An alert on others' resources is taken all the same",
}
_DAYS = {
    "name": "days",
    "in": "query",
    "schema": {"type": "integer", "minimum": 1, "maximum": DAYS_MAX, "default": DAYS},
    "description": "How many days to look back",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The caller's own name for this command: said twice with the same one, it is said once",
}


def document(version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document. Source: https://spec.openapis.org/oas/v3.1.0"""
    _, components = msgspec.json.schema_components(_TYPES, ref_template=REF)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Switchyard", "version": version},
        "servers": [{"url": "/api"}],
        "paths": _paths(),
        "components": {
            "schemas": {**components, **SCHEMAS},
            "securitySchemes": _SCHEMES,
        },
    }


def _paths() -> dict[str, Any]:
    described = {**_machines(), **_people()}
    return {
        path: {"parameters": _parameters(path)}
        | {method: _guarded(method, path, operation) for method, operation in item.items()}
        for path, item in described.items()
    }


def _machines() -> dict[str, Any]:
    anything = {"type": "object"}
    events = {"oneOf": [anything, array(anything)]}
    taken = {"oneOf": [ref("Accepted"), ref("Handshake")]}
    named = {"parameters": [_FLEET]}
    return {
        "/health": {"get": _operation("liveness of the app and its store", "Health")},
        "/events": {"post": _operation("take Event Grid events or CloudEvents", taken, events)},
        "/alerts": {"post": {**_operation("take an Azure Monitor alert", "Accepted", anything), **named}},
        "/entra/events": {"post": _operation("the same from Event Grid with a token", taken, events)},
        "/entra/alerts": {
            "post": {
                **_operation("the same from an action group with a token", "Accepted", anything),
                **named,
            }
        },
    }


def _people() -> dict[str, Any]:
    fleet, rollout = "/fleets/{fleet}", "/fleets/{fleet}/rollouts/{rollout}"
    anything = {"type": "object"}
    rings = _operation(
        "apply a file with rings", "AppliedRings", anything, 409, 412, media="application/yaml"
    )
    commands = {
        f"{rollout}/{name}": {
            "post": {
                **_operation(f"{name} a rollout", "Answer", "Command", 404, 409, 412),
                "parameters": [_IF_MATCH, _IDEMPOTENCY_KEY],
            }
        }
        for name in ("promote", "pause", "resume", "rollback", "retry")
    }
    html = {"description": "the page", "content": {"text/html": {"schema": {"type": "string"}}}}
    return {
        "/page": {"get": {"summary": "the page that shows fleets", "responses": {"200": html}}},
        "/openapi.json": {"get": _operation("this document", anything)},
        "/fleets": {"get": _operation("all fleets", "Fleets")},
        fleet: {
            "get": _operation("a fleet and its state", "AppliedFleet", None, 404),
            "put": {
                **_created(
                    _operation("apply a fleet file", "Applied", anything, 412, media="application/yaml")
                ),
                "parameters": [_IF_MATCH],
            },
        },
        "/rings/{rings}": {
            "get": _operation("all rings of a file", "Rings", None, 404),
            "put": {**_created(rings), "parameters": [_IF_MATCH]},
        },
        f"{fleet}/rollouts": {
            "get": _operation("a fleet's rollouts", "Rollouts", None, 404),
            "post": {
                **_operation("start a rollout", "Answer", "Start", 404, 409, success=202),
                "parameters": [_IDEMPOTENCY_KEY],
            },
        },
        rollout: {
            "get": {
                **_operation("a rollout and its verdicts", "JudgedRollout", None, 404),
                "parameters": [_JUDGEMENTS],
            }
        },
        **_histories(fleet, rollout),
        **commands,
    }


def _histories(fleet: str, rollout: str) -> dict[str, Any]:
    """What is kept of rollouts, and of the time between them, and read when it is over."""
    return {
        f"{fleet}/readings": {
            "post": _operation("read what a gate asks, over past metrics", "PastReading", "AskedPast", 404)
        },
        f"{fleet}/audit": {"get": _operation("a fleet's audit trail", "Audit", None, 404)},
        f"{fleet}/scorecard": {
            "get": {
                **_operation("the ten measures of its last rollouts", "Scorecard", None, 400, 404),
                "parameters": [_DAYS],
            }
        },
        f"{rollout}/audit": {"get": _operation("its audit trail", "Audit", None, 404)},
        f"{rollout}/scorecard": {
            "get": _operation("its ten measures, once it is over", "Scorecard", None, 404, 409)
        },
        f"{rollout}/evidence": {
            "get": {
                **_operation("the evidence behind its verdicts", "Evidence", None, 400, 404),
                "parameters": [_AFTER],
            }
        },
    }


def _guarded(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation with who may ask for it, and what everybody else is told."""
    asked = ROUTES.get((method, path))
    if (method, path) in OPEN:
        return {**operation, "security": []}
    if asked is None:
        signed = path.startswith("/entra/")
        security = _SIGNED if signed else _KEYED
        return {**operation, "security": security, "responses": _refusals(operation, forbids=signed)}
    roles = [role for role in Role if any(role in TABLE[act] for act in asked.acts)]
    said = [f"To {act}: {_roles(act)}." for act in asked.acts]
    said += [f"To {asked.besides}: {_roles(asked.besides)} besides."] if asked.besides else []
    return {
        **operation,
        "description": " ".join(said),
        "security": [{"entra": [role]} for role in roles],
        "responses": _refusals(operation, forbids=True),
    }


def _roles(act: Act) -> str:
    return " or ".join(role for role in Role if role in TABLE[act])


def _refusals(operation: dict[str, Any], *, forbids: bool) -> dict[str, Any]:
    forbidden = {"403": _failure("whoever is verified may not do this")} if forbids else {}
    return {**operation["responses"], "401": _failure("nobody is verified"), **forbidden}


def _failure(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": ref("Problem")}}
    return {"description": description, "content": content}


def _parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("fleet", "rings", "rollout")
        if f"{{{name}}}" in path
    ]


def _created(operation: dict[str, Any]) -> dict[str, Any]:
    responses = operation["responses"]
    return {**operation, "responses": {**responses, "201": {**responses["200"], "description": "it is new"}}}


def _operation(
    summary: str,
    answer: dict[str, Any] | str,
    body: dict[str, Any] | str | None = None,
    *problems: int,
    success: int = 200,
    media: str = "application/json",
) -> dict[str, Any]:
    statuses = (*problems, *((400, 413) if body else ()), 503)
    failures = {str(status): _failure("a problem (RFC 9457)") for status in statuses}
    found = {"description": summary, "content": {"application/json": {"schema": _schema(answer)}}}
    operation: dict[str, Any] = {"summary": summary, "responses": {str(success): found, **failures}}
    if body is not None:
        operation["requestBody"] = {"content": {media: {"schema": _schema(body)}}}
    return operation


def _schema(named: dict[str, Any] | str) -> dict[str, Any]:
    return ref(named) if isinstance(named, str) else named
