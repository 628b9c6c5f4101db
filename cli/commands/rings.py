"""`switchyard rings`: all rings of a file at once. What people say to one of them is said to its fleet."""

from __future__ import annotations

import click

from cli.context import Desk, shared_options
from cli.view.rings import rings_text


@click.command()
@click.argument("name")
@shared_options
def rings(desk: Desk, name: str) -> None:
    """Show the rings of the file NAME in order: which version each is on, and what it waits for."""
    desk.output.show(desk.api.get("rings", name).body, rings_text)
