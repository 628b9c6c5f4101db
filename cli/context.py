"""Decides which options every command shares, and how a no from the API ends a command.

`shared_options` gives a command its `Desk`: the API to ask and the output to print to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

import click

from cli.client import Api, Problem
from cli.output import No, Output, person
from shared.errors import Invalid

DEFAULT_URL = "http://127.0.0.1:7071"


class Desk:
    """What a command works with."""

    def __init__(self, api: Api, output: Output) -> None:
        self.api = api
        self.output = output


def shared_options[**P, R](command: Callable[Concatenate[Desk, P], R]) -> Callable[..., R]:
    """Add `-o`, `--url` and `--key` to a command, and hand it a Desk as its first argument."""

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
    @click.option("--key", envvar="SWITCHYARD_KEY", help="The function key, sent as x-functions-key.")
    @wraps(command)
    def run(*args: Any, form: str, url: str, key: str | None, **kwargs: Any) -> R:
        output = Output(as_json=form == "json")
        with Api(url, key) as api:
            try:
                return command(Desk(api, output), *args, **kwargs)
            except Problem as problem:
                output.refuse(problem)
                raise No from problem
            except Invalid as invalid:
                output.invalid(invalid)
                raise No from invalid

    return run


def by_option[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Add `--by`: the person whose name goes into the audit trail."""
    return click.option(
        "--by",
        envvar="SWITCHYARD_BY",
        default=person,
        show_default="the name you are logged in with",
        help="The person behind it, for the audit trail.",
    )(command)
