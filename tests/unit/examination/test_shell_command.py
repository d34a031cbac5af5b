"""Which program a shell command starts."""

from pathlib import Path

import pytest

from scheduler_daemon.examination.shell_command import first_word, missing


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("make test", "make"),
        ("CI=1 LANG=C ./run-tests --all && echo ok", "./run-tests"),
        ("'pytest' -q", "pytest"),
        ("/usr/bin/env true", "/usr/bin/env"),
        ("cd sub && make", None),
        ("if true; then make; fi", None),
        ("(make)", None),
        ("! make", None),
        ("$RUNNER test", None),
        ("`which make` test", None),
        ("make; true", "make"),
        ("'half a quote", None),
        ("A=1", None),
        ("~/bin/check", None),
    ],
)
def test_the_first_program_of_a_command(command: str, word: str | None) -> None:
    """None where that is the shell's own affair: rather nothing is said than something wrong."""
    assert first_word(command) == word


def test_it_is_looked_up_where_the_run_would_find_it(tmp_path: Path) -> None:
    """On the run's own PATH, or in its directory."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "checker"
    program.touch(mode=0o755)
    assert missing("checker -q", {"PATH": str(tmp_path)}, tmp_path) == "checker"
    assert missing("checker -q", {"PATH": str(program.parent)}, tmp_path) is None
    assert missing("bin/checker", {"PATH": ""}, tmp_path) is None
    assert missing("./checker", {"PATH": str(program.parent)}, tmp_path) == "./checker"
