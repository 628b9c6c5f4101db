"""What the host does with the sample app, seen from outside and against real queues."""

import base64
import json
import operator
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from sandbox.host.process import HostProcess
from tests.host.conftest import WAIT_SECONDS_MAX, Answer, Queue, call

Queues = Callable[[str], Queue]
WEBHOOK = "/runtime/webhooks/EventGrid?functionName=event"
EVENT = {
    "id": "e1",
    "topic": "/subscriptions/x",
    "subject": "shop",
    "eventType": "Microsoft.ContainerService.NewKubernetesVersionAvailable",
    "eventTime": "2026-11-21T12:00:00.1234567Z",
    "dataVersion": "1",
    "data": {"n": 1},
}


def has_id(name: str, item: dict[str, Any]) -> bool:
    return bool(item["id"] == name)


def deliver(sample: HostProcess, content: Any, kind: str = "Notification", path: str = WEBHOOK) -> Answer:
    return call(sample.url, path, "POST", json.dumps(content), aeg_event_type=kind)


def test_a_function_sees_the_whole_request(sample: HostProcess) -> None:
    path = "/v1/echo/blue%2Fgreen/rollouts/12?x=1&x=2&y=a%20b"
    answer = call(
        sample.url, path, "POST", b"\x00\xff", X_SEEN="yes", Content_Type="application/octet-stream"
    )
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-answer"] == "42"
    assert answer.headers["set-cookie"] == "crumb=1; HttpOnly; Max-Age=60; Path=/; SameSite=Strict"
    seen = answer.json
    assert seen.pop("url").startswith(f"{sample.url}/v1/echo/")
    assert seen == {
        "method": "POST",
        "route": {"fleet": "blue/green", "id": "12"},
        "query": {"x": "1,2", "y": "a b"},
        "header": "yes",
        "body": "00ff",
        "thread": True,
    }


def test_an_async_function_may_return_text(sample: HostProcess) -> None:
    answer = call(sample.url, "/V1/Echo/shop/Rollouts/Latest")
    assert (answer.status, answer.body) == (200, b"latest of shop")


def test_bytes_are_returned_as_they_are(sample: HostProcess) -> None:
    answer = call(sample.url, "/v1/guarded")
    assert (answer.status, answer.body) == (200, b"\x00\xff")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/unknown"),
        ("GET", "/echo/shop/rollouts/1"),
        ("DELETE", "/v1/echo/shop/rollouts/1"),
        ("HEAD", "/v1/guarded"),
        ("GET", "/v1/off"),
        ("GET", "/"),
    ],
)
def test_everything_else_is_not_found(sample: HostProcess, method: str, path: str) -> None:
    answer = call(sample.url, path, method)
    assert (answer.status, answer.body) == (404, b"")


def test_an_unhandled_exception_is_logged_and_not_told(sample: HostProcess) -> None:
    answer = call(sample.url, "/v1/broken")
    assert (answer.status, answer.body) == (500, b"")
    sample.child.wait_for(r"^RuntimeError: broken on purpose", WAIT_SECONDS_MAX)
    sample.child.wait_for(r"INFO host\.invocation: broken [0-9a-f-]{36} \d+ ms failed", WAIT_SECONDS_MAX)


def test_it_says_when_it_is_ready(sample: HostProcess) -> None:
    line = sample.child.wait_for(r"host: listening on .*", WAIT_SECONDS_MAX)[0]
    assert line == (
        f"host: listening on {sample.url} (11 functions: echo, latest, guarded, broken, slow, send, tick, "
        "never, work, event, off (disabled))"
    )
    assert call(sample.url, "/admin/host/status").json == {"state": "Running"}


def test_a_timer_runs_on_startup(sample: HostProcess, queue: Queues) -> None:
    tick = queue("s-ticks").wait_for(bool)
    assert tick["past_due"] is False
    assert tick["schedule"] == {"AdjustForDST": True}
    assert tick["schedule_status"]["Next"].endswith("-01-01T05:00:00+00:00")


