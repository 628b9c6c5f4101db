"""The stand-in's one world: a seeded, clocked model of the Azure estate of one fleet.

`World` is built from any fleet and a clock. Its doors are `sandbox.world.ports` (the engine's port, no
network) and `sandbox.wire` (Azure's own HTTPS interfaces). The same seed and the same calls at the same times
give the same answers; nothing runs in the background.

Where it lies, so that a rehearsal is not taken for more than it is:

* Faults are the candidate's of the first rollout: the slot that was not live when the world was made.
* A cluster is its nodes and twelve pods in kube-system. It has no workloads of its own: any path answers
  200 as soon as the cluster runs, synced or not, and Flux applies nothing.
* An operation takes exactly as long as `Timings` says, always ends, and none can be aborted. Deploying to a
  running cluster does not disturb its users; stopping and deleting do from the first second.
* A cluster that is busy refuses every order with 409 `OperationNotAllowed`; a delete never pre-empts one.
* A template is not read. It makes the cluster that its parameters name, nothing else.
* Run commands are recognised, not run: a freeze and a thaw by their text, four kinds of `kubectl get` by
  their kind (there are no jobs), all others succeed in silence.
  A freeze denies nothing here, it is only known to be on.
* Resolvers forget evenly over the propagation time plus the TTL, and all users ask anew: no resolver keeps an
  answer for longer, no connection outlives a switch, and Front Door has no cache of its own. The users of
  `sandbox.traffic` do keep connections, and so does its Front Door.
* A zone has no SOA and NS record sets, though its name servers answer for both, no quota and no delegation.
* Log Analytics knows four tables and takes the name at the start of a query for the whole query.
* Metrics have one value a minute that never changes once it is there; ingestion takes the same time always.
  `TotalRequests` counts failed requests too. A metric's filter splits by every dimension that it names.
* A node has 4 processors and 16 GiB and never uses more than nine tenths of either, however many users there
  are. They cost processor time where they are served; memory hardly follows.
* A gateway exists from the start, never fails by itself and has no backend but its slots' clusters. One
  before several slots has one rule that is a lever, and its etag changes when it is written, but not when
  that has been deployed.
* No endpoint of Traffic Manager ever fails its health check, so nobody is ever sent elsewhere for that.
  Somebody else's change of a profile keeps ours waiting for five seconds, ours keeps nobody waiting.
* A hook is at any host name that begins with `hooks`, and says what the faults say. Resource Health knows
  bad nodes and stopped clusters. A load test sends no request; what it measures is how well the slot is.
* The activity log knows of every change at once, unless `Timings` says otherwise.
* Nobody is refused for lack of rights, quota or capacity, unless a fault says so.
"""

from sandbox.world.errors import ArmError, HostUnknown
from sandbox.world.model import World
from sandbox.world.settings import Family, Faults, OtherWriter, Outage, Timings

__all__ = ["ArmError", "Family", "Faults", "HostUnknown", "OtherWriter", "Outage", "Timings", "World"]
