"""The parts of an ARM resource id. Decides nothing and knows no service."""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.errors import Refused

_RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription_id>[^/]+)/resourceGroups/(?P<resource_group>[^/]+)"
    r"/providers/(?P<type>[^/]+/[^/]+)/(?P<name>[^/]+)/?",
    re.IGNORECASE,
)

_IN_A_GROUP = re.compile(r"/subscriptions/[^/]+/resourceGroups/(?P<name>[^/]+)/.+", re.IGNORECASE)


class ResourceId(NamedTuple):
    """A top-level resource. `type` is `Namespace/kind`; ids compare without case, so compare `id.lower()`."""

    subscription_id: str
    resource_group: str
    type: str
    name: str


def parse(resource_id: str) -> ResourceId:
    """The parts of a resource id. Raises Refused for anything that is not one."""
    return ResourceId(**_matched(_RESOURCE_ID, resource_id).groupdict())


def group_of(resource_id: str) -> str:
    """The resource group that a resource, or a part of one, lies in. Raises Refused for any other id."""
    return _matched(_IN_A_GROUP, resource_id)["name"]


def _matched(pattern: re.Pattern[str], resource_id: str) -> re.Match[str]:
    match = pattern.fullmatch(resource_id)
    if match is None:
        raise Refused(f"{resource_id!r} is not the id of an Azure resource")
    return match
