"""What the sources ask that answer yes or no, or that start something and wait for it.

Frozen values that a gate declares, one for each such source. They import nothing of ours and refuse to know
how anything is asked.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

REQUEST_SECONDS_MAX = 10
"""So long a gate's request is waited for. What was not answered by then has failed."""

QUOTED_CHARACTERS_MAX = 60
"""So much of a text that an answer has to hold is quoted in a sentence."""


class Expect(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="expect"):
    """What an HTTP answer has to be like; what is empty is not asked for.

    `statuses` are those wanted. The request takes at most `latency_ms`, to its last byte. The body holds the
    text `body`, a line of it matches the regular expression `pattern`, and as JSON it has `fields`: pairs of
    a path such as `checks.db` and its value. The certificate lasts another `certificate_seconds`.
    """

    statuses: tuple[int, ...] = ()
    latency_ms: float | None = None
    body: str = ""
    pattern: str = ""
    fields: tuple[tuple[str, str | int | float | bool], ...] = ()
    certificate_seconds: int = 0


class Hook(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="webhook"):
    """A hook that is asked at `url`, with a token for `audience` where it has one."""

    url: str
    audience: str = ""


class Objects(StrEnum):
    """Which objects of a cluster are counted, and what is wanted of each."""

    PODS_READY = "pods_ready"
    DEPLOYMENTS_AVAILABLE = "deployments_available"
    JOBS_SUCCEEDED = "jobs_succeeded"
    NODES_READY = "nodes_ready"


class ClusterCheck(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="kubernetes"):
    """The objects of a namespace that a label selector picks; nodes have no namespace."""

    objects: Objects
    namespace: str = ""
    selector: str = ""


class AlertFilter(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="alerts"):
    """Which alerts count: of these severities (`Sev0` to `Sev4`), of these rules; empty is any.

    A rule is its name, in which `*` stands for anything, or its ARM id (`alert_rules.like`).
    """

    severities: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


class LoadMeasure(StrEnum):
    """What a load test measures: the 95th percentile of response times, or the share of errors (0 to 1)."""

    P95_MS = "p95_ms"
    ERROR_SHARE = "error_share"


LIVE_RUN = "live"
"""The baseline that is a run of its own against the live slot."""


class LoadTest(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="load_test"):
    """A test of an Azure Load Testing resource, whose data plane is at `endpoint`.

    `baseline_run` is the id of the stored run that speaks for the live slot, or `live`.
    """

    endpoint: str
    test_id: str
    baseline_run: str
    measure: LoadMeasure = LoadMeasure.P95_MS


Check = Expect | Hook | ClusterCheck | AlertFilter | LoadTest
