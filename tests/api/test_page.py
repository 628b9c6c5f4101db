"""The page as a request gets it: what is in it, and what a browser may do with it."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from shared.api.access import OPEN
from shared.api.identity import Nobody
from tests.api.conftest import Client


async def served(client: Client) -> tuple[str, dict[str, str]]:
    """The page and the directives of its policy, for somebody whom nobody knows."""
    answer = await client.call(client.api.page, method="GET", caller=Nobody("sign in"))
    assert (answer.status, answer.content_type) == (200, "text/html")
    policy = (each.strip().partition(" ") for each in answer.headers["Content-Security-Policy"].split(";"))
    return answer.body.decode(), {name: value for name, _, value in policy}


async def test_the_page_is_everybodys_and_the_same_for_all_because_no_fleet_is_in_it(client: Client) -> None:
    unknown, _ = await served(client)
    await client.rig.publish_version()
    known = await client.call(client.api.page, method="GET")
    assert unknown == known.body.decode()
    assert "contoso" not in unknown
    assert ("get", "/page") in OPEN


@pytest.mark.parametrize(("tag", "directive"), [("script", "script-src"), ("style", "style-src")])
async def test_a_browser_runs_what_is_in_the_page_and_nothing_else(
    client: Client, tag: str, directive: str
) -> None:
    text, policy = await served(client)
    (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
    digest = b64encode(sha256(inside.encode()).digest()).decode()
    assert policy[directive] == f"'sha256-{digest}'"
    assert len(re.findall(rf"<{tag}\b", text)) == 1
    assert not re.search(r"""\son\w+=|\sstyle=|javascript:""", text.replace(inside, ""))


async def test_the_page_asks_this_host_alone_and_stands_in_no_others_frame(client: Client) -> None:
    text, policy = await served(client)
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert {policy[each] for each in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert not re.search(r"https?://|//[a-z]+\.", text)
    answer = await client.call(client.api.page, method="GET")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_the_page_makes_text_of_what_it_reads_and_changes_nothing(client: Client) -> None:
    text, _ = await served(client)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "srcdoc"):
        assert way not in text
    assert not re.search(r"method:|<form|<button|<input", text)
