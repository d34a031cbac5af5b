"""The man pages, which are made of what the commands say of themselves."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from scheduler_daemon.ccschedd import main as ccschedd
from scheduler_daemon.cli.main import ccsched
from tests.packages import ROOT
from tests.support.needed import need


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all pages."""
    folder = tmp_path_factory.mktemp("man")
    subprocess.run([sys.executable, ROOT / "packaging" / "man" / "pages.py", folder], check=True)
    return folder


def test_pages_are_read_without_complaint(pages: Path) -> None:
    """Neither groff nor mandoc finds anything to warn of in a page."""
    need("groff", "mandoc")
    for page in (pages / "ccsched.1", pages / "ccschedd.8"):
        groff = subprocess.run(["groff", "-ww", "-mdoc", "-Tutf8", page], capture_output=True, text=True, check=True)
        assert groff.stderr == ""
        mandoc = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
        assert (mandoc.stdout, mandoc.returncode) == ("", 0)
    assert (pages / "claude-code-scheduler.1").read_text() == ".so man1/ccsched.1\n"


def test_every_command_and_option_is_told(pages: Path) -> None:
    """Each command of ccsched is in its page with arguments and options, and ccschedd with its own in the other."""
    need("mandoc")
    told = _shown(pages / "ccsched.1")
    for words, command in _leaves(ccsched, click.Context(ccsched)):
        found = re.search(
            rf"^ *ccsched {' '.join(words)}\b(.*)\n((?! *ccsched \w| {{0,3}}\S).*\n)*", told, re.MULTILINE
        )
        assert found, f"ccsched {' '.join(words)} is not in the page"
        for parameter in command.params:
            if isinstance(parameter, click.Argument):
                kind = parameter.type
                name = "|".join(kind.choices) if isinstance(kind, click.Choice) else parameter.human_readable_name
                assert name.upper() in found[1].upper()
            else:
                assert re.search(rf"^ *(\S+, )*{parameter.opts[0]}\b", found[0], re.MULTILINE), (
                    f"{words}: {parameter.opts} is not in the page"
                )
    daemon = _shown(pages / "ccschedd.8")
    for parameter in ccschedd.params:
        assert re.search(rf"^ *{parameter.opts[0]}\b", daemon, re.MULTILINE), f"{parameter.opts} is not in the page"


def _leaves(group: click.Group, context: click.Context) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            yield from (((name, *words), leaf) for words, leaf in _leaves(command, click.Context(command, context)))
        elif not command.hidden:
            yield (name,), command


def _shown(page: Path) -> str:
    """A page as a terminal shows it, without bold, italics and breaks in the middle of a line."""
    shown = subprocess.run(
        ["mandoc", "-T", "ascii", "-O", "width=1000", page], capture_output=True, text=True, check=True
    )
    return re.sub(r".\x08", "", shown.stdout)
