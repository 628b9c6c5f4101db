"""The console script: the table of commands, and what every ending means as an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
import msgspec

from cli.client import Unreachable
from cli.commands.audit import audit
from cli.commands.evidence import evidence
from cli.commands.fleet import fleet
from cli.commands.gates import gates
from cli.commands.people import PEOPLE
from cli.commands.plan import plan
from cli.commands.rings import rings
from cli.commands.rollout import rollout
from cli.commands.scorecard import scorecard
from cli.commands.signal import signal
from cli.output import Exit, No

EPILOG = """
\b
Exit codes:
  0  yes, or done
  1  the answer is no: refused, invalid, not verified, a gate that does not pass, or a watched rollout
     that did not complete
  2  the command line is wrong
  3  Switchyard cannot be reached
130  interrupted
"""


_NEWER = (
    "the controller says what this version of the command line does not know; install the version that it has"
)


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
def switchyard() -> None:
    """Moves live traffic from one whole AKS cluster to its successor, and back when anything looks wrong."""


for _command in (fleet, rings, rollout, plan, *PEOPLE, signal, audit, evidence, scorecard, gates):
    switchyard.add_command(_command)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; None takes the process's own."""
    try:
        switchyard.main(args=arguments, prog_name="switchyard", standalone_mode=False)
    except No:
        return Exit.NO
    except msgspec.ValidationError as error:
        click.echo(f"{_NEWER}: {error}", err=True)
        return Exit.UNREACHABLE
    except Unreachable as error:
        click.echo(str(error), err=True)
        return Exit.UNREACHABLE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    return Exit.OK


def main() -> None:
    """The console script `switchyard`."""
    sys.exit(run())


if __name__ == "__main__":
    main()
