"""The stories in which something goes wrong around a rollout: other hands, dead providers, lost workers.

Decides what befalls a rollout when. How rollouts go by themselves is told in `stories`.
"""

from __future__ import annotations

from sandbox.world import Faults
from shared.model import SignalKind
from shared.policy import Approvals, DriftPolicy
from tests.fleets import ADDRESSES, BLUE, GREEN
from tests.golden.recording import Recording
from tests.golden.telling import STORIES, story

__all__ = ["STORIES"]

STRANGER = "198.51.100.9"


@story("way-back-gone", "The old cluster is lost during the bake, then an alert fires: users stay.")
async def _gone(it: Recording) -> None:
    await it.event()
    await it.until("bake")
    it.befall("delete cluster", slot="blue")
    await it.wait(minutes=10)
    await it.live(2)
    await it.alert()


@story(
    "rollback-retried",
    "A rollback fails because nothing can be written; a person retries it.",
    policy={"deadlines": {"divert": 300}},
)
async def _retried(it: Recording) -> None:
    await it.event()
    await it.until("bake")
    it.befall("outage", family="arm", seconds=1500)
    await it.alert()
    while (await it.rollout() or it).outcome is None:  # type: ignore[union-attr]
        await it.live()
    await it.wait(minutes=20)
    await it.say(SignalKind.RETRY, note="DNS is back")


@story(
    "rollback-failed",
    "A rollback fails, and its records settle once they can be written.",
    policy={"deadlines": {"divert": 300}},
)
async def _failed(it: Recording) -> None:
    await it.event()
    await it.until("observe")
    it.befall("outage", family="arm", seconds=1500)
    await it.alert()


@story("drift-held", "Somebody else moves the live record, and puts it back.")
async def _drift(it: Recording) -> None:
    await it.event()
    await it.until("bake")
    it.befall("point elsewhere", address=STRANGER)
    await it.live(3)
    it.befall("point elsewhere", address=ADDRESSES[GREEN])


@story(
    "drift-repaired",
    "Somebody else moves the live record, and it is pointed back.",
    policy={"drift": DriftPolicy.REPAIR},
)
async def _repaired(it: Recording) -> None:
    await it.event()
    await it.until("observe")
    it.befall("point elsewhere", address=STRANGER)
    await it.until("bake")
    it.befall("point elsewhere", address=ADDRESSES[BLUE])


@story("drift-settled", "After a rollback somebody moves the record once more.")
async def _settled(it: Recording) -> None:
    await it.event()
    await it.until("converge")
    await it.say(SignalKind.ROLLBACK)
    while (await it.until("-")).outcome is None:
        await it.live()
    it.befall("point elsewhere", address=ADDRESSES[GREEN])


@story("drift-before", "The record was moved before the switch.", approvals=Approvals(switch=True))
async def _before(it: Recording) -> None:
    await it.event()
    await it.until("approve_switch")
    it.befall("point elsewhere", address=STRANGER)
    await it.say(SignalKind.PROMOTE)
    await it.live(2)


@story("wrong-slot", "The record does not say what the fleet's file says.")
async def _wrong(it: Recording) -> None:
    it.befall("point elsewhere", address=STRANGER)
    await it.event()


@story(
    "blind-preflight",
    "Nobody answers until the deadline; a person tries again.",
    policy={"deadlines": {"preflight": 600}},
)
async def _blind(it: Recording) -> None:
    await it.event()
    it.befall("outage", family="arm", seconds=3600)
    await it.say(SignalKind.RETRY)
    await it.live(10)
    await it.wait(hours=1)
    await it.say(SignalKind.RETRY)


@story(
    "observe-deadline",
    "The metrics are silent until the deadline; a person promotes.",
    policy={"deadlines": {"observe": 600}},
)
async def _observe_deadline(it: Recording) -> None:
    await it.event()
    await it.until("observe")
    it.befall("outage", family="logs", seconds=2400)
    await it.live(12)
    await it.say(SignalKind.PROMOTE)


@story("throttled", "Every provider throttles for a while and says for how long.")
async def _throttled(it: Recording) -> None:
    await it.event()
    for step, family in (
        ("deploy", "arm"),
        ("platform_gate", "metrics"),
        ("observe", "logs"),
        ("stop", "aks"),
    ):
        await it.until(step, entered=True)
        it.befall("outage", family=family, seconds=400, status=429, retry_after_seconds=180)
        await it.live(3)


@story("refused", "An order is refused for a missing right until somebody grants it.")
async def _refused(it: Recording) -> None:
    it.befall("refuse", actions=["stop_cluster"])
    await it.event()
    await it.until("stop")
    await it.live(3)
    it.befall("refuse", actions=[])
    await it.say(SignalKind.RETRY)


@story("two-workers", "Two workers tick the fleet at the same time, all the time.")
async def _two(it: Recording) -> None:
    it.second_worker()
    await it.event()


@story("two-workers-back", "The same on the way back.", faults=Faults(slow_burn=True, slow_burn_seconds=120))
async def _two_back(it: Recording) -> None:
    it.second_worker()
    await it.event()


@story("crashes", "The worker dies before or after each of its orders.")
async def _crashes(it: Recording) -> None:
    it.befall(
        "trouble",
        deploy="crash before",
        point_record="crash after",
        freeze="crash after",
        start_sync="crash before",
        thaw="crash before",
        stop_cluster="crash after",
        destroy_cluster="crash before",
    )
    await it.event()
    await it.until("shift", entered=True)
    it.befall("trouble", point_record="crash before")


@story("crashes-back", "The same on the way back.")
async def _crashes_back(it: Recording) -> None:
    await it.event()
    await it.until("stop")
    it.befall("trouble", start_cluster="crash after", point_record="crash before", thaw="crash after")
    await it.say(SignalKind.ROLLBACK)
    await it.until("restore_ttl", entered=True)
    it.befall("trouble", point_record="crash after")


@story("lost-answers", "Orders are carried out, and nobody hears of it.")
async def _lost(it: Recording) -> None:
    lost = ("deploy", "point_record", "freeze", "start_sync", "thaw", "stop_cluster", "destroy_cluster")
    it.befall("trouble", **dict.fromkeys(lost, "lost"))
    await it.event()
    await it.until("shift", entered=True)
    it.befall("trouble", point_record="lost")
