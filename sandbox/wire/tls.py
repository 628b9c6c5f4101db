"""A certificate authority for one rehearsal, and server contexts under it.

Decides which names a certificate covers. Refuses to touch any trust store: a client trusts it through
`SSL_CERT_FILE`, and then it trusts nothing else, so a rehearsal cannot reach the real Azure by mistake.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Authority:
    """A new certificate authority; its certificate lies in `file`, its key nowhere."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._authority = trustme.CA(organization_name="Switchyard stand-in")
        self.file = directory / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def server_context(self, *names: str) -> ssl.SSLContext:
        """TLS for a server of these host names and addresses; `*.zone` covers one level."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(*names).configure_cert(context)
        return context
