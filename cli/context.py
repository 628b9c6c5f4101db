"""Decides which options every command shares, and how a no from the API ends a command.

`shared_options` gives a command its `Desk`: the API to ask and the output to print to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

import click

from cli.client import Api, Problem, is_private
from cli.identity import tokens
from cli.output import No, Output
from shared.errors import Invalid

DEFAULT_URL = "http://127.0.0.1:7071"


class Desk:
    """What a command works with."""

    def __init__(self, api: Api, output: Output) -> None:
        self.api = api
        self.output = output


def shared_options[**P, R](command: Callable[Concatenate[Desk, P], R]) -> Callable[..., R]:
    """Add `-o` and `--url` to a command, and hand it a Desk as its first argument."""

    @click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="json is what the API gave.",
    )
    @click.option(
        "--url",
        envvar="SWITCHYARD_URL",
        default=DEFAULT_URL,
        show_default=True,
        help="Where Switchyard listens.",
    )
    @wraps(command)
    def run(*args: Any, form: str, url: str, **kwargs: Any) -> R:
        output = Output(as_json=form == "json")
        token = tokens(os.environ)
        if token is not None and not is_private(url):
            raise click.BadParameter(
                f"got {url}, expected https: anybody on the way could read your token", param_hint="--url"
            )
        with Api(url, token) as api:
            try:
                return command(Desk(api, output), *args, **kwargs)
            except Problem as problem:
                output.refuse(problem)
                raise No from problem
            except Invalid as invalid:
                output.invalid(invalid)
                raise No from invalid

    return run
