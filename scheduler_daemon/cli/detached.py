"""The commands ``daemon …``: the daemon in the background, where no service manager keeps it."""

from typing import Any

import click

from scheduler_daemon.cli import detached_process, show, text, times
from scheduler_daemon.cli.client import Unreachable
from scheduler_daemon.cli.command import Choices, Group

NOT_RUNNING = 3
"""The exit code of ``status`` where there is no daemon."""


@click.group(cls=Group)
def daemon() -> None:
    """Have the daemon in the background, without a service.

    That is for where there is no service manager: in containers, on WSL, plain servers. Elsewhere `ccsched service`
    is better: it also starts a daemon that has crashed anew. To have this one there after a reboot, add a line with
    `crontab -e`: @reboot bash -lc 'ccsched daemon start'
    """


@daemon.command("start")
@click.pass_obj
def start(choices: Choices) -> None:
    """Start the daemon in the background, and wait until it answers.

    It gets the environment of this shell, but for what belongs to the terminal. What it logs is in daemon.log of its
    home, which is rotated.
    """
    running = detached_process.holder(choices)
    if running is None:
        detached_process.leave_to_service(choices, "start")
    answer, started = (
        detached_process.bring_up(choices) if running is None else (detached_process.answer(choices), False)
    )
    if choices.as_json:
        show.document({"started": started, **_who(choices, answer)})
    elif started:
        show.write(f"The daemon runs: process {answer['pid']}.")
        show.write(f"What it logs: {text.line(str(choices.home.daemon_log))}")
        show.hints((choices.typed("daemon status"), "how it is"), (choices.typed("daemon stop"), "to end it"))
    else:
        show.write(f"The daemon is running already: process {answer['pid']}.")


@daemon.command("stop")
@click.option("--stop-runs", is_flag=True, help="Stop the live runs as well; else they go on.")
@click.pass_obj
def stop(choices: Choices, stop_runs: bool) -> None:
    """End the daemon; live runs go on.

    It waits until the daemon is gone. The runs' ends are on record at the next start.
    """
    pid = detached_process.holder(choices)
    live = None if pid is None else detached_process.bring_down(choices, pid, "stop", stop_runs)
    if choices.as_json:
        stopped, left = (live or 0, 0) if stop_runs else (0, live)
        show.document({"stopped": pid is not None, "pid": pid, "stopped_runs": stopped, "live_runs": left})
    elif pid is None:
        show.write("The daemon is not running.")
    else:
        show.write(f"The daemon has ended: process {pid}.")
        if live and stop_runs:
            show.write(f"{text.count(live, 'run').capitalize()} stopped with it.")
        elif live:
            go = "goes on, and its end is" if live == 1 else "go on, and their ends are"
            show.write(f"{text.count(live, 'live run').capitalize()} {go} on record at the next start.")


@daemon.command("restart")
@click.pass_obj
def restart(choices: Choices) -> None:
    """End the daemon and start it anew; live runs go on.

    As after an upgrade.
    """
    detached_process.leave_to_service(choices, "restart")
    pid = detached_process.holder(choices)
    live = None if pid is None else detached_process.bring_down(choices, pid, "restart", stop_runs=False)
    answer, started = detached_process.bring_up(choices)
    if choices.as_json:
        show.document({"stopped": pid is not None, "started": started, **_who(choices, answer)})
        return
    show.write(f"The daemon runs{' anew' if pid else ''}: process {answer['pid']}.")
    if live:
        show.write(f"It has taken over {text.count(live, 'live run')}.")
    show.write(f"What it logs: {text.line(str(choices.home.daemon_log))}")


@daemon.command("status")
@click.pass_context
def status(context: click.Context) -> None:
    """Show whether the daemon runs, and what it does.

    The exit code is 0 if it runs and answers, else 3.
    """
    choices: Choices = context.obj
    pid = detached_process.holder(choices)
    try:
        with choices.connect(detached_process.ASKING) as connection:
            health = connection.call("daemon.health")
        with choices.connect() as connection:  # in which the agent is asked for its version, and may be slow
            state = connection.call("daemon.state")
    except Unreachable as problem:
        _show_silent(choices, pid, problem.message)
        context.exit(NOT_RUNNING)
    due = state["next_due"][0] if state["next_due"] else None
    who = _who(choices, health)
    if choices.as_json:
        told = {name: health[name] for name in ("started_by", "started_at", "live_runs")}
        show.document({"running": True, **who, **told, "next_due": due})
        return
    show.facts(
        [
            ("daemon", f"running, {_KEPT[health['started_by']]}"),
            ("process", str(health["pid"])),
            ("version", str(health["version"])),
            ("up since", times.exact(health["started_at"])),
            ("home", text.line(health["home"])),
            ("log", text.line(who["log"] or "")),
            ("live runs", str(health["live_runs"])),
            ("next due", _due(due) if due else "nothing is scheduled"),
        ]
    )


_KEPT = {
    "detached": "in the background",
    "service": "as a login service",
    "hand": "started by hand or by another program",
}


def _show_silent(choices: Choices, pid: int | None, problem: str) -> None:
    home = str(choices.home.path)
    if choices.as_json:
        show.document(
            {"running": pid is not None, "pid": pid, "home": home, "problem": None if pid is None else problem}
        )
    elif pid is None:
        show.write(f"The daemon is not running; its home would be {text.line(home)}.")
        show.hints((choices.typed("daemon start"), "to start it"))
    else:
        show.write(f"The daemon, process {pid}, does not answer: it is about to start or to end, or it is stuck.")
        show.write(problem)


def _due(due: dict[str, Any]) -> str:
    return f"{times.brief(due['next_due'])} {text.line(due['job_name'])}/{text.line(due['task_name'])}"


def _who(choices: Choices, answer: dict[str, Any]) -> dict[str, Any]:
    """What is told of a daemon that was found or started."""
    return {
        "pid": answer["pid"],
        "version": answer["version"],
        "home": answer["home"],
        "log": str(choices.home.daemon_log) if answer["started_by"] == "detached" else None,
    }
