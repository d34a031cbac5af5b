"""What is offered for a word that is not finished; asked for as fish does, which gets it unquoted and described."""

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from scheduler_daemon.cli.main import ccsched as ccsched_command
from tests.integration.cli import objects
from tests.integration.cli.conftest import Completed
from tests.integration.cli.fake_daemon import Failure, FakeDaemon, Message
from tests.integration.cli.objects import identifier
from tests.support.needed import need

Ccsched = Callable[..., Completed]
Offered = Callable[..., list[str]]


@pytest.fixture
def offered(ccsched: Ccsched) -> Offered:
    """Completes the last of some words; what may take its place, and what that means, as ``value  meaning``."""

    def complete(*words: str, **environment: str) -> list[str]:
        *before, word = words
        done = ccsched(
            _CCSCHED_COMPLETE="fish_complete",
            COMP_WORDS="\x1f".join(["ccsched", *before]),
            COMP_WORD=word,
            **environment,
        )
        assert (done.returncode, done.stderr) == (0, "")
        lines = [line.removeprefix("plain,") for line in done.stdout.splitlines()]
        return [line.replace("\t", "  ") for line in lines if line]

    return complete


def a_profile(number: int, name: str, *variables: str, description: str = "") -> Message:
    """A profile."""
    return {
        "id": identifier(number),
        "name": name,
        "description": description,
        "env_vars": [{"name": each, "source": "unset", "value": "", "config": {}} for each in variables],
    }


@pytest.fixture
def populated(daemon: FakeDaemon) -> FakeDaemon:
    """A daemon that has something of everything."""
    nightly = objects.job(0xAAAA0001, name="nightly", description="Every night\nat two")
    weekly = objects.job(0xBBBB0001, name="weekly")
    tests = objects.task(0xAAAA0002, name="add tests", command="Add unit tests\nfor all")
    twins = [objects.task(0xBBBB0002, name="twin"), objects.task(0xCCCC0002, name="twin")]
    run = objects.run(0xAAAA0003, "failed")
    daemon.answers |= {
        "jobs.list": {"jobs": [nightly, weekly]},
        "tasks.list": {"tasks": [tests, *twins]},
        "jobs.tasks": lambda params: [tests] if params["job"] == "nightly" else [],
        "runs.list": {"runs": [run, objects.run(0xBBBB0003)]},
        "profiles.list": {
            "profiles": [a_profile(0xAAAA0004, "work", description="For work"), a_profile(0xBBBB0004, "AWS Bedrock")]
        },
        "profiles.get": a_profile(0xAAAA0004, "work", "API_KEY", "REGION"),
        "settings.get": {"time_limit": 14400, "stop_grace": 10},
    }
    return daemon


NIGHTLY, WORK, TESTS = "nightly  Every night", "work  For work", "add tests  Add unit tests"
TWINS = [f"{identifier(number)}  twin" for number in (0xBBBB0002, 0xCCCC0002)]
RUNS = [
    f"{identifier(0xAAAA0003)}  failed, feature-auth / add-tests",
    f"{identifier(0xBBBB0003)}  success, feature-auth / add-tests",
]


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (["jobs", "get", ""], [NIGHTLY, "weekly  /srv/app"]),
        (["jobs", "run", "aaaa"], [f"{identifier(0xAAAA0001)}  nightly"]),
        (["jobs", "export", "nightly", ""], ["weekly  /srv/app"]),
        (["tasks", "create", "--job", "ni"], [NIGHTLY]),
        (["tasks", "create", "--job=ni"], [f"--job={NIGHTLY}"]),
        (["tasks", "get", ""], [TESTS, *TWINS]),
        (["tasks", "run", "tw"], []),
        (["tasks", "update", "add tests", "--job", "w"], ["weekly  /srv/app"]),
        (["jobs", "set-order", "nightly", ""], [TESTS]),
        (["jobs", "set-order", "nightly", "add tests", ""], []),
        (["jobs", "set-order", "nightly", identifier(0xAAAA0002), ""], []),
        (["runs", "list", "--job", "nightly", "--task", ""], [TESTS]),
        (["runs", "list", "--task", ""], [TESTS, *TWINS]),
        (["runs", "logs", "-f", ""], RUNS),
        (["runs", "get", "aaaa"], RUNS[:1]),
        (["jobs", "create", "--profile", ""], [WORK, "AWS Bedrock"]),
        (["profiles", "get", ""], [WORK, "AWS Bedrock"]),
        (["profiles", "check", "wo"], [WORK]),
        (["profiles", "delete", "aaaa"], [f"{identifier(0xAAAA0004)}  work"]),
        (["profiles", "get", "AAAA"], [f"{identifier(0xAAAA0004)}  work"]),
        (["profiles", "get", "x"], []),
        (["profiles", "update", "work", "--remove", ""], ["API_KEY  unset", "REGION  unset"]),
        (["profiles", "update", "work", "--secret", "A"], ["API_KEY  unset"]),
        (["settings", "get", ""], ["time_limit  now 14400", "stop_grace  now 10"]),
        (["settings", "set", "st"], ["stop_grace  now 10"]),
    ],
    ids=" ".join,
)
def test_what_the_daemon_has_is_offered(
    offered: Offered, populated: FakeDaemon, words: list[str], offers: list[str]
) -> None:
    """Names, and ids as soon as one is begun; the daemon is asked once."""
    assert offered(*words) == offers
    assert len(populated.requests) == 1


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (["profiles", "create", "--secret", ""], []),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["--output", "t"], ["table"]),
        (["claud"], []),
        (["profiles", "l"], ["list  List all profiles."]),
        (["tasks", "create", "--model", "o"], ["opus"]),
        (["tasks", "create", "--permissions", "b"], ["bypass"]),
        (["tasks", "update", "--timezone", "Europe/Berl"], ["Europe/Berlin"]),
        (["settings", "set", "x", "--d"], ["--default  Put the default back."]),
    ],
    ids=" ".join,
)
def test_what_is_known_is_offered_unasked(
    offered: Offered, populated: FakeDaemon, words: list[str], offers: list[str]
) -> None:
    """Commands, options and their choices need no daemon."""
    assert offered(*words) == offers
    assert populated.requests == []


