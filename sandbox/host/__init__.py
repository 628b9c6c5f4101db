"""A local Azure Functions host: a thin server over Microsoft's own `azure-functions-runtime`.

`python -m sandbox.host --app DIR` serves the app in DIR as Azure would: HTTP, timer, queue and Event Grid
triggers, HTTP and queue outputs. From Python: `sandbox.host.process.HostProcess` (a child process) and
`sandbox.host.host.running` (in this process, once). Converting, checking and calling is the runtime's work
and therefore the same as on Azure; when a function runs is written here, after Azure's documentation.

Its lies, that is where it is not as Azure:

* One instance. Nothing scales, a timer needs no lease, HTTP concurrency has no limit. Host and functions
  share one event loop, so an async function that blocks stops the host as well.
* Not implemented of host.json: functionTimeout, the HTTP throttles, customHeaders and hsts, logging and
  sampling, telemetryMode, extension bundles, `concurrency`, `retry`. They are ignored. So is the limit of 230
  seconds that Azure's load balancer puts on a response.
* Other triggers and bindings (blob, table, Service Bus, Durable, output to Event Grid ...), streamed HTTP
  and binding expressions such as `{rand-guid}` are refused at the start; a warm-up trigger is accepted and
  never fires.
* Keys: none are enforced without `--key`; with it the one key serves as function, master and system key.
  `GET /admin/host/status` is open where Easy Auth does not stand before it.
* Easy Auth is off without `--sign-in`, and nobody strips its headers then, as with the Core Tools. With it
  tokens are known by a file: none is signed, expires or has an audience, and paths are excluded exactly. A
  browser signs in with such a token in the address; its session is a cookie that ends with the browser.
* Storage connections are connection strings; identity-based ones are refused.
* A trigger's queue is created at the start; Azure waits until it exists. A queue that can't be reached then
  is a start-up error; later it is only logged.
* Timers run in UTC. Missed ticks are past due only with `--timer-status`. A retry policy's exponential delays
  have no jitter, and its state is lost with the process. TimeSpan schedules are refused.
* Event Grid: `aeg-event-type` is demanded as on Azure, and a body that isn't JSON is 400 (Azure: 500). The
  CloudEvents handshake is answered with the caller's own origin. An event whose time the runtime can't
  parse (an offset such as `+02:00`) fails before its handler and is answered 500 like any failed event, as
  Azure does.
* `POST /admin/functions/NAME` answers 202 at once and refuses HTTP functions. A timer started by hand isn't
  kept from running beside its own tick, as on Azure.
* A queue output whose text is a JSON object is sent as it is; Azure writes it anew, with other white space.
* No `/admin` API beyond the two paths above, no home page at `/`, no `x-ms-*` headers.
"""
