"""Who may do what: one table of acts and roles, and the two applications of Azure's that send webhooks.

Decides permissions, as data. Refuses to know how anybody was verified (`identity`) and what an act does.
The roles are app roles of the Entra application in front of the app; a person may hold several.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from shared.api.identity import Caller, Nobody, Principal
from shared.errors import Refused


class Unauthenticated(Refused):
    """Nobody is verified."""


class Forbidden(Refused):
    """Whoever is verified may not do this."""


class Role(StrEnum):
    """The app roles, as a token names them."""

    READER = "Reader"
    OPERATOR = "Operator"
    APPROVER = "Approver"


class Act(StrEnum):
    """What a person may ask for, in the words of a refusal."""

    DESCRIBE = "read the description of the API"
    LIST_FLEETS = "list the fleets"
    SHOW_FLEET = "look at a fleet"
    SHOW_RINGS = "look at rings"
    SHOW_FLEET_AUDIT = "read a fleet's audit trail"
    LIST_ROLLOUTS = "list the rollouts"
    SHOW_ROLLOUT = "look at a rollout"
    SHOW_ROLLOUT_AUDIT = "read a rollout's audit trail"
    SHOW_EVIDENCE = "read the evidence behind a rollout's verdicts"
    SHOW_FLEET_SCORECARD = "read a fleet's scorecard"
    SHOW_ROLLOUT_SCORECARD = "read a rollout's scorecard"
    READ_PAST = "read what a gate asks, over past metrics"
    APPLY = "apply a fleet file"
    START = "start a rollout"
    LIFT_HOLD = "lift the hold of a version"
    DROP_APPROVAL = "apply a fleet file without an approval that is asked for now"
    PROMOTE = "promote a rollout past a gate"
    APPROVE = "approve what a rollout asks"
    PAUSE = "pause a rollout"
    RESUME = "resume a rollout"
    RETRY = "retry a step"
    ROLL_BACK = "roll back a rollout"


# Who may act may look. Neither of the other two includes the other: an approval is worth nothing if whoever
# operates gives it anyway. Both may roll back: it is the safe way, and the only no to what the runbook asks.
_ALL = frozenset(Role)
_OPERATORS = frozenset({Role.OPERATOR})
_APPROVERS = frozenset({Role.APPROVER})

TABLE: Mapping[Act, frozenset[Role]] = {
    Act.DESCRIBE: _ALL,
    Act.LIST_FLEETS: _ALL,
    Act.SHOW_FLEET: _ALL,
    Act.SHOW_RINGS: _ALL,
    Act.SHOW_FLEET_AUDIT: _ALL,
    Act.LIST_ROLLOUTS: _ALL,
    Act.SHOW_ROLLOUT: _ALL,
    Act.SHOW_ROLLOUT_AUDIT: _ALL,
    Act.SHOW_EVIDENCE: _ALL,
    Act.SHOW_FLEET_SCORECARD: _ALL,
    Act.SHOW_ROLLOUT_SCORECARD: _ALL,
    # Whoever may apply a file can have any gate asked; nobody else can.
    Act.READ_PAST: _OPERATORS,
    Act.APPLY: _OPERATORS,
    Act.START: _OPERATORS,
    Act.LIFT_HOLD: _APPROVERS,
    Act.DROP_APPROVAL: _APPROVERS,
    Act.PROMOTE: _OPERATORS,
    Act.APPROVE: _APPROVERS,
    Act.PAUSE: _OPERATORS,
    Act.RESUME: _OPERATORS,
    Act.RETRY: _OPERATORS,
    Act.ROLL_BACK: _OPERATORS | _APPROVERS,
}


class Asked(NamedTuple):
    """What a request to a route asks for: one of `acts`, by the step, and `besides` if it says so."""

    acts: tuple[Act, ...]
    besides: Act | None = None


_ROLLOUT = "/fleets/{fleet}/rollouts/{rollout}"
OPEN = frozenset({("get", "/page")})
"""What everybody gets, verified or not: there is no data in it."""
ROUTES: Mapping[tuple[str, str], Asked] = {
    ("get", "/openapi.json"): Asked((Act.DESCRIBE,)),
    ("get", "/fleets"): Asked((Act.LIST_FLEETS,)),
    ("get", "/fleets/{fleet}"): Asked((Act.SHOW_FLEET,)),
    ("put", "/fleets/{fleet}"): Asked((Act.APPLY,), Act.DROP_APPROVAL),
    ("get", "/rings/{rings}"): Asked((Act.SHOW_RINGS,)),
    ("put", "/rings/{rings}"): Asked((Act.APPLY,), Act.DROP_APPROVAL),
    ("get", "/fleets/{fleet}/audit"): Asked((Act.SHOW_FLEET_AUDIT,)),
    ("get", "/fleets/{fleet}/scorecard"): Asked((Act.SHOW_FLEET_SCORECARD,)),
    ("post", "/fleets/{fleet}/readings"): Asked((Act.READ_PAST,)),
    ("get", "/fleets/{fleet}/rollouts"): Asked((Act.LIST_ROLLOUTS,)),
    ("post", "/fleets/{fleet}/rollouts"): Asked((Act.START,), Act.LIFT_HOLD),
    ("get", _ROLLOUT): Asked((Act.SHOW_ROLLOUT,)),
    ("get", f"{_ROLLOUT}/audit"): Asked((Act.SHOW_ROLLOUT_AUDIT,)),
    ("get", f"{_ROLLOUT}/evidence"): Asked((Act.SHOW_EVIDENCE,)),
    ("get", f"{_ROLLOUT}/scorecard"): Asked((Act.SHOW_ROLLOUT_SCORECARD,)),
    ("post", f"{_ROLLOUT}/promote"): Asked((Act.PROMOTE, Act.APPROVE)),
    ("post", f"{_ROLLOUT}/pause"): Asked((Act.PAUSE,)),
    ("post", f"{_ROLLOUT}/resume"): Asked((Act.RESUME,)),
    ("post", f"{_ROLLOUT}/retry"): Asked((Act.RETRY,)),
    ("post", f"{_ROLLOUT}/rollback"): Asked((Act.ROLL_BACK,)),
}
"""Every route for people."""


class Sender(NamedTuple):
    """An application that sends webhooks with a token of its own: its client id, and its app role."""

    what: str
    application: str
    role: str


EVENT_GRID = Sender(
    "Event Grid", "4962773b-9cdb-44cf-a8bf-237846a00ab7", "AzureEventGridSecureWebhookSubscriber"
)
"""Source: https://learn.microsoft.com/azure/event-grid/secure-webhook-delivery"""
ACTION_GROUPS = Sender(
    "Azure Monitor's action groups", "461e8683-5575-4561-ac7f-899cc907d62a", "ActionGroupsSecureWebhook"
)
"""Source: https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups#configure-authentication-for-secure-webhook"""


def allowed(caller: Caller, *acts: Act) -> Principal:
    """The caller, who may do one of `acts` at least. Raises Unauthenticated, Forbidden with the role."""
    principal = _verified(caller)
    wanted = [role for role in Role if any(role in TABLE[act] for act in acts)]
    if principal.roles.isdisjoint(wanted):
        doing = " or ".join(acts)
        raise Forbidden(f"{principal.name} may not {doing}: that takes the role {' or '.join(wanted)}")
    return principal


def sent_by(caller: Caller, sender: Sender) -> None:
    """Return if the caller is that application. Raises Unauthenticated, Forbidden."""
    principal = _verified(caller)
    if principal.application != sender.application or sender.role not in principal.roles:
        expected = f"{sender.what} ({sender.application}) with the role {sender.role}"
        raise Forbidden(f"sender: got {principal.name}, expected {expected}")


def _verified(caller: Caller) -> Principal:
    if isinstance(caller, Nobody):
        raise Unauthenticated(caller.because)
    return caller
