"""Completing in a real shell: what the person typed, Tab, Enter, and which words the program gets."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import FakeDaemon
from tests.integration.cli.objects import identifier
from tests.integration.cli.pseudo_terminal import PATIENCE, PseudoTerminal
from tests.support.house import until
from tests.support.needed import need

Typed = Callable[[str, str], list[str]]

PROMPT = "what now?"
AWKWARD = 'my job: "one" it\'s $5 \\ 100% größer'
NAMES = ["nightly", AWKWARD, "glob*", "colon:one", "-dash", "two\nlines", "twin", "twin", "twins too"]


@pytest.fixture
def profiles(daemon: FakeDaemon) -> FakeDaemon:
    """A daemon with profiles of all sorts of names."""
    daemon.answers["profiles.list"] = {
        "profiles": [
            {"id": identifier(number * 0x11111111), "name": name, "description": "", "env_vars": []}
            for number, name in enumerate(NAMES, start=1)
        ]
    }
    return daemon


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    """A shell that is installed."""
    name: str = request.param
    need(name)
    return name


@pytest.fixture
def session(
    environment: dict[str, str], ccsched: Callable[..., Completed], tmp_path: Path
) -> Callable[[str], PseudoTerminal]:
    """Starts a shell that completes; both programs, when run, write down their words instead."""
    programs = tmp_path / "programs"
    programs.mkdir()
    words = shlex.quote(str(tmp_path / "words"))
    for name, function in (("ccsched", "main"), ("claude-code-scheduler", "combined")):
        program = f"import sys; from scheduler_daemon.cli.main import {function}; sys.exit({function}())"
        (programs / name).write_text(
            "#!/bin/sh\n"
            f'[ -z "$_CCSCHED_COMPLETE" ] || exec {shlex.quote(sys.executable)} -c {shlex.quote(program)} "$@"\n'
            f"""printf '%s\\0' "$@" > {words}.new && mv {words}.new {words}\n"""
        )
        (programs / name).chmod(0o755)
    configuration = tmp_path / "configuration"
    (configuration / "fish").mkdir(parents=True)
    scripts = {name: ccsched("completion", name).stdout for name in ("bash", "zsh", "fish")}
    (configuration / "bashrc").write_text(f"PS1='{PROMPT}'\n{scripts['bash']}")
    (configuration / ".zshrc").write_text(
        f"PS1='{PROMPT}'\nautoload -U compinit; compinit -u -d '{tmp_path}/compiled'\n{scripts['zsh']}"
    )
    (configuration / "fish" / "config.fish").write_text(
        f"set fish_greeting\nfunction fish_prompt; echo -n '{PROMPT}'; end\n{scripts['fish']}"
    )
    settings = {
        **environment,
        "PATH": f"{programs}:{environment['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "ZDOTDIR": str(configuration),
        "XDG_CONFIG_HOME": str(configuration),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }
    commands = {
        "bash": ["bash", "--noprofile", "--rcfile", str(configuration / "bashrc"), "-i"],
        "zsh": ["zsh", "-d", "-i"],
        "fish": ["fish", "-i"],
    }
    return lambda name: PseudoTerminal(commands[name], settings)


@pytest.fixture
def typed(session: Callable[[str], PseudoTerminal], tmp_path: Path) -> Typed:
    """Types a line in a shell and runs it; the words that the program got."""

    def run(shell: str, line: str) -> list[str]:
        words = tmp_path / "words"
        words.unlink(missing_ok=True)
        with session(shell) as terminal:
            terminal.wait_for(PROMPT)
            terminal.type(f"{line}\r")
            until(words.exists, f"{line!r} has been run in {shell}", PATIENCE)
        return words.read_text().split("\0")[:-1]

    return run


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ccsched prof\t che\t ni\t", ["profiles", "check", "nightly"]),
        ("claude-code-scheduler c\t prof\t get ni\t", ["cli", "profiles", "get", "nightly"]),
        ("ccsched profiles get 2222\t", ["profiles", "get", identifier(0x22222222)]),
        ("ccsched profiles get my\\ jo\t", ["profiles", "get", AWKWARD]),
        ('ccsched profiles get "my jo\t', ["profiles", "get", AWKWARD]),
        ("ccsched profiles get 'my jo\t", ["profiles", "get", AWKWARD]),
        ("ccsched profiles get my\\ job:\\ \t", ["profiles", "get", AWKWARD]),
        ("ccsched profiles get glob\t", ["profiles", "get", "glob*"]),
        ("ccsched profiles get colon:\t", ["profiles", "get", "colon:one"]),
        ("ccsched profiles get 'twin\t", ["profiles", "get", "twins too"]),
        ("ccsched tasks list --outp\t js\t", ["tasks", "list", "--output", "json"]),
        ("ccsched jobs create --profile=my\\ jo\t", ["jobs", "create", f"--profile={AWKWARD}"]),
        ('ccsched jobs create --profile="my jo\t', ["jobs", "create", f"--profile={AWKWARD}"]),
    ],
    ids=[
        "commands",
        "the other program",
        "an id",
        "backslashes",
        "double quotes",
        "single quotes",
        "behind a blank",
        "a star",
        "behind a colon",
        "the longer of two",
        "an option",
        "behind an equals sign",
        "behind an equals sign and a quote",
    ],
)
def test_what_is_completed_is_one_word(
    typed: Typed, profiles: FakeDaemon, shell: str, line: str, words: list[str]
) -> None:
    """Whatever is in a name, and however its beginning was quoted."""
    assert typed(shell, line) == words


def test_a_directory_is_the_shells_to_complete(typed: Typed, shell: str, tmp_path: Path) -> None:
    """After an option that takes one, whether with a blank or an equals sign before it."""
    (tmp_path / "some folder").mkdir()
    for equals in (" ", "="):
        words = typed(shell, f"ccsched jobs list --home{equals}{tmp_path}/some\t")
        assert " ".join(words).removesuffix("/") == f"jobs list --home{equals}{tmp_path}/some folder"


def test_the_home_on_the_line_is_asked(typed: Typed, profiles: FakeDaemon, shell: str, home: Path) -> None:
    """Wherever ``--home`` stands before the word, its path may have a variable in it."""
    line = f"ccsched --home $HOME/../{home.name} profiles get ni\t"
    assert typed(shell, f"cd /; export CCSCHED_HOME=/nonexistent; {line}")[-1] == "nightly"


@pytest.mark.parametrize("name", ["zsh", "fish"])
def test_a_home_before_the_command_is_asked(typed: Typed, profiles: FakeDaemon, home: Path, name: str) -> None:
    """bash does not tell what stands there; the other shells do."""
    need(name)
    line = f"export CCSCHED_HOME=/nonexistent; CCSCHED_HOME={home} ccsched profiles get ni\t"
    assert typed(name, line)[-1] == "nightly"


def test_without_a_daemon_nothing_is_said(typed: Typed, shell: str) -> None:
    """The word stays as it was typed, and no file takes its place."""
    assert typed(shell, "cd /; ccsched profiles get us\t") == ["profiles", "get", "us"]


def test_bash_lists_an_id_with_its_name(session: Callable[[str], PseudoTerminal], profiles: FakeDaemon) -> None:
    """Ids alone would say nothing; what is inserted is the id."""
    with session("bash") as terminal:
        terminal.wait_for(PROMPT)
        terminal.type("ccsched profiles get \t\t")
        terminal.wait_for("twins\\ too")
        assert f"{identifier(0x77777777)}  (twin)\n" in terminal.shown
        assert f"{identifier(0x55555555)}  (-dash)\n" in terminal.shown
        assert f"{identifier(0x66666666)}  (two\\nlines)\n" in terminal.shown
