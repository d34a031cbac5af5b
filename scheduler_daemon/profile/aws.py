"""What the two sources of AWS share: clients, config and the words for what goes wrong."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

from scheduler_daemon.model.profile import EnvVar
from scheduler_daemon.profile.aws_errors import Asked, cause_of
from scheduler_daemon.profile.source import Found, SourceFailed, config_of

if TYPE_CHECKING:
    import boto3
    from botocore.client import BaseClient
    from botocore.config import Config

LATE = "are the network and the AWS credentials' source there?"
"""What may be the matter when it takes long."""

C = TypeVar("C", bound="BaseClient")


@dataclass(frozen=True)
class Service(Generic[C]):
    """A service of AWS that keeps values under names."""

    noun: str
    """What a value is called there."""
    permission: str
    """What the credentials must allow."""
    client: Callable[["boto3.Session", "Config"], C]
    read: Callable[[C, str], str]
    """The value of a name.

    Raises:
        SourceFailed: when there is no text under the name.
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: as the library does.
    """


class Lookup(Generic[C]):
    """Looks variables up in a service; threads may share it."""

    def __init__(self, service: Service[C], limit: float) -> None:
        """``limit``: the seconds that all of it may take."""
        self._service = service
        self._limit = limit
        self._lock = Lock()
        self._clients: dict[tuple[str | None, str | None], Future[C]] = {}

    def find(self, variable: EnvVar) -> Found:
        """The text under the name or ARN in ``value``, or the part of it that the config's ``json_key`` names.

        ``region`` and ``profile`` in the config go before what the environment and the AWS config files say, and
        ``region`` before that of an ARN.
        """
        config = config_of(variable, str, "json_key", "profile", "region")
        name = variable.value.strip()
        if not name:
            raise SourceFailed(f"there is no name; write the {self._service.noun}'s name or ARN as its value")
        text = self._read(name, config.get("region") or _region_of_arn(name), config.get("profile"))
        return Found(_part(text, config["json_key"]) if "json_key" in config else text, secret=True)

    def _read(self, name: str, region: str | None, profile: str | None) -> str:
        try:
            client = self._client(region, profile)
            region = client.meta.region_name
            return self._service.read(client, name)
        except SourceFailed:
            raise
        except Exception as error:
            asked = Asked(self._service.noun, self._service.permission, profile, region)
            # Not chained: the library's own words may hold anything.
            raise SourceFailed(cause_of(error, asked)) from None

    def _client(self, region: str | None, profile: str | None) -> C:
        """One for each region and AWS profile: to make one takes a fifth of a second and ten megabytes."""
        with self._lock:
            future = self._clients.get((region, profile))
            first = future is None
            if future is None:
                future = self._clients[region, profile] = Future()
        if first:
            try:
                future.set_result(self._new_client(region, profile))
            except BaseException as error:
                future.set_exception(error)
        return future.result()

    def _new_client(self, region: str | None, profile: str | None) -> C:
        import boto3
        from botocore.config import Config

        session = boto3.Session(region_name=region, profile_name=profile)
        # Two attempts, each with its share of the limit, leave time to say that there is no network.
        share = self._limit / 4
        config = Config(
            connect_timeout=share, read_timeout=share, retries={"mode": "standard", "total_max_attempts": 2}
        )
        return self._service.client(session, config)


def _region_of_arn(name: str) -> str | None:
    # arn:partition:service:region:account:resource
    parts = name.split(":", 5)
    return parts[3] or None if len(parts) == 6 and parts[0] == "arn" else None


def _part(text: str, key: str) -> str:
    try:
        # Numbers stay as they are written.
        whole = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        # Not chained: the error holds the text.
        raise SourceFailed("it is not JSON, so it has no keys; take json_key out of the variable's config") from None
    if not isinstance(whole, dict):
        raise SourceFailed("it is JSON, but not an object with keys; take json_key out of the variable's config")
    if key not in whole:
        raise SourceFailed(f"it has no key {json.dumps(key)}; see json_key in the variable's config")
    part = whole[key]
    if isinstance(part, bool):
        return "true" if part else "false"
    if not isinstance(part, str):
        raise SourceFailed(f"under the key {json.dumps(key)} is neither a text nor a number")
    return part
