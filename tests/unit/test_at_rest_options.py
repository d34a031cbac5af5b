"""The options of ``ccschedd`` that do something with a home at rest."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from scheduler_daemon.ccschedd import main


@pytest.mark.parametrize(
    "options", [("--backup", "a", "--restore", "b"), ("--backup", ""), ("--restore", ""), ("--backup", "-")]
)
def test_what_cannot_be_meant_is_wrong_usage(options: tuple[str, ...], tmp_path: Path) -> None:
    """Above all no daemon is started where a script's variable is empty, and nothing is made."""
    home = tmp_path / "home"
    done = CliRunner().invoke(main, ["--home", str(home), *options])
    assert done.exit_code == 2
    assert "Error: " in done.output
    assert not home.exists()
