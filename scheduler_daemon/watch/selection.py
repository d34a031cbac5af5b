"""Which files below a watched directory count: those a person's patterns name, and not what nobody means."""

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from scheduler_daemon.watch.refusal import WatchRefused

NEVER_MEANT = (
    ".git",
    ".claude/worktrees",
    "__pycache__",
    ".DS_Store",
    "*.swp",
    "*.swo",
    "*.swx",
    "*~",
    ".#*",
    "#*#",
    "4913",  # Vim creates a file of this name to see whether it may create any.
    "*.tmp",
)
"""What git, the agent, Python and editors leave beside the files a person means."""

_LENGTH = 1000

_Rule = tuple[re.Pattern[str], bool]
"""What fits a pattern, and whether it adds that."""

_MORE_STARS = re.compile(r"\[\^/\]\*([^/]+?)(?=\[\^/\]\*)")
"""A ``*`` in the regular expression of a pattern, with what follows up to the next one in the same name. The first
place where that fits will do; to try them all, as is done for expressions in general, can take hours for one name."""


@dataclass(frozen=True)
class Selection:
    """The files that gitignore-style patterns name, where to name a file is to watch it.

    - The last pattern that fits a file decides; one with ``!`` before it leaves the file out. If the first one leaves
      out, everything else is watched; without any pattern, everything is.
    - A pattern with a slash before its end fits from the watched directory on, others at any depth. ``*`` does not
      cross a slash, ``**`` does. A directory stands for all that is in it.
    - What is in ``NEVER_MEANT`` does not count unless a pattern names it: ``*.tmp`` does, ``*`` does not.

    Raises:
        WatchRefused: a pattern cannot be read, or says nothing.
    """

    patterns: tuple[str, ...]
    _rules: tuple[_Rule, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        for pattern in self.patterns:
            _refuse_odd(pattern)
        first = ("**",) if self.patterns and self.patterns[0].startswith("!") else ()
        object.__setattr__(self, "_rules", _rules([*first, *self.patterns]))

    def wants(self, path: str) -> bool:
        """Whether a file counts; its path is from the watched directory on. A watched file is ``""`` and counts."""
        if not path:
            return True
        return not self.skips.never_meant(path) and (not self._rules or _last_fit(self._rules, path))

    @cached_property
    def skips(self) -> "Skips":
        """What need not be looked at for it."""
        named = [pattern.replace("\\", "").split("/") for pattern in self.patterns if not pattern.startswith("!")]
        rules = [rule for rule in NEVER_MEANT if not any(_names(parts, rule.split("/")) for parts in named)]
        return Skips(frozenset(rules), frozenset(self._left_out_for_good()))

    def _left_out_for_good(self) -> Iterator[str]:
        """The patterns behind the last one that adds files: nothing brings back what they leave out.

        Not those that end in ``/*``: they fit a directory, but not what is in it.
        """
        for pattern in reversed(self.patterns):
            if not pattern.startswith("!"):
                return
            if not pattern.endswith("/*"):
                yield pattern


@dataclass(frozen=True)
class Skips:
    """The entries below a watched directory that are not looked at."""

    rules: frozenset[str]
    """Those of ``NEVER_MEANT`` that hold."""
    left_out: frozenset[str]
    """Patterns, each with its ``!``, of what a person leaves out."""

    def __call__(self, path: str, is_folder: bool) -> bool:
        """Whether to skip an entry; its path is relative to the watched directory."""
        found_as = f"{path}/" if is_folder else path
        return self.never_meant(path) or any(expression.search(found_as) for expression, _ in self._left_out)

    def __and__(self, other: "Skips") -> "Skips":
        """What can be skipped for both."""
        return Skips(self.rules & other.rules, self.left_out & other.left_out)

    def never_meant(self, path: str) -> bool:
        """Whether nobody means a path, or something it lies in."""
        return self._never_meant.search(path) is not None

    @cached_property
    def _never_meant(self) -> re.Pattern[str]:
        either = "|".join("[^/]*".join(map(re.escape, rule.split("*"))) for rule in sorted(self.rules))
        return re.compile(f"(?:^|/)(?:{either})(?:/|$)" if either else "(?!)")

    @cached_property
    def _left_out(self) -> tuple[_Rule, ...]:
        return _rules(sorted(self.left_out))


def _names(parts: Sequence[str], rule: Sequence[str]) -> bool:
    """Whether parts of a pattern, read as names, are what the rule is about."""
    places = range(len(parts) - len(rule) + 1)
    return any(all(map(fnmatchcase, parts[place : place + len(rule)], rule)) for place in places)


def _refuse_odd(pattern: str) -> None:
    if not pattern.strip("! /"):
        raise WatchRefused(
            "patterns", f"the pattern {pattern!r} names nothing; write a file name such as *.py, or src/"
        )
    if not _is_text(pattern):
        raise WatchRefused("patterns", f"the pattern {pattern!r} holds something that is no character")
    if pattern.startswith("#"):
        raise WatchRefused("patterns", f"the pattern {pattern!r} would be a comment; write \\{pattern} if # is meant")
    if len(pattern) > _LENGTH:
        raise WatchRefused("patterns", f"the pattern {pattern[:40]!r}... is longer than {_LENGTH} characters")


def _is_text(pattern: str) -> bool:
    return "\0" not in pattern and not re.search("[\ud800-\udfff]", pattern)


def _rules(patterns: Sequence[str]) -> tuple[_Rule, ...]:
    """The patterns to be asked one after the other: the last comes first."""
    return tuple(_rule(pattern) for pattern in reversed(patterns))


def _rule(pattern: str) -> _Rule:
    # Imported here, for a daemon that watches nothing by a pattern does without.
    from pathspec.patterns.gitignore.basic import GitIgnoreBasicPattern

    try:
        with warnings.catch_warnings(action="error"):
            expression, include = GitIgnoreBasicPattern.pattern_to_regex(pattern)
            assert expression is not None, "a comment or nothing, which is refused before"
            return re.compile(_MORE_STARS.sub(r"(?>[^/]*?\1)", expression)), bool(include)
    except (ValueError, re.error, Warning) as error:
        advice = "write it as in a .gitignore file"
        raise WatchRefused("patterns", f"the pattern {pattern!r} cannot be read; {advice}") from error


def _last_fit(rules: tuple[_Rule, ...], path: str) -> bool:
    """Whether the last pattern that fits a path adds it."""
    return next((adds for expression, adds in rules if expression.search(path)), False)
