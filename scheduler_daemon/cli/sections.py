"""Help for a command with many options: each under the heading of the question that it answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from scheduler_daemon.cli.command import Command


class Sectioned(Command):
    """A command whose own options are in sections, by their headings."""

    def __init__(
        self,
        name: str | None,
        *,
        sections: Mapping[str, Sequence[click.Option]],
        params: Sequence[click.Parameter],
        **more: Any,
    ) -> None:
        """``params`` are its arguments."""
        self.sections = sections
        options = [option for section in sections.values() for option in section]
        super().__init__(name, params=[*params, *options], **more)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, then the options that every command takes."""
        shared = [each for each in self.get_params(ctx) if each not in self.params and isinstance(each, click.Option)]
        for heading, options in {**self.sections, "Like every command": shared}.items():
            records = (option.get_help_record(ctx) for option in options)
            with formatter.section(heading):
                formatter.write_dl([record for record in records if record])
