"""What is shown of a login service: its state, its environment, and the daemon in it."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scheduler_daemon import __version__
from scheduler_daemon.cli import service_daemon, show, text, times
from scheduler_daemon.cli.command import Choices
from scheduler_daemon.service import program
from scheduler_daemon.service.environment import hide_passwords

if TYPE_CHECKING:
    from scheduler_daemon.cli.service_daemon import Daemon
    from scheduler_daemon.service.manager import State


def show_status(choices: Choices, state: "State") -> bool:
    """Write all that is known of the service; whether its daemon answers."""
    daemon = service_daemon.asked(choices)
    problems = _problems(choices, state, daemon)
    if choices.as_json:
        show.document(
            {
                **dataclasses.asdict(state),
                "unit_path": str(state.unit_path),
                "environment": hidden(state.environment),
                "daemon": daemon,
                "client_version": __version__,
                "problems": problems,
            }
        )
        return daemon is not None
    show.facts(
        [
            ("service", f"{state.unit} of {state.manager}"),
            ("installed", text.line(str(state.unit_path)) if state.installed else "no"),
            ("starts by itself", _starts(state)),
            ("state", ", ".join(part for part in (state.active, state.detail) if part)),
            ("since", state.since or ""),
            ("process", str(state.pid or "")),
            ("daemon", in_one_line(daemon) if daemon else "does not answer"),
            ("home", text.line(str(choices.home.path))),
            ("program", text.line(state.program or "")),
            ("environment", environment_lines(state.environment)),
        ]
    )
    for problem in problems:
        show.write(f"\n{problem}")
    return daemon is not None


def in_one_line(daemon: "Daemon") -> str:
    """Process, version, live runs and what is due next."""
    runs = text.count(daemon["live_runs"], "live run")
    parts = [f"process {daemon['pid']}", f"version {daemon['version']}", runs]
    due = [
        f"next due {times.brief(each['next_due'])} {text.line(each['job_name'])}/{text.line(each['task_name'])}"
        for each in daemon["next_due"]
    ]
    return ", ".join([*parts, *(due or ["nothing is scheduled"])])


def hidden(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables with the passwords in their URLs hidden."""
    return {name: hide_passwords(value) for name, value in environment.items()}


def environment_lines(environment: Mapping[str, str]) -> str:
    """A line for each variable."""
    return "\n".join(f"{name}={text.line(value)}" for name, value in hidden(environment).items())


def _starts(state: "State") -> str:
    if not state.enabled:
        return "no" if state.installed else ""
    return "at boot, with nobody logged in" if state.lingers else "at login"


def _problems(choices: Choices, state: "State", daemon: "Daemon | None") -> list[str]:
    """What is not as it should be, each with what to type."""
    again, restart = choices.typed("service install"), choices.typed("service restart")
    if not state.installed:
        none = f"There is no service of yours yet. Make one: {again}"
        if daemon is None:
            return [none]
        if daemon["started_by"] == "service":
            return [
                f"Its daemon is another service. To see which: {service_daemon.which_service(state, daemon['pid'])}"
            ]
        return [f"Its daemon was started by hand. {none}"]
    problems = []
    if not state.enabled:
        problems.append(f"It does not start by itself. To have it do so: {again}")
    if state.needs_reload:
        problems.append(f"Its file has changed on disk and counts only once it is read: {restart}")
    if daemon and daemon["pid"] != state.pid and daemon["started_by"] == "service":
        which = service_daemon.which_service(state, daemon["pid"])
        problems.append(
            f"The daemon that answers, process {daemon['pid']}, is another service. To see which: {which}"
        )
    elif daemon and daemon["pid"] != state.pid:
        problems.append(
            f"The daemon that answers, process {daemon['pid']}, is not the service: it was started by hand.\n"
            f"To leave it to the service: {choices.typed('daemon stop')}, then {choices.typed('service start')}"
        )
    elif state.running and daemon is None:
        problems.append(
            f"Its daemon does not answer. To start it again, its runs go on: {restart}; "
            f"what it logs: {choices.typed('service logs')}"
        )
    elif state.active == "activating":
        problems.append(f"It does not run yet. What it logs: {choices.typed('service logs')}")
    elif not state.running:
        problems.append(
            f"It does not run. To start it: {choices.typed('service start')}; "
            f"what it logged: {choices.typed('service logs')}"
        )
    if daemon and service_daemon.of_another_version(daemon):
        problems.append(f"The daemon is {daemon['version']}, this ccsched is {__version__}: {restart}")
    try:
        if state.own and state.program != str(program.ccschedd()):
            problems.append(
                f"It starts {text.line(state.program or 'nothing')}, and this ccsched belongs to "
                f"{text.line(str(program.ccschedd()))}. To have it start that: {again}"
            )
    except program.NoProgram as problem:
        problems.append(str(problem))
    if state.lingers is False and state.enabled:
        problems.append(f"{without_lingering(choices)}")
    return problems


def without_lingering(choices: Choices) -> str:
    """What it means that lingering is off, and how to turn it on."""
    return (
        "Lingering is off: the service ends when you log out, with all its runs, and starts when you log in.\n"
        f"To have it there from boot on: {choices.typed('service install --linger')}"
    )
