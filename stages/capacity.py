"""Whether the safe slot is large enough for all users: by its nodes, and by what is used now. Pure.

Decides what counts as room. Processors follow the users, so what both slots use now has to fit on the safe
one. Memory belongs to the pods, which run on both whoever serves, so the other slot's use has to fit beside
nothing. Refuses to know when this is asked and what a lack of room does to a rollout.
"""

from __future__ import annotations

from shared.fleet import Fleet
from shared.levers import SlotName
from shared.loads import LoadSeen
from shared.probes import ClusterSeen

_GIB = 1024**3


def too_few_nodes(fleet: Fleet, safe: SlotName, here: ClusterSeen, other: ClusterSeen | None) -> list[str]:
    """A sentence where the safe slot has fewer nodes than the fleet asks for."""
    if other is None or here.nodes is None or other.nodes is None:
        return []
    wanted = fleet.readiness.capacity_min * other.nodes
    if here.nodes >= wanted:
        return []
    return [
        f"{safe} has {here.nodes} nodes, and {wanted:g} are wanted beside {other.nodes} of the other slot"
    ]


def unmeasured(
    fleet: Fleet, safe: SlotName, load: LoadSeen, here: ClusterSeen, other: ClusterSeen | None
) -> str | None:
    """Why the load says nothing of the room: a part of it is missing. None where all of it is there."""
    beside = fleet.other(safe)
    for slot, cluster in ((beside, other), (safe, here)):
        found = load.used.get(slot)
        if found is None:
            return f"Azure Monitor does not say what the nodes of {slot} use"
        if cluster is None or cluster.nodes is None:
            return f"it is not known how many nodes {slot} has"
        if found.nodes < cluster.nodes:
            return f"Azure Monitor tells what {found.nodes} of the {cluster.nodes} nodes of {slot} use"
    if load.cores is None or load.memory_bytes is None:
        return f"Azure Monitor does not say what the nodes of {safe} can give"
    return None


def too_much_load(fleet: Fleet, safe: SlotName, load: LoadSeen) -> list[str]:
    """A sentence for each of processors and memory that would not do if all users came back now.

    The load must have been measured (`unmeasured`).
    """
    assert load.cores is not None
    assert load.memory_bytes is not None
    other, share = fleet.other(safe), fleet.readiness.load_max
    here, there = load.used[safe], load.used[other]
    problems = []
    cores = max(0.0, share * load.cores - here.cores)
    if there.cores > cores:
        given = f"{safe} can give {cores:.1f} cores beside the {here.cores:.1f} that it uses"
        problems.append(f"{given}, and {other} uses {there.cores:.1f} now")
    memory = share * load.memory_bytes
    if there.memory_bytes > memory:
        used = f"{there.memory_bytes / _GIB:.1f} GiB"
        problems.append(f"{safe} can give {memory / _GIB:.1f} GiB of memory, and {other} uses {used} now")
    return problems
