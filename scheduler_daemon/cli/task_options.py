"""What the options of ``tasks create`` mean together: the command, the schedule, the time limit."""

import sys
from pathlib import Path

import click

from scheduler_daemon.cli import text, times


def command_of(prompt: str | None, file: str | None, command: str | None, kind: str | None) -> str:
    given = [
        option
        for option, value in (("--prompt", prompt), ("--prompt-file", file), ("--command", command))
        if value is not None
    ]
    if len(given) > 1:
        raise click.UsageError(f"{given[0]} and {given[1]} both say what the agent is to do; give one of them.")
    if not given:
        raise click.UsageError(
            "Say what the agent is to do: --prompt TEXT, --prompt-file FILE (- is standard input) or --command TEXT."
        )
    if kind not in (None, "prompt") and command is None:
        raise click.UsageError(f"--command-type {kind} goes with --command, not with {given[0]}.")
    if file is not None:
        return _read_prompt(file)
    return prompt if prompt is not None else command or ""


def _read_prompt(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise click.UsageError(
            f"The prompt in {text.line(file)} is not UTF-8 (byte {problem.start}); convert it first."
        ) from None
    except OSError as problem:
        raise click.UsageError(f"The prompt in {text.line(file)} cannot be read: {problem.strerror}.") from None


def schedule_of(
    kind: str | None, every: str | None, cron: str | None, timezone: str | None
) -> dict[str, object] | None:
    if every is not None and cron is not None:
        raise click.UsageError("--every and --cron both say when the task is due; give one of them.")
    for option, value, implied in (("--every", every, "interval"), ("--cron", cron, "calendar")):
        if value is not None and kind not in (None, implied):
            raise click.UsageError(f"{option} means --schedule {implied}, not {kind}; leave one of them out.")
        if value is None and kind == implied:
            raise click.UsageError(f"--schedule {implied} needs {option}.")
    schedule: dict[str, object] = {}
    if every is not None:
        try:
            number, unit = times.interval(every)
        except times.NotADuration as problem:
            raise click.BadParameter(str(problem), param_hint="--every") from None
        schedule = {"type": "interval", "interval_value": number, "interval_type": unit}
    elif cron is not None:
        schedule = {"type": "calendar", "cron_expression": cron}
    elif kind is not None:
        schedule = {"type": kind}
    if timezone is not None:
        if cron is None:
            raise click.UsageError("--timezone is the time zone of --cron; give a cron expression as well.")
        schedule["timezone"] = timezone
    return schedule or None


def seconds_of(time_limit: str) -> int:
    try:
        return times.seconds(time_limit)
    except times.NotADuration as problem:
        raise click.BadParameter(str(problem), param_hint="--time-limit") from None
