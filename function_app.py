"""The inventory of triggers: a decorator, one call, one return. Everything else is behind `shared.wiring`.

A webhook's key is its sender's identity. A route of `PEOPLE` asks for no key, because `shared.api.access`
asks who it is.
"""

from typing import List  # noqa: UP035 - the runtime knows the output type by this name alone

import azure.functions as func

from shared import wiring

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

FLEET = "fleets/{fleet}"
PEOPLE = func.AuthLevel.ANONYMOUS
RINGS = "rings/{rings}"
ROLLOUT = f"{FLEET}/rollouts/{{rollout}}"


@app.event_grid_trigger(arg_name="event")
async def events(event: func.EventGridEvent) -> None:
    """Event Grid's system topics and the platform's own, in either schema."""
    await wiring.system().intake.grid_event(event)


@app.route("events", methods=["POST", "OPTIONS"])
async def event_webhook(req: func.HttpRequest) -> func.HttpResponse:
    """The same events by webhook, for senders that want to be told what was refused."""
    return await wiring.serve(wiring.system().api.take_events, req)


@app.route("alerts", methods=["POST"])
async def alerts(req: func.HttpRequest) -> func.HttpResponse:
    """The webhook of Azure Monitor action groups."""
    return await wiring.serve(wiring.system().api.take_alert, req)


@app.route("entra/events", methods=["POST"], auth_level=PEOPLE)
async def signed_events(req: func.HttpRequest) -> func.HttpResponse:
    """Events from Event Grid with an Entra token of its own in place of a key."""
    return await wiring.serve(wiring.system().api.take_signed_events, req)


@app.route("entra/alerts", methods=["POST"], auth_level=PEOPLE)
async def signed_alerts(req: func.HttpRequest) -> func.HttpResponse:
    """Alerts from an action group with an Entra token of its own in place of a key."""
    return await wiring.serve(wiring.system().api.take_signed_alert, req)


@app.timer_trigger(arg_name="timer", schedule="%SWITCHYARD_SWEEP_SCHEDULE%", use_monitor=False)
@app.queue_output(arg_name="messages", queue_name="%SWITCHYARD_QUEUE%", connection="AzureWebJobsStorage")
async def sweep(timer: func.TimerRequest, messages: func.Out[List[str]]) -> None:  # noqa: UP006
    """Enqueue the fleets that are due."""
    messages.set(list(await wiring.system().engine.sweep()))


@app.queue_trigger(arg_name="message", queue_name="%SWITCHYARD_QUEUE%", connection="AzureWebJobsStorage")
async def advance(message: func.QueueMessage) -> None:
    """Advance one fleet."""
    await wiring.system().engine.tick(message.get_body().decode())


@app.timer_trigger(arg_name="timer", schedule="%SWITCHYARD_OUTBOX_SCHEDULE%", use_monitor=False)
async def housekeep(timer: func.TimerRequest) -> None:
    """Publish what a crash left behind, and let quiet fleets rest."""
    await wiring.system().engine.housekeep()


@app.timer_trigger(arg_name="timer", schedule="%SWITCHYARD_RETENTION_SCHEDULE%", use_monitor=False)
async def forget(timer: func.TimerRequest) -> None:
    """Let go of evidence that was kept for as long as its fleet asks."""
    await wiring.system().retention.sweep()


