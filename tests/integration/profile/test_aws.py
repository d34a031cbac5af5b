"""Variables from AWS Secrets Manager and Parameter Store, over real HTTP; the AWS at the other end is a stand-in."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.integration.profile.asking import ended, failures, found, left_on_disk, readers, variable
from tests.integration.profile.conftest import Aws
from tests.support.house import until

SOURCES = ("aws_secrets_manager", "aws_ssm")

both = pytest.mark.parametrize("source", SOURCES)


def keep(aws: Aws, source: str, name: str, value: str, region: str = "eu-west-1") -> str:
    """Put a value where a source looks for it; its ARN."""
    if source == "aws_secrets_manager":
        return aws.secrets(region).create_secret(Name=name, SecretString=value)["ARN"]
    aws.parameters(region).put_parameter(Name=name, Value=value, Type="SecureString")
    return aws.parameters(region).get_parameter(Name=name)["Parameter"]["ARN"]


def config_files(base: dict[str, str], tmp_path: Path, config: str, credentials: str = "") -> dict[str, str]:
    """An environment in which AWS credentials are in files, and nowhere else."""
    (tmp_path / "config").write_text(config)
    (tmp_path / "credentials").write_text(credentials)
    return {
        **{name: value for name, value in base.items() if not name.startswith(("AWS_ACCESS", "AWS_SECRET"))},
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


@contextmanager
def answering(status: int, *, json_body: str, xml_body: str = "") -> Iterator[str]:
    """The address of an AWS that gives the same answer always, in the form that it is asked in."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            in_json = "json" in self.headers["Content-Type"]
            body = (json_body if in_json else xml_body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1" if in_json else "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def refusing(status: int, code: str) -> AbstractContextManager[str]:
    """The address of an AWS that answers everything with one error, whose text tells a secret."""
    return answering(
        status,
        json_body=json.dumps({"__type": f"com.amazonaws#{code}", "message": "s3cr3t"}),
        xml_body=f"<ErrorResponse><Error><Code>{code}</Code><Message>s3cr3t</Message></Error></ErrorResponse>",
    )


@both
def test_the_value_is_what_is_kept_under_the_name(aws: Aws, source: str) -> None:
    """It is taken as it stands, and masked."""
    keep(aws, source, "/prod/token", "s3cr3t ü\n")
    resolved = found(aws.environment, variable("TOKEN", source, "/prod/token"))
    assert resolved.environment == {**aws.environment, "TOKEN": "s3cr3t ü\n"}
    assert resolved.secrets == ("s3cr3t ü\n",)


def test_a_parameter_that_is_not_encrypted_is_read_too(aws: Aws) -> None:
    """A parameter of the type String is a value like any other."""
    aws.parameters().put_parameter(Name="/prod/token", Value="s3cr3t", Type="String")
    assert found(aws.environment, variable("TOKEN", "aws_ssm", "/prod/token")).environment["TOKEN"] == "s3cr3t"


@both
def test_the_config_s_region_goes_before_the_environment_s(aws: Aws, source: str) -> None:
    """What is kept in one region is not in another."""
    keep(aws, source, "token", "s3cr3t", region="ap-southeast-2")
    there = variable("TOKEN", source, "token", region="ap-southeast-2")
    assert found(aws.environment, there).environment["TOKEN"] == "s3cr3t"
    (told,) = failures(aws.environment, variable("TOKEN", source, "token"))
    assert "in the region eu-west-1" in told


@both
def test_an_arn_says_its_region(aws: Aws, source: str) -> None:
    """No config is needed for what the ARN tells, and none of the environment stands against it."""
    arn = keep(aws, source, "token", "s3cr3t", region="ap-southeast-2")
    assert arn.startswith("arn:aws:")
    assert found(aws.environment, variable("TOKEN", source, arn)).environment["TOKEN"] == "s3cr3t"


@both
def test_the_config_s_profile_brings_credentials_and_region(aws: Aws, source: str, tmp_path: Path) -> None:
    """A profile of the AWS config files is enough for all of it."""
    keep(aws, source, "token", "s3cr3t", region="ap-southeast-2")
    environment = config_files(
        aws.environment,
        tmp_path,
        "[profile work]\nregion = ap-southeast-2\n",
        "[work]\naws_access_key_id = testing\naws_secret_access_key = testing\n",
    )
    del environment["AWS_DEFAULT_REGION"]
    resolved = found(environment, variable("TOKEN", source, "token", profile="work"))
    assert resolved.environment["TOKEN"] == "s3cr3t"


@both
@pytest.mark.parametrize(
    ("key", "value"),
    [("user", "s3cr3t-user"), ("port", "5432"), ("rate", "1.50"), ("tls", "true"), ("ä b", ""), ("a.b", "s3cr3t")],
)
def test_json_key_takes_one_value_of_an_object(aws: Aws, source: str, key: str, value: str) -> None:
    """A text is taken as it is, a number as it is written."""
    text = '{"user": "s3cr3t-user", "port": 5432, "rate": 1.50, "tls": true, "ä b": "", "a.b": "s3cr3t"}'
    keep(aws, source, "database", text)
    asked = variable("TOKEN", source, "database", json_key=key)
    assert found(aws.environment, asked).environment["TOKEN"] == value


@both
@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('{"password": "s3cr3t"}', 'it has no key "token"; see json_key in the variable\'s config'),
        ('{"token": {"s3cr3t": 1}}', 'under the key "token" is neither a text nor a number'),
        ('{"token": null, "x": "s3cr3t"}', 'under the key "token" is neither a text nor a number'),
        ("s3cr3t", "it is not JSON, so it has no keys; take json_key out of the variable's config"),
        ('["s3cr3t"]', "it is JSON, but not an object with keys; take json_key out of the variable's config"),
        ("[" * 4000 + '"s3cr3t', "it is not JSON, so it has no keys; take json_key out of the variable's config"),
    ],
    ids=["other keys", "nested", "null", "no JSON", "a list", "too deep"],
)
def test_a_json_key_that_leads_nowhere_is_told(aws: Aws, source: str, text: str, cause: str) -> None:
    """Neither the text nor its other keys are shown."""
    keep(aws, source, "database", text)
    (told,) = failures(aws.environment, variable("TOKEN", source, "database", json_key="token"))
    assert told == f"TOKEN (source {source}): {cause}"


