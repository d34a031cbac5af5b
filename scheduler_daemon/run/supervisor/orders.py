"""What the daemon wants done, in the bytes that the system takes."""

import marshal

VERSION = 1


class NotOrders(Exception):
    """The document is not complete, or a field of it is not what it should be."""


class Orders:
    """The orders for one run. They hold secrets, and stay in memory."""

    def __init__(self, document: bytes) -> None:
        """Read what the daemon, with the same Python, has marshalled.

        Raises:
            NotOrders: then nothing may be done.
        """
        try:
            self._read(_dict(marshal.loads(document)))  # noqa: S302 - our own parent wrote it
        except (ValueError, KeyError, EOFError, TypeError, RecursionError) as error:
            raise NotOrders(str(error)) from error

    def _read(self, fields: dict[str, object]) -> None:
        if fields["version"] != VERSION:
            raise ValueError("orders of another version")
        self.run_id = _text(fields["run_id"])
        self.argv = [_bytes(word) for word in _list(fields["argv"])]
        self.cwd = _bytes(fields["cwd"])
        self.env = {_bytes(name): _bytes(value) for name, value in _dict(fields["env"]).items()}
        self.prompt = _bytes(fields["prompt"])
        self.log = _bytes(fields["log"])
        self.folder = _bytes(fields["folder"])
        self.time_limit = None if fields["time_limit"] is None else _seconds(fields["time_limit"])
        self.grace = _seconds(fields["grace"])
        self.secrets = [_bytes(secret) for secret in _list(fields["secrets"])]
        self.log_limit = None if fields["log_limit"] is None else _size(fields["log_limit"])
        self.mark = None if fields["mark"] is None else _bytes(fields["mark"])
        self.header = None if fields["header"] is None else _bytes(fields["header"])
        self.cgroup = None if fields["cgroup"] is None else _bytes(fields["cgroup"])
        self.faults = _text(fields["faults"])
        if self.mark == b"":
            raise ValueError("a mark that marks nothing")
        if not self.argv or not self.log.startswith(b"/") or not self.folder.startswith(b"/"):
            raise ValueError("argv is empty, or a path is not absolute")


def _dict(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _bytes(value: object) -> bytes:
    return _text(value).encode("utf-8", "surrogateescape")


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e10:
        raise ValueError("not a number of seconds")
    return float(value)


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("not a number of bytes")
    return value
