"""The Homebrew formula, filled in as for a release."""

import re
import subprocess
import sys
from pathlib import Path

from tests.packages import ROOT
from tests.support.needed import need

LOCK = """
[[packages]]
name = "everywhere"
version = "1"
sdist = { url = "https://a.example/everywhere.tar.gz", hashes = { sha256 = "aa" } }
[[packages]]
name = "on-linux"
version = "1"
marker = "sys_platform == 'linux'"
sdist = { url = "https://a.example/on-linux.tar.gz", hashes = { sha256 = "bb" } }
[[packages]]
name = "for-older-pythons"
version = "1"
marker = "python_full_version < '3.12'"
[[packages]]
name = "elsewhere"
version = "1"
marker = "sys_platform == 'win32'"
"""


def test_the_formula_is_filled_in(tmp_path: Path) -> None:
    """Each library is a resource where it is needed, and the whole is Ruby."""
    filled = _fill(tmp_path, LOCK)
    assert (filled.returncode, filled.stderr) == (0, "")
    assert re.findall(r'^( *)resource "(.*)" do$', filled.stdout, re.MULTILINE) == [
        ("  ", "everywhere"),
        ("    ", "on-linux"),
    ]
    assert 'url "https://b.example/ccsched.tar.gz"' in filled.stdout
    assert not re.search(r"@[A-Z]+@", filled.stdout)
    need("ruby")
    checked = subprocess.run(["ruby", "-wc"], input=filled.stdout, capture_output=True, text=True)
    assert (checked.stdout, checked.stderr) == ("Syntax OK\n", "")


def test_a_library_without_source_is_named(tmp_path: Path) -> None:
    """A library that Homebrew could not build is told, and no formula written."""
    filled = _fill(tmp_path, 'packages = [{ name = "closed", version = "2" }]')
    assert (filled.returncode, filled.stdout) == (1, "")
    assert "closed 2" in filled.stderr


def _fill(folder: Path, lock: str) -> "subprocess.CompletedProcess[str]":
    (folder / "pylock.toml").write_text(lock)
    (folder / "ccsched.tar.gz").write_bytes(b"")
    return subprocess.run(
        [
            *(sys.executable, ROOT / "packaging" / "homebrew" / "formula.py"),
            *("--homepage", "https://b.example", "--url", "https://b.example/ccsched.tar.gz"),
            *("--sdist", folder / "ccsched.tar.gz", "--lock", folder / "pylock.toml"),
        ],
        capture_output=True,
        text=True,
    )
