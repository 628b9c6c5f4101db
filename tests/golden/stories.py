"""The stories that golden histories tell: how a rollout goes, is held, stopped and sent back.

Decides who does what when. What goes wrong around a rollout is told in `troubles`.
"""

from __future__ import annotations

import msgspec

from sandbox.world import Faults
from shared.model import SignalKind
from shared.policy import Approvals
from tests.fleets import BLUE, record
from tests.golden.recording import Recording
from tests.golden.telling import STORIES, story

__all__ = ["STORIES"]


@story(
    "bare",
    "Neither freeze nor sync, and every TTL is low.",
    freeze=None,
    sync=(),
    live_records=(record("aks", 30),),
)
@story("two-records", "Two live records move in order.", live_records=(record("aks"), record("api", 120)))
@story(
    "old-ttl",
    "Nothing takes long but the old TTL.",
    freeze=None,
    sync=(),
    live_records=(record("aks", 1800),),
)
@story("shadow", "The same in shadow: all of it is decided and nothing is done.", shadow=True)
@story("good-private", "The same in a virtual network.", example="contoso-private")
@story("good-public", "The same for the public example.", example="contoso-public")
@story("good", "A version is out; users end on a new cluster and the old one is gone.")
async def _good(it: Recording) -> None:
    await it.event()


@story(
    "approvals", "A person says yes three times.", approvals=Approvals(start=True, switch=True, destroy=True)
)
async def _approvals(it: Recording) -> None:
    await it.event()
    for step in ("approve_start", "approve_switch", "approve_destroy"):
        await it.until(step)
        await it.say(SignalKind.PROMOTE, note="looks good")


@story("there-and-back", "A second version goes from green to blue again.")
async def _twice(it: Recording) -> None:
    await it.event()
    await it.end()
    await it.event("1.33.1")


@story(
    "freeze-renewed",
    "The freeze runs out while a person makes up their mind.",
    approvals=Approvals(switch=True),
)
async def _renewed(it: Recording) -> None:
    await it.event()
    await it.until("approve_switch")
    await it.wait(hours=6)
    await it.say(SignalKind.PROMOTE)


@story("paused", "A person pauses while it deploys, and again while it bakes.")
async def _paused(it: Recording) -> None:
    await it.event()
    for step in ("deploy", "bake"):
        await it.until(step)
        await it.say(SignalKind.PAUSE, note="a look at the nodes")
        await it.live(5)
        await it.say(SignalKind.RESUME)


@story("promoted", "A person promotes a bake that cannot be measured.")
async def _promoted(it: Recording) -> None:
    await it.event()
    await it.until("bake")
    it.befall("outage", family="logs", seconds=7200)
    await it.live(8)
    await it.say(SignalKind.PROMOTE, note="the graphs are fine")
    await it.live(3)
    it.befall("outage", family="logs", seconds=0)


@story(
    "destroy-late", "Nobody approves the end of the old cluster for a day.", approvals=Approvals(destroy=True)
)
async def _late(it: Recording) -> None:
    await it.event()
    await it.until("approve_destroy")
    await it.live(26)
    await it.say(SignalKind.PROMOTE)


@story("edited", "The fleet's file is edited in mid rollout, and counts for the next one.")
async def _edited(it: Recording) -> None:
    await it.event()
    await it.until("sync_gate")
    await it.apply(msgspec.structs.replace(it.fleet, approvals=Approvals(switch=True), freeze=None))
    await it.end()
    await it.event("1.33.1")
    await it.until("approve_switch")
    await it.say(SignalKind.PROMOTE)


@story("alert-in-prepare", "An alert on the free slot is noted; a person has seen enough.")
async def _alert_t0(it: Recording) -> None:
    it.befall("outage", family="arm", seconds=240)
    await it.event()
    await it.live()
    await it.say(SignalKind.START, version="1.32.6")
    await it.alert()
    await it.until("preflight", entered=True)
    await it.say(SignalKind.ROLLBACK)


@story("alert-in-deploy", "An alert while it deploys stops it.")
async def _alert_t1(it: Recording) -> None:
    await it.event()
    await it.until("deploy")
    await it.alert()