def test_a_binary_secret_is_no_value(aws: Aws) -> None:
    """A variable holds text."""
    aws.secrets().create_secret(Name="key", SecretBinary=b"s3cr3t\xff")
    (told,) = failures(aws.environment, variable("TOKEN", "aws_secrets_manager", "key"))
    assert told.endswith("the secret is binary, and a variable holds text; store it as text")


@both
def test_a_name_that_is_not_there_is_not_shown(aws: Aws, source: str) -> None:
    """It may be a secret in the wrong place; the region that was looked in is told."""
    (told,) = failures(aws.environment, variable("TOKEN", source, "s3cr3t"))
    noun = "secret" if source == "aws_secrets_manager" else "parameter"
    assert told == (
        f"TOKEN (source {source}): there is no such {noun} in the region eu-west-1, or it has no value; "
        "are name, region and account right?"
    )


def test_a_secret_that_is_marked_for_deletion_is_told(aws: Aws) -> None:
    """It can be restored, so the failure says so."""
    keep(aws, "aws_secrets_manager", "token", "s3cr3t")
    aws.secrets().delete_secret(SecretId="token", RecoveryWindowInDays=7)
    (told,) = failures(aws.environment, variable("TOKEN", "aws_secrets_manager", "token"))
    assert "the secret is marked for deletion" in told


