"""A plan for a login service, shown instead of done, or done."""

import click

from scheduler_daemon.cli import show, text
from scheduler_daemon.cli.command import Choices
from scheduler_daemon.service.environment import hide_passwords
from scheduler_daemon.service.plan import Plan, RunCommand, Step, StepFailed, WriteFile
from scheduler_daemon.service.plan import carry_out as do


class NotDone(click.ClickException):
    """A step of a plan could not be done; the message says which, and why."""

    def __init__(self, step: Step, message: str) -> None:
        super().__init__(message)
        self.step = step


def show_plan(choices: Choices, plan: Plan) -> None:
    """Write what each step would do; of a file, all that is in it but passwords."""
    if choices.as_json:
        show.document({"dry_run": True, "steps": as_json(plan)})
        return
    if not plan:
        show.write("Nothing is to be done.")
    for step in plan:
        show.write(text.line(hide_passwords(step.shown())))
        if isinstance(step, WriteFile):
            for line in step.content.splitlines():
                show.write(f"    {text.line(hide_passwords(line))}".rstrip())


def as_json(plan: Plan) -> list[dict[str, object]]:
    """The steps, for a program."""
    steps: list[dict[str, object]] = []
    for step in plan:
        if isinstance(step, WriteFile):
            content = hide_passwords(step.content)
            steps.append({"do": "write_file", "path": str(step.path), "mode": f"{step.mode:04o}", "content": content})
        elif isinstance(step, RunCommand):
            steps.append({"do": "run_command", "argv": list(step.argv), "environment": dict(step.environment)})
        else:
            steps.append({"do": step.kind, "path": str(step.path)})
    return steps


def carry_out(plan: Plan) -> None:
    """Do all steps.

    Raises:
        NotDone: at the first that cannot be done.
    """
    try:
        do(plan)
    except StepFailed as problem:
        raise NotDone(problem.step, text.printable(hide_passwords(_told(problem)))) from None


def lingers(step: Step) -> bool:
    """Whether a step has the service go on without a login, which the daemon's log knows nothing of."""
    return isinstance(step, RunCommand) and step.argv[:2] == ("loginctl", "enable-linger")


def _told(problem: StepFailed) -> str:
    step = problem.step
    if lingers(step):
        return (
            f"{problem}\nNothing was changed. Lingering is for an administrator to allow here; as root type: "
            f"{step.shown()}\nThen install it again; or without --linger: it runs while you are logged in."
        )
    return str(problem)
