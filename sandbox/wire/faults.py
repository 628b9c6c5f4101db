"""Bad answers by name: what a network, a balancer, a proxy or a service in trouble makes of an exchange.

Decides nothing but the names; `sandbox.wire.spoiling` makes the answers. Whether the service did what it was
asked for before its answer was spoilt belongs to the fault: `Where`.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Where(StrEnum):
    """Whether the service is asked at all before the answer is spoilt."""

    BEFORE = "before"
    AFTER = "after"


class Fault(StrEnum):
    """What is wrong with an answer."""

    LATE = "late"
    DRIPPING = "dripping"
    """A byte now and then, for ever."""
    LOST = "lost"
    CUT = "cut"
    """The connection closes before the announced length."""
    CHUNK_CUT = "chunk_cut"
    CHUNK_BAD = "chunk_bad"
    NOT_HTTP = "not_http"
    ENDLESS = "endless"
    HUGE = "huge"
    """Ten megabytes, and then the answer's own JSON."""
    GZIP_BOMB = "gzip_bomb"
    GZIP_GARBAGE = "gzip_garbage"
    ENCODING_UNKNOWN = "encoding_unknown"
    HTML_200 = "html_200"
    HTML_AS_JSON = "html_as_json"
    HTML_403 = "html_403"
    HTML_404 = "html_404"
    HTML_409 = "html_409"
    HTML_412 = "html_412"
    HTML_502 = "html_502"
    EMPTY_200 = "empty_200"
    EMPTY_404 = "empty_404"
    EMPTY_503 = "empty_503"
    WRONG_TYPE = "wrong_type"
    """The right body under the wrong content type."""
    LATIN_1 = "latin_1"
    """Bytes that are no UTF-8."""
    HALF_JSON = "half_json"
    LIST = "list"
    STRING = "string"
    NUMBER = "number"
    NULL = "null"
    OBJECT = "object"
    """An object without a field."""
    NAN = "nan"
    """The answer's own JSON with NaN for every number, and `NaN` where it has none."""
    NULLS = "nulls"
    """The answer's own JSON with null for every leaf."""
    STRINGS = "strings"
    """The answer's own JSON with a string for every number and a number for every string."""
    RENAMED = "renamed"
    """The answer's own JSON with another name for every field."""
    NESTED = "nested"
    """The answer's own JSON one level deeper."""
    ERROR_IN_200 = "error_in_200"
    VERSION_INVALID = "version_invalid"
    VERSION_UNKNOWN = "version_unknown"
    PROVIDER_MISSING = "provider_missing"
    """409: the subscription is not registered for the provider."""
    SUBSCRIPTION_HIDDEN = "subscription_hidden"
    ERROR_IS_A_LIST = "error_is_a_list"
    THROTTLED = "throttled"
    """429 and a minute to wait."""
    BUSY = "busy"
    """503 and a minute to wait."""
    ERROR_500 = "error_500"
    ERROR_504 = "error_504"
    MOVED_301 = "moved_301"
    MOVED_307 = "moved_307"
    LINKS_FOREIGN = "links_foreign"
    """202 whose long-running operation is to be asked for elsewhere."""
    LINKS_MISSING = "links_missing"
    """202 that does not say where to ask."""


class Spoilt(Struct, frozen=True):
    """One fault in one exchange."""

    fault: Fault
    where: Where = Where.AFTER