@both
def test_what_the_credentials_do_not_allow_is_told_with_the_permission(aws: Aws, source: str) -> None:
    """The permission is what a person has to ask for."""
    keep(aws, source, "token", "s3cr3t")
    aws.check_permissions()
    (told,) = failures(aws.environment, variable("TOKEN", source, "token"))
    permission = "secretsmanager:GetSecretValue" if source == "aws_secrets_manager" else "ssm:GetParameter"
    assert f"AWS does not allow it; the credentials need the permission {permission}" in told


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        (400, "AccessDeniedException", "AWS does not allow it"),
        (400, "ExpiredTokenException", "the AWS credentials have expired; renew them"),
        (400, "UnrecognizedClientException", "AWS does not accept the credentials"),
        (400, "InvalidSignatureException", "AWS does not accept the credentials"),
        (400, "DecryptionFailure", "AWS cannot decrypt it"),
        (400, "InvalidKeyId", "AWS cannot decrypt it"),
        (400, "ValidationException", "its value is not a name that AWS takes"),
        (400, "ThrottlingException", "AWS has no time for it now"),
        (503, "SomethingNew", "AWS has no time for it now"),
        (400, "SomethingNew", "AWS refuses it (SomethingNew)"),
        (400, "s3cr3t words, and more", "AWS refuses it (a code that is none)"),
    ],
)
def test_what_aws_refuses_is_told_in_our_words(base: dict[str, str], status: int, code: str, cause: str) -> None:
    """AWS's own text is in no failure: it quotes what was asked for."""
    with refusing(status, code) as url:
        environment = Aws(url, base).environment
        told = failures(environment, *(variable(source.upper(), source, "token") for source in SOURCES))
    assert len(told) == 2
    for source, each in zip(SOURCES, told, strict=True):
        assert each.startswith(f"{source.upper()} (source {source}): {cause}")


@pytest.mark.parametrize(
    ("config", "profile", "cause"),
    [
        ("", None, "the daemon finds no AWS credentials; sign in with aws configure or aws sso login"),
        ("", "work", "the AWS profile is in none of the AWS config files"),
        ("[profile work]\naws_access_key_id = s3cr3t\n", "work", "the AWS credentials are incomplete"),
        ("[profile work\ns3cr3t", "work", "the AWS config files are not in order"),
        (
            "[profile work]\ncredential_process = sh -c 'echo s3cr3t >&2; exit 1'\n",
            "work",
            "the AWS credentials cannot be had; see why with: aws sts get-caller-identity --profile work",
        ),
        (
            "[profile work]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = s3cr3t\n"
            "[sso-session s]\nsso_start_url = https://s3cr3t.example\nsso_region = eu-west-1\n",
            "work",
            "the AWS sign-in has expired, or was never made; sign in again with: aws sso login --profile work",
        ),
        (
            "[profile work]\nlogin_session = arn:aws:iam::123456789012:user/s3cr3t\n",
            "work",
            "what aws login leaves can be read with the library awscrt alone; install it beside ccsched",
        ),
        (
            "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/s3cr3t\nsource_profile = user\n"
            "mfa_serial = arn:aws:iam::123456789012:mfa/s3cr3t\n"
            "[profile user]\naws_access_key_id = testing\naws_secret_access_key = s3cr3t\n",
            "work",
            "the AWS credentials want an MFA code, and nobody is there to type one",
        ),
    ],
    ids=["none", "unknown profile", "half", "not a config", "process", "sso", "login", "mfa"],
)
def test_credentials_that_cannot_be_had_are_told(
    aws: Aws, tmp_path: Path, config: str, profile: str | None, cause: str
) -> None:
    """Each way to credentials that leads nowhere says what to do, and nothing of what the files hold."""
    keep(aws, "aws_ssm", "token", "s3cr3t")
    asked = variable("TOKEN", "aws_ssm", "token", **({"profile": profile} if profile else {}))
    (told,) = failures(config_files(aws.environment, tmp_path, config), asked)
    assert told.startswith(f"TOKEN (source aws_ssm): {cause}")


def test_a_role_that_may_not_be_taken_is_told(base: dict[str, str], tmp_path: Path) -> None:
    """A refusal of the credentials is not taken for one of the secret."""
    config = (
        "[profile work]\nrole_arn = arn:aws:iam::123456789012:role/s3cr3t\nsource_profile = user\n"
        "[profile user]\naws_access_key_id = testing\naws_secret_access_key = s3cr3t\n"
    )
    with refusing(403, "AccessDenied") as url:
        environment = config_files(Aws(url, base).environment, tmp_path, config)
        (told,) = failures(environment, variable("TOKEN", "aws_ssm", "token", profile="work"))
    assert told == (
        "TOKEN (source aws_ssm): the AWS credentials cannot be had (AssumeRole: AccessDenied); "
        "see why with: aws sts get-caller-identity --profile work"
    )


