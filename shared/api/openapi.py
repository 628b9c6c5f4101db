"""The API described in OpenAPI 3.1.

The shapes come from the types themselves, and who may do what from the table of `access`, so neither can
drift.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shared.api.access import ROUTES, TABLE, Act, Role
from shared.fleet import Fleet
from shared.model import FleetState, Judgement, Rollout
from shared.ports import AuditEntry

_REF = "#/components/schemas/{name}"
_TYPES = (AuditEntry, Fleet, FleetState, Judgement, Rollout)

_WHO: dict[str, Any] = {
    "by": {
        "type": "string",
        "deprecated": True,
        "description": "Counts for nothing: the sign-in says who it is",
    },
    "note": {"type": "string"},
}
_COMMAND = {"type": "object", "properties": _WHO}
_START = {
    "type": "object",
    "required": ["version"],
    "properties": {
        **_WHO,
        "version": {"type": "string", "examples": ["1.32.6"]},
        "template_version": {"type": "string"},
        "lift_hold": {"type": "boolean", "default": False},
    },
}
_ANSWER = {
    "type": "object",
    "required": ["signal", "applied", "because"],
    "properties": {
        "signal": {"type": "string"},
        "applied": {"type": "boolean"},
        "because": {"type": ["string", "null"]},
        "rollout": {"anyOf": [{"$ref": "#/components/schemas/Rollout"}, {"type": "null"}]},
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "mistakes": {"type": "array", "items": {"type": "object"}},
    },
}
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
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The caller's own name for this command: said twice with the same one, it is said once",
}


def document(version: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document. Source: https://spec.openapis.org/oas/v3.1.0"""
    _, components = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    schemas = {**components, "Problem": _PROBLEM, "Command": _COMMAND, "Start": _START, "Answer": _ANSWER}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Switchyard", "version": version},
        "servers": [{"url": "/api"}],
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": _SCHEMES,
        },
    }


def _paths() -> dict[str, Any]:
    fleet, rollout = "/fleets/{fleet}", "/fleets/{fleet}/rollouts/{rollout}"
    anything = {"type": "object"}
    events = {"oneOf": [anything, {"type": "array", "items": anything}]}
    commands = {
        f"{rollout}/{name}": {
            "post": {
                **_operation(f"{name} a rollout", _ref("Answer"), "Command", 404, 409, 412),
                "parameters": [_IF_MATCH, _IDEMPOTENCY_KEY],
            }
        }
        for name in ("promote", "pause", "resume", "rollback", "retry")
    }
    described = {
        "/health": {"get": _operation("liveness of the app and its store", anything)},
        "/openapi.json": {"get": _operation("this document", anything)},
        "/events": {"post": _operation("take Event Grid events or CloudEvents", anything, events)},
        "/alerts": {"post": _operation("take an Azure Monitor alert", anything, anything)},
        "/entra/events": {"post": _operation("the same from Event Grid with a token", anything, events)},
        "/entra/alerts": {
            "post": _operation("the same from an action group with a token", anything, anything)
        },
        "/fleets": {"get": _operation("all fleets", anything)},
        fleet: {
            "get": _operation("a fleet and its state", anything, None, 404),
            "put": {
                **_created(
                    _operation("apply a fleet file", anything, anything, 412, media="application/yaml")
                ),
                "parameters": [_IF_MATCH],
            },
        },
        f"{fleet}/audit": {
            "get": _operation("a fleet's audit trail", _list("audit", "AuditEntry"), None, 404)
        },
        f"{fleet}/rollouts": {
            "get": _operation("a fleet's rollouts", _list("rollouts", "Rollout"), None, 404),
            "post": {
                **_operation("start a rollout", _ref("Answer"), "Start", 404, 409, success=202),
                "parameters": [_IDEMPOTENCY_KEY],
            },
        },
        rollout: {"get": _operation("a rollout and its verdicts", anything, None, 404)},
        f"{rollout}/audit": {"get": _operation("its audit trail", _list("audit", "AuditEntry"), None, 404)},
        **commands,
    }
    return {
        path: {"parameters": _parameters(path)}
        | {method: _guarded(method, path, operation) for method, operation in item.items()}
        for path, item in described.items()
    }


def _guarded(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    """The operation with who may ask for it, and what everybody else is told."""
    asked = ROUTES.get((method, path))
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
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {"description": description, "content": content}


def _parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("fleet", "rollout")
        if f"{{{name}}}" in path
    ]


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(name=name)}


def _list(key: str, name: str) -> dict[str, Any]:
    return {"type": "object", "properties": {key: {"type": "array", "items": _ref(name)}}}


def _created(operation: dict[str, Any]) -> dict[str, Any]:
    responses = operation["responses"]
    return {**operation, "responses": {**responses, "201": {**responses["200"], "description": "it is new"}}}


def _operation(
    summary: str,
    answer: dict[str, Any],
    body: dict[str, Any] | str | None = None,
    *problems: int,
    success: int = 200,
    media: str = "application/json",
) -> dict[str, Any]:
    statuses = (*problems, *((400, 413) if body else ()), 503)
    failures = {str(status): _failure("a problem (RFC 9457)") for status in statuses}
    found = {"description": summary, "content": {"application/json": {"schema": answer}}}
    operation: dict[str, Any] = {"summary": summary, "responses": {str(success): found, **failures}}
    if body is not None:
        schema = _ref(body) if isinstance(body, str) else body
        operation["requestBody"] = {"content": {media: {"schema": schema}}}
    return operation
