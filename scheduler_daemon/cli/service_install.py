"""``service install``: what is recorded for the service, and what becomes of it."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from scheduler_daemon.cli import service_daemon, service_facts, service_plan, show, text
from scheduler_daemon.cli.command import Choices
from scheduler_daemon.service import choices as by_hand
from scheduler_daemon.service import environment, program
from scheduler_daemon.service.manager import Definition, NoManager, State, find

if TYPE_CHECKING:
    from scheduler_daemon.cli.service_daemon import Daemon

_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")


def install(
    choices: Choices, given: Sequence[str], taken: Sequence[str], *, linger: bool, start: bool, dry_run: bool
) -> None:
    """Make the daemon a service, and say what became of it.

    Raises:
        click.ClickException: it cannot be; saying why and what to type.
    """
    try:
        manager = find(choices.home, lingering=linger)
        daemon_program = program.ccschedd()
    except (NoManager, program.NoProgram) as problem:
        raise click.ClickException(str(problem)) from None
    before = manager.state()
    if start:
        service_daemon.refuse_another(choices, before)
    shell, silent = _shell()
    hand = _given(given, {**os.environ, **shell})
    kept = _kept(by_hand.read(choices.home), before, taken)
    recorded = environment.to_record(shell, os.environ, {**kept, **hand})
    for path in (daemon_program, choices.home.path):
        _demand_text(str(path))
    steps = [
        *by_hand.written(choices.home, frozenset({**kept, **hand})),
        *manager.install(Definition(daemon_program, recorded.environment), start=start, linger=linger),
    ]
    if dry_run:
        service_plan.show_plan(choices, steps)
        return
    if start:
        daemon: Daemon | None = service_daemon.started(choices, manager, steps)
    else:
        service_plan.carry_out(steps)
        daemon = service_daemon.asked(choices)
    after = manager.state()
    notes = [
        *silent,
        *recorded.notes,
        *_missing(choices, recorded.missing, daemon),
        *_standing(choices, after, linger),
    ]
    _show(choices, after, bool(steps), before.running and before.pid != after.pid, daemon, notes)


def _shell() -> tuple[Mapping[str, str], list[str]]:
    """The login shell's environment, and what is to be said where it does not tell."""
    try:
        return environment.of_login_shell(), []
    except environment.ShellSilent as problem:
        return {}, [f"{problem}; the environment of this command is recorded instead. Look at PATH below."]


def _given(given: Sequence[str], here: Mapping[str, str]) -> dict[str, str]:
    """The variables of ``--env``."""
    found = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not _NAME.fullmatch(name):
            raise click.BadParameter(f"{name!r} is no name of a variable; write NAME=VALUE.", param_hint="--env")
        if environment.is_secret(name):
            raise click.BadParameter(
                f"{name} is a secret, and a service's file is no place for one. Put it into a profile:\n"
                f"ccsched profiles create --name NAME --secret {name}",
                param_hint="--env",
            )
        if not equals:
            if name not in here:
                raise click.BadParameter(f"{name} is not set here; write {name}=VALUE.", param_hint="--env")
            value = here[name]
        found[name] = _demand_text(value)
    return found


def _kept(before: frozenset[str], state: State, taken: Sequence[str]) -> dict[str, str]:
    """The variables that were given at an earlier install and are not taken away now."""
    for name in taken:
        if name not in before:
            there = f"these were: {', '.join(sorted(before))}" if before else "none was"
            raise click.BadParameter(f"{name} was not given by --env; {there}.", param_hint="--no-env")
    return {
        name: state.environment[name] for name in sorted(before) if name not in taken and name in state.environment
    }


def _demand_text(value: str) -> str:
    """A value that a service's file can hold.

    Raises:
        click.ClickException: it has a character that cannot be written there.
    """
    if any(not character.isprintable() and character not in "\n\t" for character in value):
        raise click.ClickException(f"{value!a} cannot be recorded: it has characters that are no text.")
    return value


def _missing(choices: Choices, programs: Sequence[str], daemon: "Daemon | None") -> list[str]:
    """What a person has to do about programs that are not on the service's PATH."""
    notes = []
    again = choices.typed("service install")
    if "claude" in programs and not (daemon and daemon["agent"]):
        notes.append(
            f"claude is not on your PATH, so runs cannot start. Install it, then: {again}\n"
            f"Or name the program by its whole path: {choices.typed('settings set agent_command PATH')}"
        )
    if "git" in programs:
        notes.append(f"git is not on your PATH, so nothing can be committed. Install it, then: {again}")
    return notes


def _standing(choices: Choices, state: State, linger: bool) -> list[str]:
    """What a person has to know about the service as it is now."""
    notes = []
    if linger and state.lingers is None:
        notes.append(f"An agent of {state.manager} is there from a login on: --linger changes nothing about that.")
    if state.lingers is False:
        notes.append(service_facts.without_lingering(choices))
    if os.getuid() == 0:
        other = os.environ.get("SUDO_USER") or "NAME"
        notes.append(
            "You are root: this is root's own service, and its runs work as root. For another user's, type this as "
            f"that user, or take the unit for servers: systemctl enable --now ccsched@{other}"
        )
    return notes


def _show(
    choices: Choices, state: State, changed: bool, restarted: bool, daemon: "Daemon | None", notes: Sequence[str]
) -> None:
    if choices.as_json:
        show.document(
            {
                "changed": changed,
                "restarted": restarted,
                "manager": state.manager,
                "unit": state.unit,
                "unit_path": str(state.unit_path),
                "enabled": state.enabled,
                "lingers": state.lingers,
                "program": state.program,
                "environment": service_facts.hidden(state.environment),
                "daemon": daemon,
                "notes": list(notes),
            }
        )
        return
    if not changed:
        show.write("The service is as it is to be; nothing was changed.")
    else:
        show.write("The service has changed, and was started anew." if restarted else "The service is installed.")
    show.facts(
        [
            ("file", text.line(str(state.unit_path))),
            ("program", text.line(state.program or "")),
            ("daemon", service_facts.in_one_line(daemon) if daemon else "starts at the next login"),
            ("socket", text.line(daemon["socket"]) if daemon else ""),
            ("environment", service_facts.environment_lines(state.environment)),
        ]
    )
    for note in notes:
        show.write(f"\n{text.printable(note)}")