def test_a_timer_started_by_hand_is_retried_as_declared(sample: HostProcess) -> None:
    assert call(sample.url, "/admin/functions/never", "POST", "{}").status == 202
    for attempt in range(3):
        sample.child.wait_for(rf"^RuntimeError: attempt {attempt}$", WAIT_SECONDS_MAX)
    assert "attempt 3" not in sample.child.output


def test_a_queue_function_can_be_started_by_hand(sample: HostProcess, queue: Queues) -> None:
    assert call(sample.url, "/admin/functions/Work", "POST", '{"input": "by hand"}').status == 202
    assert queue("s-seen").wait_for(lambda item: item["body"] == "by hand")["id"] is None


@pytest.mark.parametrize(
    ("path", "body", "status"), [("nobody", "{}", 404), ("echo", "{}", 400), ("never", "{", 400)]
)
def test_what_cannot_be_started_by_hand(sample: HostProcess, path: str, body: str, status: int) -> None:
    assert call(sample.url, f"/admin/functions/{path}", "POST", body).status == status


def test_outputs_are_sent_before_the_answer(sample: HostProcess, queue: Queues) -> None:
    body = json.dumps({"one": "grün", "many": ["a", "b"]})
    assert call(sample.url, "/v1/send", "POST", body).status == 202
    out = queue("s-out")
    assert out.count() == 3
    for expected in ("grün", "a", "b"):
        out.wait_for(partial(operator.eq, expected))


def test_an_output_that_cannot_be_sent_fails_the_function(sample: HostProcess) -> None:
    answer = call(sample.url, "/v1/send", "POST", json.dumps({"one": "{broken}"}))
    assert (answer.status, answer.body) == (500, b"")


def test_a_message_is_handed_over_and_deleted(sample: HostProcess, queue: Queues) -> None:
    work = queue("s-work")
    work.send("step é")
    seen = queue("s-seen").wait_for(lambda item: item["body"] == "step é")
    assert seen["dequeues"] == 1
    assert seen["receipt"] is True
    assert re.fullmatch(r"[0-9a-f-]{36}", seen["id"])
    assert seen["inserted"].endswith("+00:00")
    assert seen["expires"] > seen["inserted"]


def test_a_message_that_keeps_failing_ends_in_the_poison_queue(sample: HostProcess, queue: Queues) -> None:
    queue("s-work").send("fail for ever")
    sample.child.wait_for(r"went to queue s-work-poison after 2 attempts", WAIT_SECONDS_MAX)
    assert queue("s-work-poison").wait_for(lambda item: item == "fail for ever")
    assert sample.child.output.count("work has begun on fail for ever") == 2


def test_a_message_that_cannot_be_read_ends_there_at_once(sample: HostProcess, queue: Queues) -> None:
    queue("s-work").send_raw("gibberish!")
    sample.child.wait_for(r"went to queue s-work-poison after 1 attempts", WAIT_SECONDS_MAX)
    poison = queue("s-work-poison")
    (message,) = (item for item in poison.client.receive_messages() if item.content == "gibberish!")
    poison.client.delete_message(message)


def test_more_messages_than_a_batch_all_arrive_once(sample: HostProcess, queue: Queues) -> None:
    work, seen = queue("s-work"), queue("s-seen")
    for number in range(20):
        work.send(f"many {number}")
    arrived = [seen.wait_for(lambda item: str(item["body"]).startswith("many ")) for _ in range(20)]
    assert sorted(item["body"] for item in arrived) == sorted(f"many {number}" for number in range(20))
    assert {item["dequeues"] for item in arrived} == {1}


