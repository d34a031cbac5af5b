"""The unit file of a person's login service: written from the template, and read back.

The rules of quoting are those of systemd.syntax(7) and, for commands, of systemd.service(5).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler_daemon.service import templates

_WITHOUT_QUOTES = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_UNESCAPES = {"n": "\n", "t": "\t", "s": " ", "\\": "\\", '"': '"', "'": "'"}
_NO_PROGRAM = re.compile("[\"'\\\\]")
"""What systemd does not allow in the path of a program, however it is quoted."""
_SHELL = ("/bin/sh", "-c", 'exec "$0" "$@"')
"""A program that starts any other in its own place."""


class NotAUnit(Exception):
    """A text has no command of ours in it."""


@dataclass(frozen=True)
class Unit:
    """What a unit file says of one installation."""

    program: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


def text(program: str | Path, home: Path | None, environment: Mapping[str, str]) -> str:
    """The unit file.

    Args:
        program: the absolute path of ``ccschedd``.
        home: the daemon's; None to leave that to ``ccschedd``, for all users of a machine.
        environment: variables beyond those that the manager gives every service.
    """
    argv = [str(program), *([] if home is None else ["--home", str(home)])]
    lines = {
        "@COMMAND@": _command(argv),
        "@ENVIRONMENT@": "\n".join(
            f"Environment={_quoted(f'{name}={value}')}" for name, value in sorted(environment.items())
        ),
    }
    filled = [
        lines.get(line, line) for line in templates.systemd_unit().splitlines() if lines.get(line, line) or not line
    ]
    return "\n".join(filled) + "\n"


def read(unit: str) -> Unit:
    """What a unit file that ``text`` made says, beyond what is in the template.

    Raises:
        NotAUnit: it has no command.
    """
    command: list[str] = []
    of_template = templates.systemd_unit().splitlines()
    environment: dict[str, str] = {}
    for line in unit.splitlines():
        key, _, value = line.partition("=")
        if key == "ExecStart":
            words = _words(value)
            command = [*words[:1], *(word.replace("$$", "$") for word in words[1:])]
        elif key == "Environment" and line not in of_template:
            environment |= dict(_assignment(word) for word in _words(value))
    if command[: len(_SHELL)] == list(_SHELL):
        command = command[len(_SHELL) :]
    if not command:
        raise NotAUnit("there is no ExecStart in it")
    return Unit(command[0], tuple(command[1:]), environment)


def _command(argv: list[str]) -> str:
    if _NO_PROGRAM.search(argv[0]):
        argv = [*_SHELL, *argv]
    program, *arguments = argv
    # A dollar begins a variable in the arguments, and is a dollar in the program's path.
    words = [_quoted(program), *(_quoted(argument.replace("$", "$$")) for argument in arguments)]
    return f"ExecStart={' '.join(words)}"


def _quoted(word: str) -> str:
    escaped = "".join(_ESCAPES.get(character, character) for character in word).replace("%", "%%")
    return escaped if _WITHOUT_QUOTES.fullmatch(escaped) else f'"{escaped}"'


def _words(line: str) -> list[str]:
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', line)
    return [
        re.sub(r"\\(.)", lambda found: _UNESCAPES.get(found[1], found[1]), quoted or plain).replace("%%", "%")
        for quoted, plain in words
    ]


def _assignment(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value
