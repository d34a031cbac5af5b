"""The commands ``service …``: the daemon as a login service. What they need is loaded when one of them is used."""

import os
import sys
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.command import Choices, Group

if TYPE_CHECKING:
    from scheduler_daemon.service.manager import Manager
    from scheduler_daemon.service.plan import Plan

NOT_RUNNING = 3
"""The exit code of ``status`` where the service does not run, as systemctl's."""

dry_run = click.option("--dry-run", is_flag=True, help="Show what would be written and run, and do nothing.")


@click.group(cls=Group)
def service() -> None:
    """Have the daemon there by itself, as a service.

    A service of systemd or launchd, there from login on or from boot.
    """


@service.command("install")
@click.option(
    "--env",
    "given",
    metavar="NAME[=VALUE]",
    multiple=True,
    help="A variable that the service also gets; without a value, the one it has here. May be repeated; kept by the "
    "next install.",
)
@click.option("--no-env", "taken", metavar="NAME", multiple=True, help="No longer one that was given so.")
@click.option("--linger", is_flag=True, help="Also while nobody is logged in, from boot on (systemd).")
@click.option("--no-start", is_flag=True, help="Do not start it now, only at the next login.")
@dry_run
@click.pass_obj
def install(
    choices: Choices, given: tuple[str, ...], taken: tuple[str, ...], linger: bool, no_start: bool, dry_run: bool
) -> None:
    """Make the daemon a service, start it, and say what became of it.

    It gets the PATH of your login shell, and proxies, locale and the like; what is recorded is shown, and `status`
    shows it again. When that has changed, or where ccsched is, install it once more.
    """
    from scheduler_daemon.cli import service_install

    service_install.install(choices, given, taken, linger=linger, start=not no_start, dry_run=dry_run)


@service.command("uninstall")
@dry_run
@click.pass_obj
def uninstall(choices: Choices, dry_run: bool) -> None:
    """Stop the service and remove it.

    Jobs, runs and logs stay, and live runs go on.
    """
    import shlex

    from scheduler_daemon.cli import service_daemon, service_plan
    from scheduler_daemon.service import choices as by_hand

    manager = _manager(choices)
    before = manager.state()
    live = service_daemon.live_runs(choices, before)
    steps = [*manager.uninstall(), *by_hand.removed(choices.home)]
    if dry_run:
        service_plan.show_plan(choices, steps)
        return
    service_plan.carry_out(steps)
    after = manager.state()
    additions = before.unit_path.with_name(f"{before.unit_path.name}.d")
    notes = [
        f"The home stays. To delete all that is remembered: rm -r {text.line(shlex.quote(str(choices.home.path)))}"
    ]
    if live:
        notes.insert(0, _go_on(live))
    if before.lingers:
        notes.append("Lingering stays on. If nothing else needs it, turn it off: loginctl disable-linger")
    if additions.exists():
        notes.append(f"What you added to it stays, and would count again: {text.line(str(additions))}")
    if after.installed:
        notes.append(f"{text.line(str(after.unit_path))} is of a package and stays; it starts nothing by itself.")
    if choices.as_json:
        show.document({"changed": bool(steps), "live_runs": live, "notes": notes})
        return
    show.write("The service is removed." if steps else "There is no service to remove.")
    for note in notes if steps else []:
        show.write(note)


@service.command("start")
@dry_run
@click.pass_obj
def start(choices: Choices, dry_run: bool) -> None:
    """Start the service and wait until the daemon answers."""
    from scheduler_daemon.cli import service_daemon

    manager = _installed(choices)
    service_daemon.refuse_another(choices, manager.state())
    _bring_up(choices, manager, manager.start(), dry_run)


@service.command("restart")
@dry_run
@click.pass_obj
def restart(choices: Choices, dry_run: bool) -> None:
    """End the daemon and start it anew; live runs go on.

    As after an upgrade.
    """
    from scheduler_daemon.cli import service_daemon

    manager = _installed(choices)
    service_daemon.refuse_another(choices, manager.state())
    _bring_up(choices, manager, manager.restart(), dry_run)


