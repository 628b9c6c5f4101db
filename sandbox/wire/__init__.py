"""The stand-in's wire door: Azure's HTTPS, as far as the product uses it, over one `sandbox.world`.

The unmodified Azure SDK clients talk to it. It decides wire forms and refuses to decide what happens: that is
the world's. `server.Wire` starts everything and says which settings point a controller at it.

Lies (where Azure is different, on purpose or because nobody outside knows):

* One port serves ARM, the metrics batch, the log query and the topic; a path tells them apart. A token for
  the door's own URL is as good as one for the service's audience, because a client that is given another
  endpoint asks for that.
* Azure Resource Manager knows only what the product uses. Anything else is 404 `InvalidResourceType`.
* Nothing checks roles: every token of the one managed identity may do everything.
* Requests are counted against the published limits (`sandbox.world.limits`) by one counter each. Azure has
  several behind every endpoint, so that it may let more through; it also throttles for reasons of its own,
  which happens here only where the world's faults ask for it. The metrics batch has no published limit.
* A log query takes no time, so five at once are never seen: the line for them is counted as if each took 1 s.
* DNS record sets are A, AAAA and CNAME, and TXT ones that external-dns wrote, which can only be read. There
  is no paging and no `$top`, and an alias may name a resource that does not exist. A refusal has the
  published form `{"error": {"code", "message"}}`; clients must go by the status.
* Front Door: profiles, endpoints, groups, origins, rule sets and rules engines cannot be made, removed or
  listed, and a group that holds a slot alone cannot be changed. Of a profile's rules there is the canary's
  alone, with one condition that equals one value; its order and what it does besides are not kept. No canary
  sends anybody anywhere: it is set and shown. ARM has always taken a change of a profile at once, and
  `deploymentStatus` is exact, where Azure's is known to stay at `NotStarted`. Every change takes the same
  time, and they queue without end. A change of a Front Door (classic) is under way for as long as its edges
  take, where Azure's is done earlier and says nothing of the edges; the canary's rule is always its rules
  engine's last. A refusal by it has the form `{"error": {...}}`, as on Azure, where the published description
  has the bare one.
* One DNS server speaks for all name servers of all zones, the private ones too, and for every resolver: so a
  resolver's answer is as new as a name server's. It knows no wildcards and no DNSSEC.
* The activity log has its entries at once, where Azure takes minutes, and of levers alone. A write that came
  through no door is somebody else's.
* A cluster's etag is in the `ETag` header alone, not in `eTag` of the body, because Azure's published
  2024-05-01 description of the body has no such property. `If-Match` works on delete.
* Throttling by the AKS resource provider has the form of the published descriptions where a bucket is
  empty, and the bare `{"code", "message"}` where a fault asks for it: clients must read both.
* A template spec's version answers without its template; a deployment takes a template spec and nothing else.
* A Flux configuration is accepted by ARM at once; its operation has always succeeded. Only Git sources exist.
* Metrics: `top`, `orderby` and `rollupby` are ignored; a query over an unknown metric or dimension is refused
  as a whole, where Azure answers it per metric. Log queries are not KQL (`sandbox.world.logs`), those of
  managed Prometheus not PromQL (`sandbox.world.prometheus`); one endpoint speaks for every workspace. An
  origin of a Front Door is told by its name in the metrics' dimensions.
* The topic takes CloudEvents alone. Nothing that is published to it is delivered to anybody.
* A receiver of Event Grid's deliveries has 30 real seconds to answer; retries wait in the world's time,
  exactly on schedule, and nothing is delivered out of order or twice by itself.
* A probe's latency is the world's in real milliseconds, whatever the clock's rate.
* `SSL_CERT_FILE` names the stand-in's authority alone: in a rehearsal no other server is trusted.

What a record cannot prove: Azure publishes no description of publishing events (`POST /api/events`), of
Prometheus' own API (`POST /api/v1/query_range`), nor of
the status of operations of AKS, deployments and Front Door (`.../operations/{id}`,
`.../operationStatuses/{id}`, `.../operationresults/{id}`, `.../frontDoorOperationResults/{id}`, the last a
name of ours), and the one of the activity log (`.../eventtypes/management/values`) is not among those that
the record is held against. A check finds no operation for the first two and the last, and takes the others
for resources with an unknown property `status`. What goes through the DNS is not recorded.
"""
