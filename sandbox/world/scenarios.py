"""The scenarios of the demo and of rehearsals, by name: what goes wrong in the world of each.

Decides faults alone. Who is killed, what a person does and which fleet is used is the demo's business.
"""

from __future__ import annotations

from sandbox.world.settings import Faults

SCENARIOS: dict[str, Faults] = {
    "good": Faults(),
    "shadow": Faults(),
    "private": Faults(),
    "weights": Faults(),
    "one-gateway": Faults(),
    "front-door": Faults(alert_after_seconds=2400),
    "bad-green": Faults(bad_nodes=True),
    "slow-burn": Faults(slow_burn=True),
    "alert": Faults(alert_after_seconds=1800),
    "dns-outage": Faults(alert_after_seconds=1800),
    "manual": Faults(),
    "crash": Faults(),
}