@app.route("health", methods=["GET"])
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Liveness of the app and its store."""
    return await wiring.serve(wiring.system().api.health, req)


@app.route("page", methods=["GET"], auth_level=PEOPLE)
async def page(req: func.HttpRequest) -> func.HttpResponse:
    """The page that shows fleets in a browser."""
    return await wiring.serve(wiring.system().api.page, req)


@app.route("openapi.json", methods=["GET"], auth_level=PEOPLE)
async def openapi(req: func.HttpRequest) -> func.HttpResponse:
    """This API, described."""
    return await wiring.serve(wiring.system().api.document, req)


@app.route("fleets", methods=["GET"], auth_level=PEOPLE)
async def list_fleets(req: func.HttpRequest) -> func.HttpResponse:
    """All fleets."""
    return await wiring.serve(wiring.system().api.list_fleets, req)


@app.route(FLEET, methods=["GET"], auth_level=PEOPLE)
async def get_fleet(req: func.HttpRequest) -> func.HttpResponse:
    """One fleet and its state."""
    return await wiring.serve(wiring.system().api.get_fleet, req)


@app.route(FLEET, methods=["PUT"], auth_level=PEOPLE)
async def put_fleet(req: func.HttpRequest) -> func.HttpResponse:
    """Apply a fleet file."""
    return await wiring.serve(wiring.system().api.put_fleet, req)


@app.route(RINGS, methods=["GET"], auth_level=PEOPLE)
async def get_rings(req: func.HttpRequest) -> func.HttpResponse:
    """All rings of a file, in order."""
    return await wiring.serve(wiring.system().api.get_rings, req)


@app.route(RINGS, methods=["PUT"], auth_level=PEOPLE)
async def put_rings(req: func.HttpRequest) -> func.HttpResponse:
    """Apply a file with rings."""
    return await wiring.serve(wiring.system().api.put_rings, req)


@app.route(f"{FLEET}/audit", methods=["GET"], auth_level=PEOPLE)
async def get_fleet_audit(req: func.HttpRequest) -> func.HttpResponse:
    """A fleet's whole audit trail."""
    return await wiring.serve(wiring.system().api.get_audit, req)


@app.route(f"{FLEET}/scorecard", methods=["GET"], auth_level=PEOPLE)
async def get_fleet_scorecard(req: func.HttpRequest) -> func.HttpResponse:
    """The ten measures of a fleet's last rollouts."""
    return await wiring.serve(wiring.system().api.get_scorecard, req)


@app.route(f"{FLEET}/readings", methods=["POST"], auth_level=PEOPLE)
async def read_past(req: func.HttpRequest) -> func.HttpResponse:
    """What one gate asks, over past metrics."""
    return await wiring.serve(wiring.system().api.read_past, req)


@app.route(f"{FLEET}/rollouts", methods=["GET"], auth_level=PEOPLE)
async def list_rollouts(req: func.HttpRequest) -> func.HttpResponse:
    """A fleet's rollouts."""
    return await wiring.serve(wiring.system().api.list_rollouts, req)


@app.route(f"{FLEET}/rollouts", methods=["POST"], auth_level=PEOPLE)
async def start_rollout(req: func.HttpRequest) -> func.HttpResponse:
    """Start a rollout."""
    return await wiring.serve(wiring.system().api.start_rollout, req)


@app.route(ROLLOUT, methods=["GET"], auth_level=PEOPLE)
async def get_rollout(req: func.HttpRequest) -> func.HttpResponse:
    """One rollout and its verdicts."""
    return await wiring.serve(wiring.system().api.get_rollout, req)


@app.route(f"{ROLLOUT}/audit", methods=["GET"], auth_level=PEOPLE)
async def get_rollout_audit(req: func.HttpRequest) -> func.HttpResponse:
    """One rollout's audit trail."""
    return await wiring.serve(wiring.system().api.get_audit, req)


@app.route(f"{ROLLOUT}/scorecard", methods=["GET"], auth_level=PEOPLE)
async def get_rollout_scorecard(req: func.HttpRequest) -> func.HttpResponse:
    """The ten measures of one rollout."""
    return await wiring.serve(wiring.system().api.get_scorecard, req)


@app.route(f"{ROLLOUT}/evidence", methods=["GET"], auth_level=PEOPLE)
async def get_evidence(req: func.HttpRequest) -> func.HttpResponse:
    """What is behind one rollout's verdicts."""
    return await wiring.serve(wiring.system().api.get_evidence, req)


@app.route(f"{ROLLOUT}/{{command}}", methods=["POST"], auth_level=PEOPLE)
async def command(req: func.HttpRequest) -> func.HttpResponse:
    """Promote, pause, resume, rollback or retry."""
    return await wiring.serve(wiring.system().api.command, req)
