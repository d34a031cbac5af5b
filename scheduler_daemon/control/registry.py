"""Which methods there are, and are a call's params what its method takes?"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from scheduler_daemon.control import Json
from scheduler_daemon.control.errors import (
    InvalidParams,
    MethodNotFound,
    invalid_params,
    shortened,
    suggestion,
)

GivenParams: TypeAlias = Mapping[str, Json] | Sequence[Json]
"""Params as they came: by name or by position."""


class Params(BaseModel):
    """A method's params; the order of the fields is the order by position."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoParams(Params):
    """For a method that takes none."""


class Caller(Protocol):
    """The connection a call came over. All of it belongs to the event loop's thread."""

    @property
    def uid(self) -> int:
        """The user at the other end."""

    @property
    def pid(self) -> int | None:
        """The process that connected; it may have ended since, or have handed the connection on."""

    @property
    def closed(self) -> asyncio.Event:
        """Set once, when the connection has ended, for whatever reason."""

    def on_close(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have ``callback`` called when the connection ends; at once if it has ended already.

        Returns:
            a function that takes the callback back.
        """

    def notify(self, method: str, params: Mapping[str, Json]) -> None:
        """Send a notification; on a connection that has ended, nothing happens.

        It never waits. A client that does not read what it is sent loses its connection when its backlog
        passes the server's limit. What a handler sends after it has returned comes after its answer,
        unless the call was part of a batch.

        Raises:
            TypeError, ValueError: when ``params`` cannot be written as JSON.
        """


P = TypeVar("P", bound=BaseModel)

Handler: TypeAlias = Callable[[P, Caller], Json | Awaitable[Json]]


@dataclass(frozen=True)
class Method:
    """One method, with what ``rpc.discover`` tells of it."""

    name: str
    params: type[BaseModel]
    summary: str
    result: type[object] | None
    call: Callable[[GivenParams, Caller], Awaitable[Json]]


class Registry:
    """The methods by name."""

    def __init__(self) -> None:
        self._methods: dict[str, Method] = {}

    def register(
        self,
        name: str,
        params: type[P],
        handler: Handler[P],
        *,
        summary: str,
        result: type[object] | None = None,
    ) -> None:
        """Add a method.

        Args:
            name: ``noun.verb``.
            params: what the handler takes; best a ``Params``, which refuses unknown fields.
            handler: a function or coroutine function. What it raises besides ``RpcError`` is answered as
                an internal error and logged.
            summary: one line for ``rpc.discover``.
            result: the type of the answer, for its schema in ``rpc.discover``; it is not checked.

        Raises:
            ValueError: when the name is taken.
        """
        if name in self._methods:
            raise ValueError(f"the method {name} is registered twice")

        async def call(given: GivenParams, caller: Caller) -> Json:
            try:
                checked = params.model_validate(_by_name(params, given))
            except ValidationError as error:
                raise invalid_params(error, params) from None
            answer = handler(checked, caller)
            return await answer if isinstance(answer, Awaitable) else answer

        self._methods[name] = Method(name, params, summary, result, call)

    def __iter__(self) -> Iterator[Method]:
        return iter(sorted(self._methods.values(), key=lambda method: method.name))

    async def call(self, name: str, params: GivenParams, caller: Caller) -> Json:
        """The answer of the method ``name``.

        Raises:
            MethodNotFound: when there is no such method.
            InvalidParams: when the params do not fit it.
            Exception: whatever its handler raises.
        """
        method = self._methods.get(name)
        if method is None:
            raise MethodNotFound(f"Method not found: {shortened(name)}{suggestion(name, self._methods)}")
        return await method.call(params, caller)


def _by_name(model: type[BaseModel], given: GivenParams) -> Mapping[str, Json]:
    if isinstance(given, Mapping):
        return given
    names = [field.alias or name for name, field in model.model_fields.items()]
    if len(given) > len(names):
        takes = f"at most {len(names)} ({', '.join(names)})" if names else "none"
        message = f"{len(given)} params were given by position, and this method takes {takes}"
        raise InvalidParams(message, errors=[{"field": "", "message": message}])
    return dict(zip(names, given, strict=False))