def test_each_event_of_a_delivery_is_one_invocation(sample: HostProcess, queue: Queues) -> None:
    assert deliver(sample, [EVENT | {"id": "a"}, EVENT | {"id": "b"}]).status == 202
    events = queue("s-events")
    for name in ("a", "b"):
        seen = events.wait_for(partial(has_id, name))
        assert seen == {"type": "EventGridEvent", "id": name, "data": {"n": 1}}


@pytest.mark.parametrize("batch", [True, False])
def test_a_cloud_event_arrives_as_one(sample: HostProcess, queue: Queues, batch: bool) -> None:
    event = {
        "specversion": "1.0",
        "id": f"c-{batch}",
        "source": "/subscriptions/x",
        "type": "t",
        "time": "2026-11-21T12:00:00Z",
        "data": {"n": 2},
    }
    answer = call(
        sample.url,
        "/RUNTIME/webhooks/eventgrid?functionName=event",
        "POST",
        json.dumps([event] if batch else event),
        aeg_event_type="Notification",
        Content_Type="application/cloudevents+json",
    )
    assert answer.status == 202
    assert queue("s-events").wait_for(lambda item: item["id"] == f"c-{batch}")["type"] == "CloudEvent"


def test_one_failed_event_fails_the_delivery(sample: HostProcess, queue: Queues) -> None:
    answer = deliver(sample, [EVENT | {"id": "good"}, EVENT | {"id": "bad", "data": {"fail": True}}])
    assert (answer.status, answer.body) == (500, b"RuntimeError: failed on purpose")
    assert queue("s-events").wait_for(lambda item: item["id"] == "good")


def test_an_event_time_that_the_runtime_cannot_parse_fails_the_delivery(sample: HostProcess) -> None:
    assert deliver(sample, [EVENT | {"eventTime": "2026-11-21T12:00:00+02:00"}]).status == 500


def test_a_new_subscription_is_validated(sample: HostProcess) -> None:
    handshake = EVENT | {"data": {"validationCode": "c0de", "validationUrl": "https://x"}}
    answer = deliver(sample, [handshake], "SubscriptionValidation")
    assert (answer.status, answer.json) == (200, {"validationResponse": "c0de"})


def test_a_cloud_events_sender_is_welcome(sample: HostProcess) -> None:
    answer = call(sample.url, WEBHOOK, "OPTIONS", WebHook_Request_Origin="eventgrid.azure.net")
    assert answer.status == 200
    assert answer.headers["webhook-allowed-origin"] == "eventgrid.azure.net"
    assert answer.headers["webhook-allowed-rate"] == "*"
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/runtime/webhooks/eventgrid?functionName=nobody", "Notification", 404),
        ("/runtime/webhooks/eventgrid?functionName=work", "Notification", 404),
        ("/runtime/webhooks/eventgrid", "Notification", 404),
        (WEBHOOK, "", 400),
        (WEBHOOK, "Unsubscribe", 202),
    ],
)
def test_other_deliveries(sample: HostProcess, path: str, kind: str, status: int) -> None:
    assert deliver(sample, [], kind, path).status == status


def test_a_body_that_is_no_json_is_refused(sample: HostProcess) -> None:
    assert call(sample.url, WEBHOOK, "POST", "{", aeg_event_type="Notification").status == 400


def test_a_line_of_a_function_names_its_invocation(sample: HostProcess, queue: Queues) -> None:
    queue("s-work").send("logged")
    call(sample.url, "/v1/send", "POST", "{}")
    sample.child.wait_for(r" INFO sample \[work [0-9a-f-]{36}\]: work has begun on logged", WAIT_SECONDS_MAX)
    sample.child.wait_for(r" INFO sample \[[0-9a-f-]{36}\]: send has begun", WAIT_SECONDS_MAX)


def test_the_log_holds_no_secret(sample: HostProcess) -> None:
    key = re.search(r"AccountKey=([^;]+)", sample.environment["Sample"])
    assert key is not None
    assert key[1] not in sample.child.output
    assert base64.b64decode(key[1])
