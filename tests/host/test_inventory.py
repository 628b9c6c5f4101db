"""The functions of an app as the host reads them, and what keeps it from starting."""

import json
from datetime import timedelta
from typing import Any

import pytest

from sandbox.host.errors import StartError
from sandbox.host.inventory import Retry, read_functions
from sandbox.host.messages import RpcFunctionMetadata, RpcRetryOptions
from sandbox.host.settings import Settings

TIMER = {"direction": "IN", "type": "timerTrigger", "name": "timer", "schedule": "%WHEN%"}
QUEUE = {"direction": "IN", "type": "queueTrigger", "name": "msg", "queueName": "q", "connection": "Here"}


def declared(
    name: str, *bindings: dict[str, Any], retry: RpcRetryOptions | None = None
) -> RpcFunctionMetadata:
    return RpcFunctionMetadata(
        name=name,
        function_id=f"id-{name}",
        raw_bindings=[json.dumps(item) for item in bindings],
        retry_options=retry,
    )


def test_resolves_what_a_binding_says() -> None:
    settings = Settings({"WHEN": "0 * * * * *", "Here": "secret connection"})
    timer, queue = read_functions([declared("t", TIMER), declared("q", QUEUE)], settings)
    assert timer.trigger.options["schedule"] == "0 * * * * *"
    assert queue.trigger.connection == "secret connection"
    assert "secret" not in repr(queue)


@pytest.mark.parametrize(
    ("binding", "settings", "complaint"),
    [
        (
            TIMER,
            {},
            "function 'f', binding 'timer': schedule '%WHEN%' needs the setting 'WHEN', which is not set",
        ),
        (QUEUE, {}, "function 'f', binding 'msg': connection needs the setting 'Here', which is not set"),
        (QUEUE, {"Here__queueServiceUri": "https://x"}, "connection 'Here' is identity based"),
        (QUEUE | {"queueName": "{name}"}, {"Here": "c"}, "queueName '{name}' holds a binding expression"),
        (TIMER | {"type": "blobTrigger"}, {"WHEN": "x"}, "no in binding of type 'blobTrigger'"),
        (QUEUE | {"direction": "OUT", "type": "table"}, {"Here": "c"}, "no out binding of type 'table'"),
    ],
)
def test_says_why_a_function_cannot_be_served(
    binding: dict[str, Any], settings: dict[str, str], complaint: str
) -> None:
    with pytest.raises(StartError) as refusal:
        read_functions([declared("f", binding)], Settings(settings))
    assert any(complaint in problem for problem in refusal.value.problems), refusal.value.problems


def test_reports_all_functions_at_once() -> None:
    with pytest.raises(StartError) as refusal:
        read_functions([declared("f", TIMER), declared("g", QUEUE)], Settings({}))
    assert len(refusal.value.problems) == 2


def test_refuses_one_name_for_two_functions() -> None:
    with pytest.raises(StartError, match="'f': the name is used twice"):
        read_functions([declared("f", TIMER), declared("F", TIMER)], Settings({"WHEN": "x"}))


def test_reads_a_retry_policy() -> None:
    fixed = RpcRetryOptions(
        max_retry_count=3, retry_strategy="fixed_delay", delay_interval=timedelta(seconds=9)
    )
    (function,) = read_functions([declared("f", TIMER, retry=fixed)], Settings({"WHEN": "x"}))
    assert function.retry == Retry(3, fixed=timedelta(seconds=9))


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2), (2, 4), (3, 8), (4, 10), (4000, 10)])
def test_exponential_delays_grow_to_their_limit(attempt: int, seconds: int) -> None:
    retry = Retry(-1, least=timedelta(seconds=2), most=timedelta(seconds=10))
    assert retry.delay(attempt) == timedelta(seconds=seconds)
