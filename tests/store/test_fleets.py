"""A fleet in shadow is stored so that a version which does not know shadows leaves it alone."""

from __future__ import annotations

import msgspec
import pytest

from shared.fleet import Fleet
from shared.ports import Store
from tests.store.samples import NOW, fleet

WITHOUT_SHADOW = msgspec.defstruct(
    "EarlierFleet",
    [(field.name, field.type) for field in msgspec.structs.fields(Fleet) if field.required],
    kw_only=True,
)
"""A fleet as a version of before reads it: what it must have, and whatever else passed over."""


@pytest.mark.parametrize("shadow", [False, True])
async def test_a_fleet_is_read_as_it_was_applied(store: Store, name: str, shadow: bool) -> None:
    declared = msgspec.structs.replace(fleet(name), shadow=shadow)
    await store.apply(declared, if_match=None, now=NOW)
    assert (await store.load(name)).fleet == declared


async def test_a_version_that_does_not_know_shadows_cannot_read_one(store: Store, name: str) -> None:
    await store.apply(fleet(name), if_match=None, now=NOW)
    real = (await store.load(name)).fleet_document
    assert msgspec.structs.asdict(msgspec.json.decode(real, type=WITHOUT_SHADOW))["name"] == name
    etag = (await store.load(name)).fleet_etag
    await store.apply(msgspec.structs.replace(fleet(name), shadow=True), if_match=etag, now=NOW)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode((await store.load(name)).fleet_document, type=WITHOUT_SHADOW)