@both
def test_an_answer_that_is_not_aws_s_is_told(base: dict[str, str], source: str) -> None:
    """A hotel's network shows its own page to everybody at first."""
    with answering(200, json_body="<html>s3cr3t</html>") as url:
        (told,) = failures(Aws(url, base).environment, variable("TOKEN", source, "token"))
    assert told.startswith(f"TOKEN (source {source}): what answers is not AWS")


@both
def test_without_a_region_the_config_is_named(aws: Aws, source: str) -> None:
    """AWS has no region of its own."""
    environment = {name: value for name, value in aws.environment.items() if name != "AWS_DEFAULT_REGION"}
    (told,) = failures(environment, variable("TOKEN", source, "token"))
    assert told.endswith("no AWS region is set; name one in the variable's config (region), or in AWS_DEFAULT_REGION")


@both
@pytest.mark.parametrize(
    ("value", "config", "cause"),
    [
        (" ", {}, "there is no name; write the "),
        ("token", {"region": "not a region"}, "the AWS region is not a region's name"),
    ],
    ids=["no name", "no region"],
)
def test_what_cannot_be_asked_is_told(
    aws: Aws, source: str, value: str, config: dict[str, object], cause: str
) -> None:
    """A name or a region that is none never leaves the machine."""
    (told,) = failures(aws.environment, variable("TOKEN", source, value, **config))
    assert told.startswith(f"TOKEN (source {source}): {cause}")


@both
def test_an_aws_that_is_not_there_is_told(base: dict[str, str], source: str) -> None:
    """A refused connection is a matter of the network."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        environment = Aws(f"http://127.0.0.1:{nobody.getsockname()[1]}", base).environment
        (told,) = failures(environment, variable("TOKEN", source, "token"))
    assert told.endswith("AWS cannot be reached; is the network there, and is the region right?")


def test_an_aws_that_does_not_answer_is_told_before_the_limit(base: dict[str, str], tmp_path: Path) -> None:
    """Two attempts fit into the limit, and the cause is better than that it took long."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        environment = Aws(f"http://127.0.0.1:{silent.getsockname()[1]}", base).environment
        told = failures(environment, *(variable(source, source, "token") for source in SOURCES), limit=12.0)
    for each in told:
        assert each.endswith("AWS cannot be reached; is the network there, and is the region right?")
    assert readers(tmp_path / "user") == []


def test_credentials_that_take_for_ever_are_ended_with_the_limit(base: dict[str, str], tmp_path: Path) -> None:
    """The process that was to give them ends, too."""
    pids = tmp_path / "pids"
    config = f"[profile work]\ncredential_process = sh -c 'echo $$ >> {pids}; exec sleep 600'\n"
    environment = config_files(Aws("http://127.0.0.1:9", base).environment, tmp_path, config)
    began = time.monotonic()
    (told,) = failures(environment, variable("TOKEN", "aws_ssm", "token", profile="work"), limit=6.0)
    assert time.monotonic() - began < 30
    assert told == (
        "TOKEN (source aws_ssm): it took longer than 6 s; are the network and the AWS credentials' source there?"
    )
    until(lambda: ended(int(pids.read_text())), "the process has ended")


def test_many_variables_are_read_at_once(aws: Aws) -> None:
    """Of both services and of two regions, each variable gets its own."""
    variables = []
    for number in range(12):
        source, region = SOURCES[number % 2], ("eu-west-1", "us-east-2")[number // 2 % 2]
        keep(aws, source, f"token-{number}", f"s3cr3t-{number}", region)
        variables.append(variable(f"TOKEN_{number}", source, f"token-{number}", region=region))
    environment = found(aws.environment, *variables).environment
    assert [environment[f"TOKEN_{number}"] for number in range(12)] == [f"s3cr3t-{number}" for number in range(12)]


@both
def test_aws_leaves_no_secret_on_the_disk(aws: Aws, source: str, tmp_path: Path) -> None:
    """Neither in the home nor in any other directory that programs keep things in."""
    keep(aws, source, "token", "s3cr3t")
    found(aws.environment, variable("TOKEN", source, "token"))
    assert left_on_disk(tmp_path) == []
