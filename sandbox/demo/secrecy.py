"""What may be written nowhere: looked for in every line that a host said and in every row that it stored.

Decides what counts as a secret: each one that the rehearsal made, and whatever looks like a token, a
signature or a principal. Tells where one was found and never shows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from azure.data.tables.aio import TableServiceClient

from sandbox.demo.checks import Check

LOOKS_SECRET = re.compile(
    r"\beyJ[A-Za-z0-9_-]{10,}|[Bb]earer [A-Za-z0-9]|SharedKey \w|AccountKey=|[?&]sig=[A-Za-z0-9%]|[?&]code=\w"
    r"|(?:access_token|clusterToken|client_secret)\W{1,6}\w|objectidentifier|preferred_username"
)


class Written(NamedTuple):
    """A text that was kept, and where."""

    place: str
    text: str


def logged(directory: Path) -> list[Written]:
    """Every line of every host that has ended."""
    return [
        Written(f"{path.name}:{number}", line)
        for path in sorted(directory.glob("host-*.log"))
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), start=1)
    ]


async def stored(connection_string: str) -> list[Written]:
    """Every row of every table."""
    found = []
    async with TableServiceClient.from_connection_string(connection_string) as service:
        async for table in service.list_tables():
            async for row in service.get_table_client(table.name).list_entities():
                place = f"{table.name} {row['PartitionKey']} {row['RowKey']}"
                found.append(Written(place, " ".join(map(str, row.values()))))
    return found


def secrecy(lines: list[Written], rows: list[Written], secrets: Iterable[str]) -> Check:
    """Whether none of the secrets, and nothing that looks like one, was kept."""
    known = tuple(filter(None, secrets))
    shown = [
        place
        for place, text in (*lines, *rows)
        if LOOKS_SECRET.search(text) or any(secret in text for secret in known)
    ]
    found = f"{len(lines)} lines and {len(rows)} rows, {len(known)} secrets to look for"
    if shown:
        found = f"{len(shown)} places, the first is {shown[0]}"
    return Check("no secret is in a log or in a table", bool(lines and rows and known) and not shown, found)
