"""Runs of a whole daemon whose profile has variables of every source."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon.model.enums import EnvVarSource
from tests.integration.profile.asking import left_on_disk
from tests.integration.profile.conftest import Aws
from tests.integration.profile.secret_service import SecretService
from tests.support.house import House, house

VARIABLES: list[dict[str, Any]] = [
    {"name": "MODE", "source": "static", "value": "quite-open", "config": {"plain": True}},
    {"name": "STATIC_TOKEN", "source": "static", "value": "s3cr3t-static"},
    {"name": "LANGUAGE", "source": "environment", "value": "LC_ALL"},
    {"name": "COMMAND_TOKEN", "source": "command", "value": "printf 's3cr3t-%s' command"},
    {"name": "KEYCHAIN_TOKEN", "source": "keychain", "value": "https://api.example.com/v1/me"},
    {
        "name": "DATABASE_PASSWORD",
        "source": "aws_secrets_manager",
        "value": "prod/database",
        "config": {"json_key": "password", "region": "eu-central-1"},
    },
    {"name": "PARAMETER", "source": "aws_ssm", "value": "/prod/token"},
    {"name": "ANTHROPIC_API_KEY", "source": "unset"},
]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[House]:
    """A house whose daemon is yet to be started."""
    with house(tmp_path) as made:
        yield made


def start(daemon: House, environment: dict[str, str], variables: list[dict[str, Any]]) -> None:
    """Start it in an environment, with one profile that a person wrote before."""
    daemon.environment.update(environment)
    (daemon.home.path / "profiles.json").write_text(json.dumps([{"name": "work", "env_vars": variables}]))
    daemon.start()


def run_of(daemon: House, directory: Path) -> dict[str, Any]:
    """A run whose agent writes its environment to a file and shows it, too."""
    directory.mkdir()
    task = daemon.task(daemon.job(directory), "show", "bash env | tee seen.txt", profile="work")
    return daemon.ended(daemon.call("tasks.run", task=task["id"]))


@pytest.mark.keyring
def test_a_run_gets_its_variables_from_every_source(
    daemon: House, secret_service: SecretService, aws: Aws, tmp_path: Path
) -> None:
    """Each value comes to the agent, and no secret to the log or to any other file of the daemon's."""
    secret_service.add("https://api.example.com/v1", "me", "s3cr3t-keychain")
    database = json.dumps({"user": "app", "password": "s3cr3t-database"})
    aws.secrets("eu-central-1").create_secret(Name="prod/database", SecretString=database)
    aws.parameters().put_parameter(Name="/prod/token", Value="s3cr3t-parameter", Type="SecureString")
    environment = {**secret_service.environment, **aws.environment, "HOME": daemon.environment["HOME"]}
    assert {variable["source"] for variable in VARIABLES} == {source.value for source in EnvVarSource}
    start(daemon, {**environment, "ANTHROPIC_API_KEY": "of another account"}, VARIABLES)
    run = run_of(daemon, tmp_path / "work")
    assert (run["status"], run["outcome"]) == ("success", "done"), run["errors"]
    seen = dict(line.split("=", 1) for line in (tmp_path / "work" / "seen.txt").read_text().splitlines())
    expected = {
        "MODE": "quite-open",
        "STATIC_TOKEN": "s3cr3t-static",
        "LANGUAGE": "C.UTF-8",
        "COMMAND_TOKEN": "s3cr3t-command",
        "KEYCHAIN_TOKEN": "s3cr3t-keychain",
        "DATABASE_PASSWORD": "s3cr3t-database",
        "PARAMETER": "s3cr3t-parameter",
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert "ANTHROPIC_API_KEY" not in seen
    log = Path(run["log_path"]).read_text()
    assert "quite-open" in log
    assert log.count("•••") >= 5
    # The profile itself holds the static one and the command.
    kept = {path.name for path in left_on_disk(daemon.home.path)}
    assert kept <= {"profiles.json", "state.db", "state.db-wal"}
    assert "s3cr3t" not in daemon.log.read_text()
    assert "s3cr3t" not in json.dumps(run)


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        (
            {"name": "TOKEN", "source": "aws_ssm", "value": "s3cr3t"},
            "TOKEN (source aws_ssm): there is no such parameter in the region eu-west-1",
        ),
        (
            {"name": "TOKEN", "source": "keychain", "value": "s3cr3t"},
            'TOKEN (source keychain): its value is not of the form "service/account"',
        ),
        (
            {"name": "TOKEN", "source": "static", "config": {"required": True}},
            "TOKEN (source static): it is not filled in yet; fill it in with: ccsched profiles update ",
        ),
    ],
    ids=["aws_ssm", "keychain", "static"],
)
def test_a_source_that_fails_fails_the_run_before_the_agent_starts(
    daemon: House, aws: Aws, tmp_path: Path, variable: dict[str, Any], told: str
) -> None:
    """The record names the variable and its source, and no value; there is no log, for nothing was started."""
    environment = {**aws.environment, "HOME": daemon.environment["HOME"]}
    start(daemon, environment, [{"name": "MODE", "value": "quite-open"}, variable])
    run = run_of(daemon, tmp_path / "work")
    assert (run["status"], run["outcome"]) == ("failed", "not_started")
    assert len(run["errors"]) == 1
    assert run["errors"][0].startswith(told)
    assert not (tmp_path / "work" / "seen.txt").exists()
    assert not daemon.home.log(run["id"]).exists()
    assert "s3cr3t" not in json.dumps(run) + daemon.log.read_text()
