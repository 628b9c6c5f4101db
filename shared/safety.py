"""How it is known that traffic has moved, and that it could move back: names, drains, readiness.

Frozen values that a fleet declares. They import nothing of ours and refuse to know who asks and judges.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Names(Struct, frozen=True, kw_only=True):
    """Whom `converge` asks for the live records' names beside the metrics.

    `ask` turns it on: the zone's own name servers (of a public zone), and `resolvers`, which are addresses
    such as `10.0.0.4` or `10.0.0.4:53`. `owners` has `preflight` refuse a record that external-dns owns, and
    `writers` has a drift told with who wrote it.
    """

    ask: bool = False
    resolvers: tuple[str, ...] = ()
    owners: bool = False
    writers: bool = False


class Traffic(Struct, frozen=True, kw_only=True):
    """The metric that counts the requests which a slot's gateway served.

    `dimension` tells slots apart where they share a gateway: a value of it that begins with the name of the
    slot's back-end pool is the slot's.
    """

    namespace: str = "Microsoft.Network/applicationGateways"
    metric: str = "TotalRequests"
    share_min: float = 0.99
    drained_requests_per_minute_max: float = 1.0
    ingestion_seconds: int = 120
    dimension: str = ""


class AfterDrain(StrEnum):
    """What becomes of a slot that still serves somebody when its drain ran into its deadline."""

    HOLD = "hold"
    RETIRE = "retire"


class Drain(Struct, frozen=True, kw_only=True):
    """When a slot that users have left counts as drained, beside its request rate (`Traffic`).

    `connections_metric` is the gateway's metric of open connections, empty where they are not looked at.
    """

    connections_metric: str = ""
    connections_max: float = 0.0
    then: AfterDrain = AfterDrain.HOLD


class Readiness(Struct, frozen=True, kw_only=True):
    """The proof that the safe slot could take all traffic back, renewed every `every_seconds` (0: never).

    `path` is asked on the slot's own host name. Its certificate must last `certificate_seconds_min` more, and
    its nodes must number at least `capacity_min` times the other slot's. With what the other slot uses now,
    its nodes may use up to `load_max` of what they can allocate to pods (0: only the nodes are counted).
    """

    every_seconds: int = 0
    path: str = "/"
    certificate_seconds_min: int = 86_400
    capacity_min: float = 0.5
    load_max: float = 0.0
