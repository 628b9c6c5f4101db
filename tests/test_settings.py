"""What the environment may say of a rehearsal's DNS server."""

from __future__ import annotations

import pytest

from shared.errors import Invalid
from shared.settings import parse

STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
STAND_IN = {**STORAGE, "SWITCHYARD_ARM_ENDPOINT": "https://localhost:8443"}


@pytest.mark.parametrize("server", ["127.0.0.1:5353", "[::1]:5353"])
def test_a_rehearsals_dns_server_is_on_loopback(server: str) -> None:
    assert parse({**STAND_IN, "SWITCHYARD_DNS_SERVER": server}).dns_server == server


@pytest.mark.parametrize("nothing", [{}, {"SWITCHYARD_DNS_SERVER": ""}])
def test_without_one_the_dns_itself_is_asked(nothing: dict[str, str]) -> None:
    assert parse({**STORAGE, **nothing}).dns_server is None


@pytest.mark.parametrize(
    "server", ["127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "localhost:5353", "8.8.8.8:53", "::1:5353", "x"]
)
def test_any_other_is_a_mistake(server: str) -> None:
    with pytest.raises(
        Invalid, match=r"SWITCHYARD_DNS_SERVER: got .*, expected the address and port of a stand-in"
    ):
        parse({**STAND_IN, "SWITCHYARD_DNS_SERVER": server})


def test_a_real_azure_is_not_rehearsed_with_other_names() -> None:
    with pytest.raises(Invalid, match=r"SWITCHYARD_DNS_SERVER: got 127.*, expected nothing, unless"):
        parse({**STORAGE, "SWITCHYARD_DNS_SERVER": "127.0.0.1:5353"})