@story("alert-in-sync", "An alert after the freeze stops it, and the freeze is lifted.")
async def _alert_t2(it: Recording) -> None:
    await it.event()
    await it.until("sync_gate")
    await it.alert()


@story("alert-in-switch", "An alert while users are watched on the candidate brings them back.")
async def _alert_t3(it: Recording) -> None:
    await it.event()
    await it.until("observe")
    await it.alert()


@story(
    "alert-in-bake",
    "An alert in the bake brings them back, and the candidate is removed.",
    policy={"keep_candidate": False},
)
async def _alert_t4(it: Recording) -> None:
    await it.event()
    await it.until("bake")
    await it.alert()


@story("alert-at-stop", "An alert after the old cluster was told to stop: it is started again first.")
async def _alert_stop(it: Recording) -> None:
    await it.event()
    await it.until("stop", entered=True)
    await it.alert()


@story("alert-too-late", "An alert while the old cluster is being destroyed is noted.")
async def _alert_destroying(it: Recording) -> None:
    await it.event()
    await it.until("destroy")
    await it.alert()
    await it.say(SignalKind.ROLLBACK)


@story("alerts-on-live", "Two alerts on the live cluster hold the rollout until both are resolved.")
async def _alert_live(it: Recording) -> None:
    await it.event()
    await it.until("deploy")
    for name in ("a", "b"):
        await it.alert(BLUE, name)
    await it.live(2)
    for name in ("b", "a"):
        await it.alert(BLUE, name, resolved=True)
        await it.live()


@story("alert-while-paused", "A pause holds everything but an alert.")
async def _alert_paused(it: Recording) -> None:
    await it.event()
    await it.until("bake")
    await it.say(SignalKind.PAUSE)
    await it.live(4)
    await it.alert()


@story(
    "slow-burn",
    "The candidate fails slowly under users; the gates see it.",
    faults=Faults(slow_burn=True, slow_burn_seconds=120),
)
async def _burn(it: Recording) -> None:
    await it.event()


@story("bad-nodes", "The candidate comes up with broken nodes.", faults=Faults(bad_nodes=True))
@story("deployment-fails", "The deployment fails.", faults=Faults(deployment_fails="QuotaExceeded: cores"))
@story("deployment-refused", "ARM refuses the deployment.", faults=Faults(check_objects="policy denies it"))
@story("sync-fails", "Flux cannot apply the state.", faults=Faults(sync_fails="kustomization apps failed"))
@story(
    "deploy-deadline",
    "The deployment takes too long.",
    policy={"deadlines": {"deploy": 300}, "keep_candidate": False},
)
async def _stopped(it: Recording) -> None:
    await it.event()


@story("declined", "A person declines the switch.", approvals=Approvals(switch=True))
async def _declined(it: Recording) -> None:
    await it.event()
    await it.until("approve_switch")
    await it.say(SignalKind.ROLLBACK, note="not today")


@story(
    "back-from-converge",
    "A person rolls back in the middle of the switch.",
    live_records=(record("aks"), record("api")),
)
async def _back_t3(it: Recording) -> None:
    await it.event()
    await it.until("converge")
    await it.say(SignalKind.ROLLBACK)


@story(
    "back-from-stopped",
    "A person rolls back when the old cluster is stopped.",
    approvals=Approvals(destroy=True),
)
async def _back_t4(it: Recording) -> None:
    await it.event()
    await it.until("approve_destroy")
    await it.say(SignalKind.PROMOTE)
    await it.until("stop")
    await it.say(SignalKind.ROLLBACK)


@story("hold-lifted", "A version that was rolled back is held until a person lifts it.")
async def _lifted(it: Recording) -> None:
    await it.event()
    await it.until("platform_gate")
    await it.say(SignalKind.ROLLBACK)
    await it.end()
    await it.event()
    await it.say(SignalKind.START, version="1.32.6")
    it.befall("delete cluster", slot="green")
    await it.wait(minutes=30)
    await it.say(SignalKind.START, version="1.32.6", lift_hold=True)
    await it.say(SignalKind.START, version="1.33.1")
