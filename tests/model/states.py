"""Where the model begins, and the rows that the product stores: each distinct one gets a number.

The rows are made by the product's own store. What a row says about the audit trail is left out: it is a hash
of all that ever happened, and would make every history another state.
"""

from __future__ import annotations

from collections.abc import Hashable

import msgspec

from shared.fleet import Fleet
from shared.model import AlertState, FleetState, Rollout, Signal, SignalKind, Stage
from shared.store import rows
from shared.store.table_store import TableStore
from shared.store.tables import Entity, Found, Write
from tests.fleets import ADDRESSES, BLUE, GREEN, fleet, policy
from tests.model.asking import AskingTables, WriteRows
from tests.model.estate import VERSION, etag_of
from tests.model.worker import BEGIN

FLEET: Fleet = fleet(
    freeze=None,
    sync=(),
    notification_topic=None,
    policy=policy(observe_seconds=600, bake_seconds=0, settle_seconds=60),
)
ALERT = Signal(
    kind=SignalKind.ALERT,
    id="alert-1",
    fleet=FLEET.name,
    at=BEGIN,
    because="the candidate answers with errors",
    slot=GREEN,
    state=AlertState.FIRED.value,
    severity="Sev1",
    alert_id="alert-1",
)
_state = msgspec.json.Decoder(FleetState)


def beginning(stage: Stage, step: str, **facts: object) -> FleetState:
    """A fleet whose rollout has come to that step, under epoch 1."""
    rollout = Rollout(
        id="contoso-0001",
        version=VERSION,
        live=BLUE,
        candidate=GREEN,
        safe=BLUE,
        stage=stage,
        step=step,
        entered_at=BEGIN,
        started_at=BEGIN,
        started_by="olivia@contoso.com",
        because="it began here",
        addresses={str(slot): address for slot, address in ADDRESSES.items()},
        **facts,  # type: ignore[arg-type]
    )
    return FleetState(live=BLUE, epoch=1, rollouts=1, rollout=rollout)


class States:
    """Every state that was stored, by number, and the rows that a tick reads."""

    def __init__(self, first: FleetState) -> None:
        self.all: list[FleetState] = []
        self._numbers: dict[Hashable, int] = {}
        self._documents: list[str] = []
        document = msgspec.json.encode(FLEET)
        self._fleet = Found(rows.row(FLEET.name, rows.FLEET_KEY, document), "fleet")
        self._plan = Found(rows.row(FLEET.name, rows.PLAN_KEY, document), "plan")
        self.first = self.number(rows.row(FLEET.name, rows.STATE_KEY, msgspec.json.encode(first)))

    def number(self, entity: Entity) -> int:
        """The number of the state in a row."""
        document = rows.document(entity)
        number = self._numbers.setdefault(document, len(self.all))
        if number == len(self.all):
            self.all.append(_state.decode(document))
            self._documents.append(document)
        return number

    def tick_rows(self, number: int, pending: Entity | None) -> list[Found]:
        """What a tick reads, in the order of the keys."""
        entity: Entity = {**_place(rows.STATE_KEY), "json": self._documents[number], "head": ""}
        state = Found(entity, etag_of(self.all[number].epoch))
        waiting = [Found(pending, "pending")] if pending is not None else []
        return [*waiting, self._fleet, self._plan, state]


def _place(key: str) -> Entity:
    return {"PartitionKey": FLEET.name, "RowKey": key}


def acceptance(store: type[TableStore], tables: type[AskingTables]) -> tuple[Write, ...]:
    """The batch by which the product accepts the alert."""
    accepting = store(tables(), lambda _: {}).accept(ALERT)
    asked = accepting.send(None)
    accepting.close()
    assert isinstance(asked, WriteRows), "a signal is accepted by one batch"
    return asked.writes
