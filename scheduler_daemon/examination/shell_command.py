"""Which program does a shell command start, and is it there?"""

import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

_OF_THE_SHELL = frozenset(
    {
        "!", ".", ":", "[", "alias", "bg", "break", "case", "cd", "command", "continue", "do", "done", "echo", "elif",
        "else", "esac", "eval", "exec", "exit", "export", "false", "fg", "fi", "for", "getopts", "hash", "if", "in",
        "jobs", "kill", "local", "printf", "pwd", "read", "readonly", "return", "set", "shift", "test", "then",
        "times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset", "until", "wait", "while", "{", "}",
    }
)  # fmt: skip
"""Words that start no program in ``sh``."""
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_PLAIN = re.compile(r"[\w./+@%:,-]+")


def first_word(command: str) -> str | None:
    """The program that a shell command starts first; None where that is the shell's own affair."""
    words = shlex.shlex(command, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    try:
        word = next((each for each in words if not _ASSIGNMENT.fullmatch(each)), "")
    except ValueError:
        return None  # a quote without its end: sh will say so
    return word if _PLAIN.fullmatch(word) and word not in _OF_THE_SHELL else None


def missing(command: str, environment: Mapping[str, str], directory: Path) -> str | None:
    """The program that a shell command would not find, in an environment and a directory; None if it would."""
    word = first_word(command)
    if word is None:
        return None
    there = shutil.which(str(directory / word) if "/" in word else word, path=environment.get("PATH"))
    return None if there else word
