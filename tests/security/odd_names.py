"""Names that want to be something else: a path, a query, an option, a command, a line of a log."""

from __future__ import annotations

ODD = (
    "../../x",
    "..",
    "a/../b",
    "a%2fb",
    "%2e%2e",
    "a?b=c",
    "a#b",
    "a&b",
    "a\\b",
    "a\nINFO switchyard: forged",
    "a\r\nX-Header: 1",
    "a\x00b",
    "a\x1b[2Jb",
    "a\u202eb",
    "a\u2028b",
    "a'b",
    "' or PartitionKey ne '",
    'a"b',
    "a|b",
    "T | union *",
    "a;b",
    "a`id`",
    "$(id)",
    "--help",
    "-oProxyCommand=id",
    "a b",
    "{{a}}",
    "a\ud800b",
    "\N{ROCKET}",
    "\N{KELVIN SIGN}s",
    "\N{LATIN SMALL LETTER LONG S}ystem",
    "x" * 5000,
)

# What is free text on purpose, and where it ends up: in JSON, in an encoded query string, or on a screen.
