"""The unit files: what is written can be read back, and systemd itself is content with them."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.service import systemd_unit

PACKAGED = Path(__file__).parents[3] / "packaging" / "systemd"
LETTERS = st.characters(codec="utf-8", exclude_categories=["C"])
PATHS = st.text(LETTERS, min_size=1).map(lambda name: f"/{name.replace('/', '')}x")
WORDS = st.text(LETTERS | st.sampled_from(" \t\n\"'\\$%#;"))
NAMES = st.from_regex("[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)

verified = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


@given(PATHS, PATHS, st.dictionaries(NAMES, WORDS, max_size=3))
def test_whatever_the_names_are(program: str, home: str, environment: dict[str, str]) -> None:
    """Program, home and variables are read back as they were given, whatever characters they have."""
    unit = systemd_unit.read(systemd_unit.text(program, Path(home), environment))
    assert unit == systemd_unit.Unit(program, ("--home", home), environment)


def test_quoting() -> None:
    """Quotes and backslashes are escaped, a percent sign is doubled, and in arguments so is a dollar."""
    lines = systemd_unit.text("/a b/$c%d", Path('/e "$f"'), {"N": 'a\\b $c %d "e"\nf'}).splitlines()
    assert 'ExecStart="/a b/$c%%d" --home "/e \\"$$f\\""' in lines
    assert 'Environment="N=a\\\\b $c %%d \\"e\\"\\nf"' in lines


def test_a_program_that_systemd_would_refuse() -> None:
    """One whose path has quotes is started by a shell that it takes the place of."""
    text = systemd_unit.text("/it's/ccschedd", None, {})
    assert 'ExecStart=/bin/sh -c "exec \\"$$0\\" \\"$$@\\"" "/it\'s/ccschedd"\n' in text
    assert systemd_unit.read(text).program == "/it's/ccschedd"


def test_no_unit() -> None:
    """A text without a command is told from a unit."""
    with pytest.raises(systemd_unit.NotAUnit):
        systemd_unit.read("[Service]\nExecStart=\n")


@verified
@pytest.mark.parametrize("folder", ["plain", "a b$HOME %h é", 'it\'s "quoted" \\n'])
def test_systemd_takes_it(tmp_path: Path, folder: str) -> None:
    """systemd-analyze finds nothing to say about a person's unit."""
    home = tmp_path / folder
    home.mkdir()
    (home / "ccschedd").symlink_to("/bin/true")
    file = tmp_path / "ccsched.service"
    file.write_text(systemd_unit.text(home / "ccschedd", home, {"X": 'a "b" 100% $HOME \\ é\n\''}))
    assert _analyzed(tmp_path, "--user", str(file)) == (0, "")


@verified
def test_systemd_takes_the_unit_for_servers(tmp_path: Path) -> None:
    """systemd-analyze finds nothing to say about the unit for one of a machine's users, with what may be added."""
    file = tmp_path / "ccsched@nina.service"
    file.write_text((PACKAGED / "ccsched@.service").read_text())
    (tmp_path / "ccsched@nina.service.d").mkdir()
    shutil.copy(PACKAGED / "drop-in.conf", tmp_path / "ccsched@nina.service.d")
    assert _analyzed(tmp_path, "--system", str(file)) == (0, "")


def test_both_units_say_the_same() -> None:
    """What holds for a person's service holds for that of a server, but for who and when."""

    def said(name: str) -> set[str]:
        lines = (PACKAGED / name).read_text().splitlines()
        return {line for line in lines if "=" in line and not line.startswith("#")}

    differ = {line.partition("=")[0] for line in said("ccsched.service") ^ said("ccsched@.service")}
    assert differ == {"Description", "Wants", "After", "User", "Environment", "ExecStart", "WantedBy"}


def _analyzed(runtime: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        ["systemd-analyze", "--man=no", "verify", *arguments],
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(runtime), "HOME": str(runtime)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
