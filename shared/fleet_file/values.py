"""The kinds of values that a fleet file is made of: durations, shares, host names, ARM ids.

Decides what each looks like and says so in one phrase, which both the mistakes and the JSON Schema use.
Refuses to know how values relate to each other (`checks`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, Final
from unicodedata import is_normalized
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from shared.fleet import FLEET_NAME, TEMPLATE_VERSION

DAY_SECONDS = 86_400
TTL_SECONDS_MAX = 2_147_483_647
"""RFC 2181, section 8."""

A_DURATION = "a duration such as 30s, 10m, 2h or 1d, or whole seconds"
A_SHARE = "a share such as 1% or 0.01"
A_LIMIT = "a number, or a percentage where the value is a share"
A_LIMIT_IN_SIZE = "a number of less than 1e18, and of more than -1e18"
A_HOST = "a host name such as aks.contoso.com"
AN_ADDRESS = "an IP address, or a host name for CNAME records"
A_RECORD_NAME = "a name relative to its zone such as aks, or @ for the zone itself"
A_TIME = 'a time of day in UTC such as "09:00", up to "24:00", in quotes'
A_GROUP = "the name of a resource group"
A_TEXT = "text of at most 4096 characters"
A_LINE = "text on one line, of at most 1024 characters"
A_TOPIC = "an https address of Event Grid's, such as https://TOPIC.REGION-1.eventgrid.azure.net/api/events"

_LIMIT_END = 1e18
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d)")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?) ?%")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE | re.ASCII)
_SPELT = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")
# The identity's token goes there, so nobody else's host may be a topic; a rehearsal's is this machine's.
_TOPIC = re.compile(
    r"https://(?:(?:[A-Za-z0-9-]{1,63}\.)+eventgrid\.azure\.(?:net|us|cn)(?::443)?"
    r"|(?:localhost|127\.0\.0\.1|\[::1\])(?::[1-9][0-9]{0,4})?)(?:[/?][!-~]{0,1024})?"
)
_ARM_ID = re.compile(
    r"/subscriptions/(?P<subscription>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"/resourceGroups/(?P<group>[-\w.()]{1,90}(?<!\.))"
    r"/providers/(?P<type>[\w.]+/\w+)/(?P<name>[0-9A-Za-z_][-0-9A-Za-z_.()]{0,259})",
    re.IGNORECASE,
)
_GROUP = re.compile(r"(?!-)[-\w.()]{0,89}[-\w()]")
_COMPATIBLE: Final = "NFKC"


class Part(BaseModel):
    """A mapping that refuses unknown keys and converts nothing behind a person's back."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def refuse(expected: str) -> PydanticCustomError:
    """The error that says what was expected and nothing else."""
    return PydanticCustomError("expected", "{expected}", {"expected": expected})


def duration_seconds(value: object) -> int:
    """Seconds of `30s`, `10m`, `2h`, `1d` or of a whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refuse(A_DURATION)
    return int(found[1]) * _UNITS[found[2]]


def number(value: object) -> float:
    """A number; `1%` is 0.01."""
    # What is too large to be read as a number has stayed the text that it was.
    spelt = float(value) if isinstance(value, str) and _SPELT.fullmatch(value) else value
    if isinstance(spelt, int | float) and not isinstance(spelt, bool) and abs(spelt) >= _LIMIT_END:
        raise refuse(A_LIMIT_IN_SIZE)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LIMIT_END:
        return float(value)
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refuse(A_LIMIT)
    return float(found[1]) / 100


def share(value: object) -> float:
    """A number from 0 to 1; `99%` is 0.99."""
    try:
        found = number(value)
    except PydanticCustomError:
        found = -1.0
    if not 0 <= found <= 1:
        raise refuse(A_SHARE)
    return found


def is_host(text: str) -> bool:
    """Whether this is a host name with at least two labels, and no IP address."""
    labels = text.split(".")
    fits = len(text) <= 253 and len(labels) >= 2 and all(_LABEL.fullmatch(label) for label in labels)
    return fits and not labels[-1].isdigit()


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a text is, None if it is none."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def minute_of_day(value: object) -> int:
    """Minutes since midnight of `09:00`; `24:00` is 1440."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None or (found[1] == "24" and found[2] != "00"):
        raise refuse(A_TIME)
    return int(found[1]) * 60 + int(found[2])


