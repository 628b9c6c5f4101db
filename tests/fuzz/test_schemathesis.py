"""What schemathesis makes of the API's own document: every operation answers, and only as documented.

It knows nothing of us but the document: it draws what that allows and what it forbids, and judges by it.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from shared.api import openapi
from shared.api.http import Response
from tests.fuzz.cases import Case
from tests.fuzz.checks import documented
from tests.fuzz.estate import Estate
from tests.fuzz.run import SCENES


def _all(document: schemathesis.BaseSchema) -> list[schemathesis.APIOperation[Any, Any, Any, Any]]:
    """Every operation, in the order of the document; one that schemathesis cannot read is a mistake in it."""
    found = list(document.get_all_operations())
    readable = [each.ok() for each in found if isinstance(each, Ok)]
    assert len(readable) == len(found), "the document has an operation that cannot be read"
    return readable


BASE_URL = "https://switchyard.test/api"
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
DOCUMENT = schemathesis.openapi.from_dict(json.loads(msgspec.json.encode(openapi.document("0"))))
OPERATIONS = {each.label: each for each in _all(DOCUMENT)}
# The page takes nothing and knows nobody: there is no request for it that is wrong.
DRAWN = [
    (mode, label)
    for mode in GenerationMode
    for label in OPERATIONS
    if (mode, label) != (GenerationMode.NEGATIVE, "GET /page")
]
NAMES = st.sampled_from(("contoso", "current", "contoso-0001"))
"""What is there: a name that is drawn from the document alone names nothing."""


def as_ours(drawn: schemathesis.Case[Any], sent: requests.PreparedRequest) -> Case:
    """The same request as the handlers get it."""
    body = sent.body or b""
    assert isinstance(body, bytes | str), "nothing is streamed"
    route = drawn.operation.path
    return Case(
        method=drawn.method.upper(),
        route=route,
        body=body.encode() if isinstance(body, str) else body,
        path={**{name: str(value) for name, value in drawn.path_parameters.items()}, "command": _last(route)},
        headers={name.lower(): str(value) for name, value in sent.headers.items()},
        query={name: str(value) for name, value in (drawn.query or {}).items()},
    )


def as_theirs(answer: Response, sent: requests.PreparedRequest) -> schemathesis.Response:
    """Our answer as schemathesis judges it."""
    headers = {name.lower(): [value] for name, value in answer.headers.items()}
    return schemathesis.Response(
        status_code=answer.status,
        headers={**headers, "content-type": [answer.content_type]},
        content=answer.body,
        request=sent,
        elapsed=0.0,
        verify=True,
    )


def _last(route: str) -> str:
    return re.sub(r".*/", "", route)


@pytest.mark.parametrize(("mode", "label"), DRAWN)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_every_operation_keeps_to_the_document(label: str, mode: GenerationMode, data: st.DataObject) -> None:
    drawn = data.draw(OPERATIONS[label].as_strategy(generation_mode=mode))
    for name in drawn.path_parameters:
        if data.draw(st.booleans()):
            drawn.path_parameters[name] = data.draw(NAMES)
    scene = data.draw(st.sampled_from(SCENES))
    sent = requests.Request(**drawn.as_transport_kwargs(base_url=BASE_URL)).prepare()
    case = as_ours(drawn, sent)

    async def answered() -> Response:
        seen = await (await Estate().reach(scene)).send(case)
        assert seen.response is not None
        documented(case, seen.response)
        return seen.response

    drawn.validate_response(as_theirs(asyncio.run(answered()), sent), checks=CHECKS)
