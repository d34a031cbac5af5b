"""Wrong usage of ``profiles``, which needs no daemon, and never shows what may be a secret."""

import click
import pytest
from click.testing import CliRunner

from scheduler_daemon.cli.main import ccsched

CREATE = ("profiles", "create", "--name", "n")
UPDATE = ("profiles", "update", "p")


def invoke(*arguments: str, stdin: str | None = None) -> tuple[int, str]:
    """Exit code and output of a command where no daemon is."""
    result = CliRunner().invoke(ccsched, arguments, env={"CCSCHED_HOME": "/nonexistent"}, input=stdin)
    return result.exit_code, " ".join(result.output.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("profiles", "create", "--plain", "A=1"), "Say what you call it: --name NAME."),
        ((*CREATE, "--plain", "A=1", "--unset", "A"), "The variable A is given twice"),
        ((*CREATE, "--static", "A=1", "--static", "A=1"), "The variable A is given twice"),
        ((*UPDATE, "--remove", "A", "--plain", "A=1"), "The variable A is given twice"),
        ((*UPDATE, "--remove", "A", "--remove", "A"), "The variable A is given twice"),
        ((*UPDATE, "--remove", "A", "--config", "A:region=x"), "--remove takes A away"),
        ((*CREATE, "--static", "A"), "--static takes NAME=VALUE; there is no ="),
        ((*CREATE, "--keychain", "A="), "--keychain takes NAME=SERVICE/ACCOUNT; the value is empty"),
        ((*CREATE, "--aws-ssm", "A"), "--aws-ssm takes NAME=/PARAMETER; there is no ="),
        ((*CREATE, "--unset", "A=1"), "--unset takes the name of a variable alone: it has no value"),
        ((*CREATE, "--environment", "A-B"), "What --environment names cannot be a variable"),
        ((*CREATE, "--plain", "1A=x"), "What --plain names cannot be a variable"),
        ((*CREATE, "--config", "A:region=x"), "--config says how to read A, which no option gives a value"),
        ((*CREATE, "--aws-ssm", "A=/x", "--config", "A.region=x"), "--config takes NAME:KEY=VALUE"),
        ((*CREATE, "--aws-ssm", "A=/x", "--config", "A:region"), "--config takes NAME:KEY=VALUE"),
        ((*CREATE, "--aws-ssm", "A=/x", "--config", "A:k=1", "--config", "A:k=2"), "k of A is given twice"),
        ((*CREATE, "--plain", "A=/x", "--config", "A:plain=false"), "plain of A is given twice"),
        ((*CREATE, "--static", "A=", "--config", "A:required=yes"), "required of A is true or false"),
        (UPDATE, "Say what to change; the options: ccsched profiles update --help"),
    ],
)
def test_wrong_usage_says_what_to_do(arguments: tuple[str, ...], told: str) -> None:
    """What contradicts itself is told before any daemon is asked."""
    code, shown = invoke(*arguments)
    assert told in shown
    assert code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--static", "sk-ant-hunter2"),
        ("--static", "sk-ant-hunter2="),
        ("--secret", "TOKEN=sk-ant-hunter2"),
        ("--secret", "sk-ant-hunter2"),
        ("--environment", "sk-ant-hunter2"),
        ("--unset", "A=sk-ant-hunter2"),
        ("--config", "sk-ant-hunter2:region=x"),
        ("--config", "A:sk-ant-hunter2"),
    ],
    ids=" ".join,
)
def test_a_secret_in_the_wrong_place_is_not_repeated(arguments: tuple[str, ...]) -> None:
    """An error message may end in a log or on a screen that others see."""
    code, shown = invoke(*CREATE, *arguments)
    assert code == 2
    assert "hunter2" not in shown


@pytest.mark.parametrize("command", ["create", "update"])
def test_the_help_warns_of_static(command: str) -> None:
    """A value on the command line is seen by others; the better way is named beside it."""
    _, shown = invoke("profiles", command, "--help")
    assert "Other users may see it in the list of processes" in shown
    assert "better --secret" in shown


def test_every_source_has_an_option_of_its_name() -> None:
    """A person who knows the sources knows the options."""
    context = click.Context(ccsched)
    group = ccsched.get_command(context, "profiles")
    assert isinstance(group, click.Group)
    create = group.get_command(context, "create")
    assert create is not None
    spellings = {spelling for parameter in create.params for spelling in parameter.opts}
    assert spellings >= {
        "--static",
        "--environment",
        "--keychain",
        "--aws-secrets-manager",
        "--aws-ssm",
        "--command",
        "--unset",
    }
