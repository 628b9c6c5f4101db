"""The bodies of the API that are no value of the product's: commands, answers and problems, as JSON Schema.

Decides their fields, and that there are no others. What they hold of a rollout or a fleet is described by the
types themselves (`openapi`).
"""

from __future__ import annotations

from typing import Any

REF = "#/components/schemas/{name}"

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_INSTANT = {"type": "string", "format": "date-time"}
_WHO: dict[str, Any] = {
    "by": {**_TEXT, "deprecated": True, "description": "Counts for nothing: the sign-in says who it is"},
    "note": _TEXT,
}


def ref(name: str) -> dict[str, str]:
    """A reference to one of the document's schemas."""
    return {"$ref": REF.format(name=name)}


def array(items: dict[str, Any]) -> dict[str, Any]:
    """An array of such items."""
    return {"type": "array", "items": items}


def exactly(optional: tuple[str, ...] = (), **properties: dict[str, Any]) -> dict[str, Any]:
    """An object with these properties and no others; all of them are there but the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_ACCEPTED = exactly(
    accepted=array(exactly(signal=_TEXT, kind=_TEXT, fleet=_TEXT, because=_TEXT)),
    refused={
        **array(exactly(event=_COUNT, because=_TEXT)),
        "description": "What was refused of an array, by its place, counted from 0: nothing of it is stored",
    },
    notices={
        **array(_TEXT),
        "description": "What the sender should put right, though nothing was lost by it",
    },
)
_MISTAKE = exactly(path=_TEXT, value=_TEXT, expected=_TEXT, line=_or_null({"type": "integer"}))

SCHEMAS: dict[str, dict[str, Any]] = {
    "Command": {"type": "object", "properties": _WHO, "additionalProperties": False},
    "Start": exactly(
        ("by", "note", "template_version", "lift_hold"),
        **_WHO,
        version={**_TEXT, "examples": ["1.32.6"]},
        template_version=_TEXT,
        lift_hold={"type": "boolean", "default": False},
    ),
    "Answer": exactly(
        signal=_TEXT, applied={"type": "boolean"}, because=_TEXT, rollout=_or_null(ref("Rollout"))
    ),
    "Accepted": _ACCEPTED,
    "Handshake": exactly(validationResponse=_TEXT),
    "Health": exactly(
        status=_TEXT,
        version=_TEXT,
        now=_INSTANT,
        active_fleets=_COUNT,
        refused={
            "type": "object",
            "additionalProperties": _COUNT,
            "description": "How many events and alerts this worker has refused",
        },
    ),
    "Fleets": exactly(fleets=array(exactly(name=_TEXT, active={"type": "boolean"}))),
    "AppliedFleet": exactly(
        name=_TEXT,
        fleet=ref("Fleet"),
        state=ref("FleetState"),
        pending={**_COUNT, "description": "How many signals wait"},
        now=_INSTANT,
    ),
    "Applied": exactly(
        name=_TEXT,
        etag=_TEXT,
        notices={**array(_TEXT), "description": "What is right and still worth knowing, a sentence each"},
    ),
    "AppliedRings": exactly(
        name=_TEXT,
        etag=_TEXT,
        fleets={**array(ref("Applied")), "description": "The fleet of each ring, in order"},
        left={**array(_TEXT), "description": "Fleets that were rings of this name and are none any more"},
        notices=array(_TEXT),
    ),
    "Rings": exactly(
        name=_TEXT,
        rings=array(ref("RingLook")),
        left=array(ref("RingLook")),
        notices=array(_TEXT),
        now=_INSTANT,
    ),
    "Rollouts": exactly(rollouts=array(ref("Rollout"))),
    "JudgedRollout": exactly(
        rollout=ref("Rollout"), judgements=array(ref("Judgement")), way_back=ref("WayBack")
    ),
    "Evidence": exactly(
        verdicts=array(ref("Judged")),
        next={**_or_null(_TEXT), "description": "Where the next page begins; null after the last"},
    ),
    "AskedPast": exactly(
        gate={
            "type": "object",
            "description": "A gate in the words of the fleet file, whose limits do not matter; its source is "
            "metrics, logs, prometheus or app_insights",
        },
        slot=_TEXT,
        since={**_INSTANT, "description": "A whole minute"},
        until={**_INSTANT, "description": "A whole minute, by a day at most after since"},
    ),
    "PastReading": exactly(
        gate=_TEXT,
        slot=_TEXT,
        since=_INSTANT,
        until=_INSTANT,
        source={**_TEXT, "description": "The query as it was sent"},
        samples=array(ref("Sample")),
        unavailable={**_or_null(_TEXT), "description": "Why the source gave no answer; null where it did"},
    ),
    "Scorecard": exactly(
        fleet=_TEXT,
        days={**_or_null(_COUNT), "description": "How many days it looks back; null for one rollout"},
        rollouts=array(_TEXT),
        measures={**array(ref("Line")), "description": "M1 to M10 of the guide, in order"},
    ),
    "Audit": exactly(audit=array(ref("AuditEntry"))),
    "Problem": exactly(
        ("mistakes",),
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
        mistakes=array(_MISTAKE),
    ),
}
