"""Which files a watch is about."""

import warnings

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pathspec import PathSpec

from scheduler_daemon.watch import WatchRefused
from scheduler_daemon.watch.selection import NEVER_MEANT, Selection


def _wants(patterns: str, path: str) -> bool:
    """Whether patterns, written in one line, are about a file; then neither it nor what it lies in may be skipped."""
    selection = Selection(tuple(patterns.split()))
    wanted = selection.wants(path)
    if wanted:
        parts = path.split("/")
        assert not any(selection.skips("/".join(parts[:end]), end < len(parts)) for end in range(1, len(parts) + 1))
    return wanted


@pytest.mark.parametrize(
    ("patterns", "path", "wanted"),
    [
        ("", "any/file", True),
        ("*.py", "code.py", True),
        ("*.py", "deep/er/code.py", True),
        ("*.py", "code.pyc", False),
        ("/*.py", "code.py", True),
        ("/*.py", "deep/code.py", False),
        ("src/*.py", "src/code.py", True),
        ("src/*.py", "src/deep/code.py", False),
        ("src/*.py", "other/src/code.py", False),
        ("src/**/*.py", "src/code.py", True),
        ("src/**/*.py", "src/a/b/code.py", True),
        ("**/src/*.py", "other/src/code.py", True),
        ("docs/", "docs/a/b.md", True),
        ("docs/", "other/docs/b.md", True),
        ("docs/", "docs", False),
        ("docs/**", "docs/a/b.md", True),
        ("docs", "docs/a/b.md", True),
        ("docs/*", "docs/a.md", True),
        ("docs/*", "docs/a/b.md", False),
        ("file?.txt", "file1.txt", True),
        ("file[0-9].txt", "filex.txt", False),
        (r"\!odd", "!odd", True),
        (r"\#odd", "#odd", True),
        ("*.py !test_*.py", "code.py", True),
        ("*.py !test_*.py", "test_code.py", False),
        ("*.py !test_*.py test_main.py", "test_main.py", True),
        ("!*.log", "notes.txt", True),
        ("!*.log", "deep/run.log", False),
        ("!build/", "build/deep/file", False),
        ("!build/ build/keep.txt", "build/keep.txt", True),
        ("!#odd", "#odd", False),
        ("!#odd", "code.py", True),
        ("!!odd", "!odd", False),
        ("!docs/*", "docs/a.md", False),
        ("!docs/*", "docs/a/b.md", True),
        ("*.md !/docs/*", "docs/a/b.md", True),
    ],
)
def test_patterns_are_those_of_gitignore(patterns: str, path: str, wanted: bool) -> None:
    """A file is wanted if the last pattern that fits it names it, or if nothing but exclusions are given."""
    assert _wants(patterns, path) is wanted


@pytest.mark.parametrize(
    ("pattern", "path", "wanted"),
    [
        ("*", "report.tmp", False),
        ("*.*", "report.tmp", False),
        ("**", ".git/HEAD", False),
        ("src/", "src/.code.py.swp", False),
        ("*.tmp", "deep/report.tmp", True),
        ("out/**/*.tmp", "out/a/report.tmp", True),
        ("report.tmp", "report.tmp", True),
        ("*.tmp", ".git/x.tmp", False),
        (".git/HEAD", ".git/HEAD", True),
        (".git/HEAD", ".git/index", False),
        (".git/", "sub/.git/refs/heads/main", True),
        ("__pycache__/*.pyc", "__pycache__/code.pyc", True),
        (".claude/worktrees/", ".claude/worktrees/job/file", True),
        (".claude/", ".claude/worktrees/job/file", False),
        (".claude/", ".claude/settings.json", True),
        (r"\#*\#", "#code.py#", True),
        ("!*.tmp", "report.tmp", False),
        ("!other", "report.tmp", False),
    ],
)
def test_what_nobody_means_must_be_named(pattern: str, path: str, wanted: bool) -> None:
    """Editors' files and the like count only if a pattern names them; a pattern that merely fits them does not."""
    assert _wants(pattern, path) is wanted


@pytest.mark.parametrize("rule", NEVER_MEANT)
def test_what_nobody_means_does_not_count_by_itself(rule: str) -> None:
    """Without patterns, each of these names is skipped at any depth, and counts when it is written as a pattern."""
    name = rule.replace("*", "x")
    assert not _wants("", name)
    assert not _wants("", f"deep/er/{name}")
    assert _wants(rule.replace("#", r"\#"), name)


def test_what_is_left_out_last_is_not_looked_into() -> None:
    """Only patterns after which none adds files keep a directory from being read at all."""
    assert Selection(("!node_modules/",)).skips("a/node_modules", True)
    assert not Selection(("!node_modules/",)).skips("a/node_modules", False)
    assert not Selection(("!node_modules/", "*.md")).skips("node_modules", True)
    assert Selection(("*.md", "!a", "!b/c/**")).skips("b/c", True)


def test_together_only_what_both_skip_is_skipped() -> None:
    """What one of two selections may want is looked at."""
    both = Selection(("!a/", "!b/")).skips & Selection(("*.tmp", "!b/")).skips
    assert both("b", True)
    assert not both("a", True)
    assert not both("x.tmp", False)
    assert both(".git", True)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "names nothing"),
        ("  ", "names nothing"),
        ("!", "names nothing"),
        ("/", "names nothing"),
        ("# a comment", r"would be a comment; write \\# a comment"),
        ("dir\\", "cannot be read"),
        ("[z-a]", "cannot be read"),
        ("[[:alpha:]]", "cannot be read"),
        ("a\0b", "no character"),
        ("\ud800", "no character"),
        ("x" * 1001, "longer than 1000 characters"),
    ],
)
def test_what_cannot_be_a_pattern_is_refused(pattern: str, reason: str) -> None:
    """The refusal shows the pattern and says what is wrong with it; nothing else is said about it anywhere."""
    with warnings.catch_warnings(record=True) as said, pytest.raises(WatchRefused, match=reason) as refusal:
        Selection(("*.py", pattern))
    assert refusal.value.field == "patterns"
    assert len(str(refusal.value)) < 200
    assert not said


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*a*a*a*a*a*a*a*a*b", "a" * 255),
        ("*a*a*a/*a*a*a/*a*a*a/*b", "/".join(["a" * 255] * 10)),
        ("**/*a*/**/*a*/**/*a*/b", "/".join(["a" * 50] * 40)),
        ("*-*-*-*.log", "-" * 255),
    ],
)
def test_no_name_takes_long(pattern: str, path: str) -> None:
    """However many places there are for a star to stand for, the answer comes at once."""
    for _ in range(10):
        assert not Selection((pattern,)).wants(path)


_NAMES = st.text("ab.-", min_size=1).filter(lambda name: name.strip("."))


@settings(max_examples=500)
@given(st.text("ab*?/!.[]-", min_size=1, max_size=10), st.lists(_NAMES, min_size=1, max_size=4))
def test_patterns_fit_what_they_fit_elsewhere(pattern: str, names: list[str]) -> None:
    """Made quick, a pattern names the same files as it does with the library that reads it."""
    path = "/".join(names)
    try:
        ours = Selection((pattern,)).wants(path)
    except WatchRefused:
        assume(False)
        raise
    theirs = PathSpec.from_lines("gitignore", ["**", pattern] if pattern.startswith("!") else [pattern])
    assert ours is theirs.match_file(path)
