"""The stand-in's real traffic: users who look names up, connect and ask, against servers on loopback.

Where `sandbox.world.traffic` works out what users would meet, these meet it: gateways that keep connections
and sessions, Front Door and Application Gateway as proxies, Traffic Manager as answers to names, all of which
do what the world says is in force at the moment. `front.Front` starts them, `load.Load` sends users.

Lies (where Azure is different, on purpose or because nobody outside knows):

* Everything is plain HTTP/1.1; no certificates, no HTTP/2. `sandbox.wire.gateway` is what speaks TLS.
* One name server knows every name. What is written to a zone is said a whole propagation later, as by the
  slowest of Azure's, and TTLs are seconds of the world.
* A balancer's edge takes a change up evenly over the propagation: each request is a draw by the share so far.
  A canary's rule comes through all at once, at the end of it.
* Front Door and Traffic Manager ask no origin for its health, and every origin is as near as any other.
* Front Door caches nothing, keeps a websocket for ever and has no session affinity.
* Application Gateway's back-end pools are host names too, and it sends no probe. It drains a pool that its
  rule has left, which Azure's pages say of members that leave a pool.
* Users' caches and connections are as those of one device each: nobody shares a resolver.
* A gateway that drains lets clients go at once; a request that it has taken is always answered.
"""
