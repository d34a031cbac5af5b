"""Which profile: the options of jobs and of tasks, with shortcuts for the profiles that are always there."""

from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import completion
from scheduler_daemon.cli.options import only_one, takes_away
from scheduler_daemon.cli.shortcuts import BEDROCK, ZAI

if TYPE_CHECKING:
    from scheduler_daemon.cli.given import Profile


def parameters(*, creating: bool) -> list[click.Option]:
    """The options themselves."""
    return [
        click.Option(
            ["--profile"],
            shell_complete=completion.profiles,
            help="The environment of its runs: a profile's id or name.",
        ),
        click.Option(["--zai"], is_flag=True, help="The profile ZAI: short for --profile and its id."),
        click.Option(["--bedrock"], is_flag=True, help="The profile AWS Bedrock: short for --profile and its id."),
        *takes_away("--no-profile", "No profile of its own any more.", creating=creating),
    ]


def fields_of(given: "Profile") -> dict[str, object]:
    """The field ``profile``, with None for no profile; no field where no option says.

    Raises:
        click.UsageError: when two options say different things.
    """
    profile = given["profile"]
    option = only_one(
        "which profile",
        {
            "--profile": profile is not None,
            "--zai": given["zai"],
            "--bedrock": given["bedrock"],
            "--no-profile": given.get("no_profile", False),
        },
    )
    if option is None:
        return {}
    return {"profile": {"--profile": profile, "--zai": ZAI, "--bedrock": BEDROCK}.get(option)}
