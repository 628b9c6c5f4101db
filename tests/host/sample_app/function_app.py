"""Every trigger and output that the host serves, in the smallest app that shows what each was given."""

import asyncio
import json
import logging
import threading
from typing import List  # noqa: UP035 - the runtime refuses list[str] inside func.Out

import azure.functions as func

log = logging.getLogger("sample")
app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)


@app.route(
    route="echo/{fleet}/rollouts/{id:int?}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS
)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "route": dict(req.route_params),
        "query": dict(req.params),
        "header": req.headers.get("X-Seen"),
        "body": req.get_body().hex(),
        "thread": threading.current_thread() is not threading.main_thread(),
    }
    headers = {"X-Answer": "42", "Set-Cookie": "crumb=1; Path=/; HttpOnly; SameSite=Strict; Max-Age=60"}
    return func.HttpResponse(json.dumps(seen), status_code=201, mimetype="application/json", headers=headers)


@app.route(route="echo/{fleet}/rollouts/latest", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def latest(req: func.HttpRequest) -> str:
    return f"latest of {req.route_params['fleet']}"


@app.route(route="guarded", methods=["GET"])
async def guarded(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(b"\x00\xff", mimetype="application/octet-stream")


@app.route(route="broken", auth_level=func.AuthLevel.ANONYMOUS)
async def broken(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("broken on purpose")


@app.route(route="slow", auth_level=func.AuthLevel.ANONYMOUS)
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    log.info("slow has begun")
    await asyncio.sleep(float(req.params["seconds"]))
    return func.HttpResponse("slow but done")


@app.route(route="send", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.queue_output(arg_name="one", queue_name="%PREFIX%out", connection="Sample")
@app.queue_output(arg_name="many", queue_name="%PREFIX%out", connection="Sample")
def send(
    req: func.HttpRequest,
    one: func.Out[str],
    many: func.Out[List[str]],  # noqa: UP006
) -> func.HttpResponse:
    log.info("send has begun")
    content = req.get_json()
    if "one" in content:
        one.set(content["one"])
    if "many" in content:
        many.set(content["many"])
    return func.HttpResponse(status_code=202)


@app.timer_trigger(arg_name="timer", schedule="%TICK%", run_on_startup=True)
@app.queue_output(arg_name="seen", queue_name="%PREFIX%ticks", connection="Sample")
async def tick(timer: func.TimerRequest, seen: func.Out[str]) -> None:
    seen.set(
        json.dumps(timer.to_dict())  # type: ignore[no-untyped-call]
    )


@app.timer_trigger(arg_name="timer", schedule="0 0 5 1 1 *")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
async def never(timer: func.TimerRequest, context: func.Context) -> None:
    raise RuntimeError(f"attempt {context.retry_context.retry_count}")


@app.queue_trigger(arg_name="msg", queue_name="%PREFIX%work", connection="Sample")
@app.queue_output(arg_name="seen", queue_name="%PREFIX%seen", connection="Sample")
async def work(msg: func.QueueMessage, seen: func.Out[str]) -> None:
    body = msg.get_body().decode()
    log.info("work has begun on %s", body)
    if body.startswith("fail"):
        raise RuntimeError("failed on purpose")
    if body.startswith("long"):
        await asyncio.sleep(1.6)
    if body.startswith("hold"):
        await asyncio.sleep(0 if (msg.dequeue_count or 0) > 1 else 600)
    seen.set(
        json.dumps(
            {
                "body": body,
                "id": msg.id,
                "dequeues": msg.dequeue_count,
                "inserted": msg.insertion_time and msg.insertion_time.isoformat(),
                "expires": msg.expiration_time and msg.expiration_time.isoformat(),
                "receipt": bool(msg.pop_receipt),
            }
        )
    )


@app.event_grid_trigger(arg_name="event")
@app.queue_output(arg_name="seen", queue_name="%PREFIX%events", connection="Sample")
def event(event: func.EventGridEvent, seen: func.Out[str]) -> None:
    if event.get_json().get("fail"):
        raise RuntimeError("failed on purpose")
    seen.set(json.dumps({"type": type(event).__name__, "id": event.id, "data": event.get_json()}))


@app.route(route="off", auth_level=func.AuthLevel.ANONYMOUS)
def off(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("a disabled function must never answer")
