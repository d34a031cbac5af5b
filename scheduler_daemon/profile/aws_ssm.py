"""Source ``aws_ssm``: the value is a parameter in the AWS Systems Manager Parameter Store."""

from typing import TYPE_CHECKING

from scheduler_daemon.profile.aws import Service

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from mypy_boto3_ssm import SSMClient


def _client(session: "boto3.Session", config: "Config") -> "SSMClient":
    return session.client("ssm", config=config)


def _read(client: "SSMClient", name: str) -> str:
    return client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]


SERVICE = Service("parameter", "ssm:GetParameter", _client, _read)