@service.command("stop")
@click.option("--stop-runs", is_flag=True, help="Stop the live runs first; else they go on.")
@dry_run
@click.pass_obj
def stop(choices: Choices, stop_runs: bool, dry_run: bool) -> None:
    """Stop the service until the next login; live runs go on.

    Also one that fails again and again.
    """
    from scheduler_daemon.cli import service_daemon, service_plan

    manager = _installed(choices)
    if dry_run:
        service_plan.show_plan(choices, manager.stop())
        return
    before = manager.state()
    stopped = service_daemon.end_with_runs(choices, before) if stop_runs else 0
    live = service_daemon.live_runs(choices, before)
    service_plan.carry_out(manager.stop())
    if choices.as_json:
        show.document({"stopped_runs": stopped, "live_runs": live})
        return
    if stopped:
        show.write(f"Ended: {text.count(stopped, 'run')}.")
    show.write(f"Stopped, until the next {'boot' if before.lingers else 'login'}.")
    if live:
        show.write(_go_on(live))


@service.command("status")
@click.pass_context
def status(context: click.Context) -> None:
    """Show how the service is, and what it was given.

    The exit code is 0 if it runs and its daemon answers, else 3.
    """
    from scheduler_daemon.cli import service_facts
    from scheduler_daemon.service.manager import NoManager, find

    choices: Choices = context.obj
    try:
        manager = find(choices.home)
    except NoManager as problem:
        if choices.as_json:
            show.document({"manager": None, "installed": False, "running": False, "problem": str(problem)})
        else:
            show.write(str(problem))
        context.exit(NOT_RUNNING)
    found = manager.state()
    answers = service_facts.show_status(choices, found)
    context.exit(0 if found.running and answers else NOT_RUNNING)


@service.command("logs")
@click.option("-f", "--follow", is_flag=True, help="Go on as more is logged, until Ctrl-C.")
@click.option("-n", "--lines", metavar="NUMBER", type=click.IntRange(0), default=50, show_default=True)
@click.pass_obj
def logs(choices: Choices, follow: bool, lines: int) -> None:
    """Show what the daemon itself logs; of a run: runs logs."""
    from scheduler_daemon.cli import service_daemon

    manager = _manager(choices)
    command = service_daemon.log_command(choices, manager, follow, lines)
    sys.stdout.flush()
    os.execvp(command[0], command)  # noqa: S606 - the journal's own program, or tail, in the place of this one


def _go_on(live: int) -> str:
    runs, ended = ("The run that lives goes", "it") if live == 1 else (f"The {live} runs that live go", "each")
    return f"{runs} on without it; how {ended} ended is on record as soon as a daemon is there again."


def _manager(choices: Choices) -> "Manager":
    from scheduler_daemon.service.manager import NoManager, find

    try:
        return find(choices.home)
    except NoManager as problem:
        raise click.ClickException(str(problem)) from None


def _installed(choices: Choices) -> "Manager":
    """The manager of a service that is installed.

    Raises:
        click.ClickException: it is not.
    """
    manager = _manager(choices)
    if not manager.state().installed:
        raise click.ClickException(
            f"There is no service of {text.line(str(choices.home.path))} yet.\n"
            f"Make one: {choices.typed('service install')}"
        )
    return manager


def _bring_up(choices: Choices, manager: "Manager", steps: "Plan", dry_run: bool) -> None:
    """Carry out what starts the daemon, and say what it answers."""
    from scheduler_daemon.cli import service_daemon, service_facts, service_plan

    if dry_run:
        service_plan.show_plan(choices, steps)
        return
    daemon = service_daemon.started(choices, manager, steps)
    if choices.as_json:
        show.document(daemon)
    else:
        show.write(f"The daemon runs: {service_facts.in_one_line(daemon)}.")
