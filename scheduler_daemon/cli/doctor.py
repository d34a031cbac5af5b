"""The command ``doctor``: is everything there, and what is to be typed where it is not?"""

import click

from scheduler_daemon.cli import show
from scheduler_daemon.cli.command import Choices, Command


@click.command(cls=Command)
@click.option("--before-bed", is_flag=True, help="Rehearse what is due: would each task run? Nothing is run.")
@click.option(
    "--hours",
    metavar="NUMBER",
    type=click.IntRange(1, 744),
    help="How far ahead to look, 24 if not given.",
)
@click.option("--verbose", is_flag=True, help="Also what does not apply here, and what is known beside.")
@click.option("--worktrees", is_flag=True, help="List worktrees that no job works in any more, and nothing else.")
@click.pass_context
def doctor(context: click.Context, before_bed: bool, hours: int | None, verbose: bool, worktrees: bool) -> None:
    """Check everything that runs need.

    Under what is wrong is the command that mends it. Nothing is run and nothing is changed. The exit code is 1 if
    anything failed; warnings do not count.
    """
    choices: Choices = context.obj
    if worktrees:
        if before_bed or verbose or hours is not None:
            raise click.UsageError("--worktrees goes alone.")
        from scheduler_daemon.cli.unused_worktrees import show_unused

        show_unused(choices)
        return
    from scheduler_daemon.cli import diagnosis, rehearsal
    from scheduler_daemon.cli.surroundings import look

    found = look(choices, hours or 24, rehearse=before_bed)
    checks, tonight = found["checks"], found["tonight"]
    well = diagnosis.well(checks) and (tonight is None or rehearsal.well(tonight))
    if choices.as_json:
        show.document({"ok": well, **found})
    elif not before_bed:
        diagnosis.show_all(checks, verbose=verbose)
    else:
        rehearsal.show_night(choices, checks, tonight, verbose=verbose)
    if not well:
        context.exit(1)
