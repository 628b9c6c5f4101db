"""What a person may say to a rollout: promote, pause, resume, rollback, retry. The API has the last word."""

from __future__ import annotations

from typing import Any

import click

from cli.context import Desk, shared_options
from cli.view.words import OUTCOME_WORDS
from shared.model import Outcome

_HELP = {
    "promote": "Say yes where the rollout waits for a person, or go on past an undecided gate.",
    "pause": "Hold the rollout where it is. Traffic stays as it is; a rollback is still possible.",
    "resume": "Go on after a pause, or in spite of an alert that holds it.",
    "rollback": "Send all traffic to the safe slot, whatever the rollout is doing.",
    "retry": "Start the present step over, with a fresh deadline.",
}


def said(body: dict[str, Any]) -> str:
    """What became of a command. A refusal never gets here: the API answers it with a problem."""
    if not body["applied"]:
        return "taken: it is in the inbox, and the next look at the fleet applies it"
    rollout = body.get("rollout")
    if not rollout:
        return str(body["because"])
    outcome = rollout.get("outcome")
    place = OUTCOME_WORDS[Outcome(outcome)] if outcome else f"at {rollout['stage']} {rollout['step']}"
    return f"{rollout['id']} is {place}: {body['because']}"


def _command(name: str) -> click.Command:
    @click.command(name, help=f"{_HELP[name]} ID defaults to the rollout in flight.")
    @click.argument("fleet")
    @click.argument("rollout_id", metavar="[ID]", default="current")
    @click.option("--note", help="Why, for the audit trail.")
    @shared_options
    def command(desk: Desk, fleet: str, rollout_id: str, note: str | None) -> None:
        body = {"note": note} if note else {}
        answer = desk.api.post("fleets", fleet, "rollouts", rollout_id, name, body=body)
        desk.output.show(answer.body, said)

    return command


PEOPLE = tuple(_command(name) for name in _HELP)