def arm_parts(text: str) -> tuple[str, str, str, str] | None:
    """(subscription, resource group, type, name) of an ARM id of a top-level resource, None if it is none."""
    # Letters that look like others, or turn into others in lower case, would make two ids of one.
    found = _ARM_ID.fullmatch(text) if is_normalized(_COMPATIBLE, text) else None
    return (found["subscription"], found["group"], found["type"], found["name"]) if found else None


def relative_name(host: str, zone_id: str) -> str | None:
    """The name of `host` relative to its zone, `@` for the zone itself, None where it lies outside."""
    zone = zone_id.rsplit("/", 1)[-1].lower()
    host = host.lower()
    if host == zone:
        return "@"
    return host.removesuffix(f".{zone}") if host.endswith(f".{zone}") else None


def arm_shape(resource_type: str) -> str:
    """What an ARM id of this type looks like, for a person."""
    return f"an ARM id /subscriptions/…/resourceGroups/…/providers/{resource_type}/…"


def text_that(good: Callable[[str], bool], expected: str) -> BeforeValidator:
    """Text of a certain kind, told in one phrase."""

    def check(value: object) -> str:
        if not isinstance(value, str) or not good(value):
            raise refuse(expected)
        return value

    return BeforeValidator(check)


def pattern(allowed: str, expected: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """Text that a regular expression allows as a whole, told in one phrase."""
    compiled = re.compile(allowed)
    schema = {"type": "string", "pattern": f"^{allowed}$", "description": expected}
    return text_that(lambda text: compiled.fullmatch(text) is not None, expected), WithJsonSchema(schema)


def arm_id(*types: str) -> tuple[BeforeValidator, WithJsonSchema]:
    """The ARM id of a top-level resource of one of these types."""
    lowered = {each.lower() for each in types}
    expected = " or ".join(map(arm_shape, types))

    def good(text: str) -> bool:
        parts = arm_parts(text)
        return parts is not None and parts[2].lower() in lowered

    schema = {"type": "string", "pattern": "^/subscriptions/[^/]+/resourceGroups/.+", "description": expected}
    return text_that(good, expected), WithJsonSchema(schema)


def described(expected: str, *kinds: dict[str, Any]) -> WithJsonSchema:
    """How the JSON Schema tells a value: its phrase, and the kinds that it may have."""
    return WithJsonSchema({"description": expected, **({"anyOf": list(kinds)} if kinds[1:] else kinds[0])})


def _is_topic(text: str) -> bool:
    try:
        return _TOPIC.fullmatch(text) is not None and urlsplit(text).port != 0
    except ValueError:  # a port above 65535, which the pattern lets through
        return False


_NUMBER: dict[str, Any] = {"type": "number"}
_PERCENT_TEXT: dict[str, Any] = {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]+)? ?%$"}
_DURATION_TEXT: dict[str, Any] = {"type": "string", "pattern": "^[0-9]{1,9}(s|m|h|d)$"}
_WHOLE: dict[str, Any] = {"type": "integer", "minimum": 0}
_STRING: dict[str, Any] = {"type": "string"}

