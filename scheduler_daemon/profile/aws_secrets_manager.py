"""Source ``aws_secrets_manager``: the value is a secret in AWS Secrets Manager."""

from typing import TYPE_CHECKING

from scheduler_daemon.profile.aws import Service
from scheduler_daemon.profile.source import SourceFailed

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_secretsmanager import SecretsManagerClient


def _client(session: "boto3.Session", config: "Config") -> "SecretsManagerClient":
    return session.client("secretsmanager", config=config)


def _read(client: "SecretsManagerClient", name: str) -> str:
    secret = client.get_secret_value(SecretId=name)
    if "SecretBinary" in secret:
        raise SourceFailed("the secret is binary, and a variable holds text; store it as text")
    return secret["SecretString"]


SERVICE = Service("secret", "secretsmanager:GetSecretValue", _client, _read)
