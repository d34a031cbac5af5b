"""A profile whose secret nobody has filled in yet: said when it is chosen, not in the morning."""

import sys

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.client import Client, Refused
from scheduler_daemon.cli.command import Choices


def note(choices: Choices, daemon: Client, fields: dict[str, object]) -> None:
    """Say on standard error, for people, what the profile in these fields lacks, if there is one that does."""
    if not fields.get("profile"):
        return
    try:
        profile = daemon.call("profiles.get", profile=fields["profile"])
    except Refused:
        return  # deleted in the meantime; what was asked is done
    lacking = [
        f"--secret {variable['name']}"
        for variable in profile["env_vars"]
        if variable["source"] == "static" and not variable["value"] and variable["config"].get("required") is True
    ]
    if lacking:
        command = choices.typed(f"profiles update {text.short(profile['id'])} {' '.join(lacking)}")
        show.write(
            f"Note: the profile {text.line(profile['name'])} needs its secret before a run can start:\n{command}",
            sys.stderr,
        )
