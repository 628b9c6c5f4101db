"""What has become of a fleet while its signals are applied, one after the other, and what became of each.

Decides nothing: `stages.react` does.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from shared.model import Disposition, FleetState, Rollout, Signal


class Reacted(Struct, frozen=True, kw_only=True):
    """A fleet's state after its signals. `because` and `who` are of the first signal that changed it."""

    state: FleetState
    dispositions: tuple[Disposition, ...] = ()
    because: str | None = None
    who: str | None = None
    started: bool = False


def present(reacted: Reacted) -> Rollout:
    rollout = reacted.state.rollout
    assert rollout is not None, "the table reacts so only while there is a rollout"
    return rollout


def changed(reacted: Reacted, signal: Signal, because: str, **facts: object) -> Reacted:
    rollout = replace(present(reacted), wake_at=None, **facts)
    state = replace(reacted.state, rollout=rollout)
    return answered(reacted, signal, True, because, state)


def answered(
    reacted: Reacted, signal: Signal, applied: bool, because: str, state: FleetState | None = None
) -> Reacted:
    disposition = Disposition(id=signal.id, applied=applied, because=because)
    matters = state is not None and reacted.because is None
    return Reacted(
        state=state or reacted.state,
        dispositions=(*reacted.dispositions, disposition),
        because=because if matters else reacted.because,
        who=(signal.by or signal.kind.value) if matters else reacted.who,
        started=reacted.started,
    )
