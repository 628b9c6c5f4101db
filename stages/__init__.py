"""What happens in a rollout. Pure: no clock, no randomness, no environment, no SDK, no I/O.

    T0 prepare   admit, follow*, preflight, baseline, approve_start*
    T1 deploy    deploy, expose, platform_gate
    T2 sync      freeze, lower_ttl, sync, sync_gate, functional_tests, load_test, parity, approve_switch*
    T3 switch    recheck, ramp*, shift, converge, purge*, observe, unfreeze, restore_ttl, realign*
    T4 retire    bake, drained, approve_destroy*, stop, destroy, sweep, hand_over, report
    rollback     restart, divert, prove, purge*, thaw, restore_ttl, realign*, remove_candidate, hold_version

`*` only where the fleet asks for it. The engine asks `due`, then `needs`, then `decide`; `TABLE` says what
each kind of signal does in each phase.
"""

from stages.machine import decide, due, governing, idle, needs
from stages.runbook import RUNBOOK
from stages.table import TABLE
from stages.turns import VERSIONS, Turn, in_turn, turn_of

__all__ = [
    "RUNBOOK",
    "TABLE",
    "VERSIONS",
    "Turn",
    "decide",
    "due",
    "governing",
    "idle",
    "in_turn",
    "needs",
    "turn_of",
]
