"""How what was found is shown: a line for each check, and under what is not well the command that mends it."""

import sys
from collections.abc import Iterable, Sequence
from typing import TypedDict

import click

from scheduler_daemon.cli import show, text


class Finding(TypedDict):
    """What one check found, by ``daemon.examine``."""

    group: str
    check: str
    status: str
    """``ok``, ``warning``, ``failed`` or ``skipped``."""
    summary: str
    detail: str
    fix: str | None
    """The command that mends it, where there is one."""


_MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–"}
_PLAIN_MARKS = {"ok": "+", "warning": "!", "failed": "x", "skipped": "-"}
"""Where the terminal's encoding has no others."""
_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}
_LONGEST_NAME = 24
"""Columns of a check's name; a longer one is cut."""


def well(checks: Iterable[Finding]) -> bool:
    """Whether nothing failed."""
    return all(check["status"] != "failed" for check in checks)


def mark(status: str) -> str:
    """The sign of a status."""
    try:
        _MARKS[status].encode(sys.stdout.encoding if sys.stdout is not None else "utf-8")
    except UnicodeEncodeError:
        return _PLAIN_MARKS[status]
    return _MARKS[status]


def show_all(checks: Sequence[Finding], *, verbose: bool) -> None:
    """Show what was found, group by group, and count what is not well."""
    shown = [check for check in checks if verbose or check["status"] != "skipped"]
    for group in dict.fromkeys(check["group"] for check in shown):
        _heading(group)
        _show_group([check for check in shown if check["group"] == group], verbose=verbose)
        show.write("")
    show.write(counted(checks))


def show_problems(checks: Sequence[Finding], *, verbose: bool) -> None:
    """Show what is not well, and nothing else."""
    _show_group([check for check in checks if check["status"] in ("warning", "failed")], verbose=verbose)


def counted(checks: Sequence[Finding]) -> str:
    """How much is not well, in a line."""
    failed = sum(check["status"] == "failed" for check in checks)
    warnings = sum(check["status"] == "warning" for check in checks)
    parts = [f"{failed} failed"] if failed else []
    parts += [text.count(warnings, "warning")] if warnings else []
    return f"{', '.join(parts)}." if parts else "All is well."


def show_line(status: str, words: str, fix: str | None = None, detail: str = "") -> None:
    """Write a line with its sign, and under it what mends it."""
    sign = mark(status)
    if status in _COLOURS and show.coloured(sys.stdout):
        sign = click.style(sign, fg=_COLOURS[status], bold=status == "failed")
    show.write(f"  {sign} {words}")
    for line in detail.splitlines():
        show.write(f"      {text.line(line)}")
    if fix:
        command = f"      {text.line(fix)}"
        show.write(click.style(command, fg="cyan") if show.coloured(sys.stdout) else command)


def _heading(group: str) -> None:
    words = group[:1].upper() + group[1:]
    show.write(click.style(words, bold=True) if show.coloured(sys.stdout) else words)


def _show_group(checks: Sequence[Finding], *, verbose: bool) -> None:
    names = [text.cut(text.line(check["check"]), _LONGEST_NAME) for check in checks]
    wide = max(map(text.width, names), default=0)
    for name, check in zip(names, checks, strict=True):
        show_line(
            check["status"],
            f"{text.pad(name, wide)}  {text.line(check['summary'])}",
            check["fix"],
            check["detail"] if verbose else "",
        )