def references() -> list[tuple[str, ...]]:
    """Words after which an object is named: each command with its argument or option for one."""
    nouns = {"job", "jobs", "task", "tasks", "run", "profile"}
    context = click.Context(ccsched_command)
    found: list[tuple[str, ...]] = []
    for name in ccsched_command.list_commands(context):
        group = ccsched_command.get_command(context, name)
        if not isinstance(group, click.Group):
            continue
        for verb in group.list_commands(context):
            command = group.get_command(context, verb)
            assert command is not None
            for parameter in command.params:
                if parameter.name in nouns:
                    option = parameter.opts[:1] if isinstance(parameter, click.Option) else []
                    first = ["nightly"] if verb == "set-order" and parameter.name != "job" else []
                    found.append((name, verb, *first, *option))
    return found


@pytest.mark.parametrize("words", references(), ids=" ".join)
def test_whatever_names_an_object_is_completed(
    offered: Offered, populated: FakeDaemon, words: tuple[str, ...]
) -> None:
    """Every argument and option that takes a job, a task, a run or a profile."""
    assert offered(*words, "")


def test_a_long_description_is_cut(offered: Offered, daemon: FakeDaemon) -> None:
    """It stands beside the name on one line, and holds nothing that moves the cursor."""
    description = "\x1b[2J" + "x" * 1000
    daemon.answers["profiles.list"] = {"profiles": [a_profile(1, "work", description=description)]}
    assert offered("profiles", "get", "w") == [f"work  \\x1b[2J{'x' * 52}…"]


@pytest.mark.parametrize("answer", [Failure(-32603, "broken"), {"profiles": []}])
def test_a_daemon_that_has_nothing_is_passed_over(offered: Offered, daemon: FakeDaemon, answer: object) -> None:
    """A refusal is not for a person who pressed a key."""
    daemon.answers["profiles.list"] = answer
    assert offered("profiles", "get", "") == []


def test_another_program_behind_the_socket_is_passed_over(offered: Offered, daemon: FakeDaemon) -> None:
    """Whatever it says."""
    daemon.raw = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert offered("profiles", "get", "") == []


@pytest.mark.parametrize("named", ["/nonexistent", "~nobody-of-this-name/x", "/" + "x" * 200])
def test_no_daemon_is_silence(offered: Offered, named: str) -> None:
    """Whatever is wrong with the home; none is started."""
    assert offered("--home", named, "profiles", "get", "") == []


def test_a_daemon_that_hangs_is_not_waited_for(offered: Offered, home: Path) -> None:
    """A second, and not the half minute that a command waits."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "daemon.sock"))
        listener.listen()
        start = time.monotonic()
        assert offered("profiles", "get", "") == []
        assert 1 <= time.monotonic() - start < 15


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_one_that_its_shell_reads(ccsched: Ccsched, tmp_path: Path, shell: str) -> None:
    """It needs no daemon, and serves both programs."""
    need(shell)
    done = ccsched("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ccsched claude-code-scheduler" in done.stdout
    script = tmp_path / "script"
    script.write_text(done.stdout)
    subprocess.run([shell, "-n", script], check=True, timeout=60)