Seconds = Annotated[int, BeforeValidator(duration_seconds), described(A_DURATION, _WHOLE, _DURATION_TEXT)]
Ttl = Annotated[Seconds, Field(ge=1, le=TTL_SECONDS_MAX)]
Share = Annotated[float, BeforeValidator(share), described(A_SHARE, _NUMBER, _PERCENT_TEXT)]
Limit = Annotated[float, BeforeValidator(number), described(A_LIMIT, _NUMBER, _PERCENT_TEXT)]
Host = Annotated[str, text_that(is_host, A_HOST), described(A_HOST, _STRING)]
Address = Annotated[
    str,
    text_that(lambda text: address_of(text) is not None or is_host(text), AN_ADDRESS),
    described(AN_ADDRESS, _STRING),
]
RecordName = Annotated[
    str,
    text_that(lambda text: text == "@" or all(map(_LABEL.fullmatch, text.split("."))), A_RECORD_NAME),
    described(A_RECORD_NAME, _STRING),
]
MinuteOfDay = Annotated[int, BeforeValidator(minute_of_day), described(A_TIME, _STRING)]
Topic = Annotated[
    str,
    text_that(_is_topic, A_TOPIC),
    described(A_TOPIC, {"type": "string", "pattern": f"^{_TOPIC.pattern}$"}),
]
Text = Annotated[
    str,
    text_that(lambda text: 0 < len(text) <= 4096 and "\x00" not in text, A_TEXT),
    described(A_TEXT, _STRING),
]
Line = Annotated[
    str,
    text_that(lambda text: 0 < len(text) <= 1024 and text.isprintable() and bool(text.strip()), A_LINE),
    described(A_LINE, _STRING),
]

FleetName = Annotated[
    str,
    *pattern(FLEET_NAME, "lower-case letters, digits and hyphens, at most 40"),
]
TemplateVersion = Annotated[
    str,
    *pattern(TEMPLATE_VERSION, "a version of the template spec such as 1.4.0, as text, in quotes"),
]
ParameterName = Annotated[
    str, *pattern("[A-Za-z_][0-9A-Za-z_]{0,254}", "the name of a template parameter, such as slot")
]
MetricNamespace = Annotated[
    str,
    *pattern(
        "[A-Za-z][0-9A-Za-z.]{0,127}(?:/[A-Za-z][0-9A-Za-z]{0,63}){1,4}",
        "a metric namespace such as Microsoft.Network/applicationGateways",
    ),
]
Branch = Annotated[
    str, *pattern(r"(?!.*\.\.)[0-9A-Za-z_][-0-9A-Za-z_./+@#]{0,254}", "the name of a branch such as main")
]
RepositoryPath = Annotated[
    str, *pattern(r"(?!.*\.\.)[0-9A-Za-z_./][-0-9A-Za-z_./+@]{0,254}", "a path inside the repository")
]
Image = Annotated[
    str, *pattern("[0-9a-z][-0-9A-Za-z_./:@]{0,511}", "a container image such as registry/kubectl:v1.30.0")
]
GateName = Annotated[
    str, *pattern("[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", "lower-case letters, digits and hyphens")
]
Guid = Annotated[str, *pattern("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "a subscription id")]
Location = Annotated[str, *pattern("[a-z0-9]{2,40}", "an Azure region such as westeurope")]
GroupName = Annotated[
    str,
    text_that(lambda text: _GROUP.fullmatch(text) is not None and is_normalized(_COMPATIBLE, text), A_GROUP),
    described(A_GROUP, {"type": "string", "pattern": f"^{_GROUP.pattern}$"}),
]
HttpPath = Annotated[str, *pattern(r"/[!-~]{0,1024}", "a path such as /healthz")]
KubernetesName = Annotated[
    str, *pattern("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", "a Kubernetes name such as flux-system")
]
GitUrl = Annotated[
    str,
    *pattern(
        r"(?:https?://|ssh://(?:[0-9A-Za-z_][-0-9A-Za-z_]{0,63}@)?)[0-9A-Za-z][-0-9A-Za-z.]{0,252}"
        r"(?::[0-9]{1,5})?/[-0-9A-Za-z_.~/+%]{1,1000}"
        r"|git@[0-9A-Za-z][-0-9A-Za-z.]{0,252}:[0-9A-Za-z_.~/][-0-9A-Za-z_.~/+%]{0,1000}",
        "the address of a Git repository, without a password",
    ),
]

ClusterId = Annotated[str, *arm_id("Microsoft.ContainerService/managedClusters")]
GatewayId = Annotated[str, *arm_id("Microsoft.Network/applicationGateways")]
PublicIpId = Annotated[str, *arm_id("Microsoft.Network/publicIPAddresses")]
ZoneId = Annotated[str, *arm_id("Microsoft.Network/dnszones", "Microsoft.Network/privateDnsZones")]
TemplateSpecId = Annotated[str, *arm_id("Microsoft.Resources/templateSpecs")]
