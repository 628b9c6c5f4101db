"""The page that shows fleets in a browser: one document that reads the API like everybody else.

Decides what a browser may do with it: run the script and the style that are in it, which are named by their
hashes, and ask this host. Refuses to know any fleet: there is nothing in the page to keep from anybody.

Source: https://www.w3.org/TR/CSP3/
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path

from msgspec import Struct


class Page(Struct, frozen=True):
    """The page as UTF-8, and the headers that it is sent with."""

    body: bytes
    headers: Mapping[str, str]


@cache
def page() -> Page:
    """The page, read once in a process."""
    body = _part("page.html")
    for tag, name in ((b"style", "page.css"), (b"script", "page.js")):
        empty, filled = b"<%b>\n</%b>" % (tag, tag), b"<%b>\n%b</%b>" % (tag, _part(name), tag)
        body = body.replace(empty, filled)
    allowed = [
        "default-src 'none'",
        f"script-src {_hashes(body, b'script')}",
        f"style-src {_hashes(body, b'style')}",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
    headers = {
        "Content-Security-Policy": "; ".join(allowed),
        "Cache-Control": "no-cache",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return Page(body, headers)


def _part(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()


def _hashes(body: bytes, tag: bytes) -> str:
    """What is inside of each element of that name, as a policy names it."""
    inside = re.findall(b"<%b>(.*?)</%b>" % (tag, tag), body, re.DOTALL)
    return " ".join(f"'sha256-{b64encode(sha256(each).digest()).decode()}'" for each in inside)
