"""A keychain and an AWS of the tests' own."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.integration.profile.asking import PATIENCE, plain_base
from tests.integration.profile.secret_service import SecretService
from tests.support.needed import need

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient


@pytest.fixture
def base(tmp_path: Path) -> dict[str, str]:
    """The environment of a daemon on a machine with neither a keychain nor AWS."""
    return {**plain_base(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def secret_service(tmp_path: Path, base: dict[str, str]) -> Iterator[SecretService]:
    """An unlocked keychain without an entry."""
    need("gnome-keyring-daemon", "dbus-daemon", "dbus-send")
    service = SecretService(tmp_path / "keychain", base)
    with service.running():
        yield service


class Aws:
    """An AWS on this machine, and the environment of a daemon that may do everything there."""

    def __init__(self, url: str, base: dict[str, str]) -> None:
        self._url = url
        self.environment = {
            **base,
            "AWS_ENDPOINT_URL": url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def secrets(self, region: str = "eu-west-1") -> "SecretsManagerClient":
        """Its Secrets Manager, for whoever owns it."""
        return self._owner(region).client("secretsmanager", endpoint_url=self._url)

    def parameters(self, region: str = "eu-west-1") -> "SSMClient":
        """Its Parameter Store, for whoever owns it."""
        return self._owner(region).client("ssm", endpoint_url=self._url)

    def check_permissions(self) -> None:
        """From now on, allow each only what they have a permission for."""
        self._tell("reset-auth", b"0")

    def forget(self) -> None:
        """Be empty, and allow everything."""
        self._tell("reset-auth", b"inf")
        self._tell("reset", b"")

    def _owner(self, region: str) -> boto3.Session:
        return boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=region)

    def _tell(self, what: str, content: bytes) -> None:
        request = urllib.request.Request(
            f"{self._url}/moto-api/{what}", content, {"Content-Type": "text/plain"}, method="POST"
        )
        urllib.request.urlopen(request, timeout=PATIENCE).close()


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """Where an AWS answers."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_url: str, base: dict[str, str]) -> Iterator[Aws]:
    """An AWS that is empty."""
    made = Aws(aws_url, base)
    yield made
    made.forget()
