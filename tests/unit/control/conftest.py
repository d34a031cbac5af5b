"""The methods of the specification's examples, and a caller that keeps what it is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import pytest

from scheduler_daemon.control import Json, protocol
from scheduler_daemon.control.errors import NotFound
from scheduler_daemon.control.registry import Caller, NoParams, Params, Registry

Ask: TypeAlias = Callable[[bytes | str], Any]
"""One line in; the answer as JSON values, or None for no answer."""


class Listener:
    """A ``Caller`` without a connection."""

    uid = 1000
    pid = 4711

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.told: list[tuple[str, Mapping[str, Json]]] = []

    def on_close(self, callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None

    def notify(self, method: str, params: Mapping[str, Json]) -> None:
        self.told.append((method, params))


class Subtraction(Params):
    """The order is that of the specification's example by position."""

    minuend: int
    subtrahend: int


class Addition(Params):
    """Three terms, as in the specification's batch."""

    first: int
    second: int
    third: int


class Anything(Params):
    """One value of any kind."""

    value: Any = None


@pytest.fixture
def calls() -> list[str]:
    """The methods that ran, in order."""
    return []


@pytest.fixture
def registry(calls: list[str]) -> Registry:
    """What the specification's examples call, and a few methods that misbehave."""
    methods = Registry()

    def subtract(params: Subtraction, _caller: Caller) -> int:
        calls.append(f"{params.minuend}-{params.subtrahend}")
        return params.minuend - params.subtrahend

    async def add(params: Addition, _caller: Caller) -> int:
        await asyncio.sleep(0)
        return params.first + params.second + params.third

    def get_data(_params: NoParams, _caller: Caller) -> list[str | int]:
        return ["hello", 5]

    def note(params: Anything, _caller: Caller) -> None:
        calls.append(f"note {params.value}")

    def echo(params: Anything, _caller: Caller) -> Any:
        return params.value

    def fail(_params: NoParams, _caller: Caller) -> None:
        raise RuntimeError("the password is hunter2")

    def give_object(_params: NoParams, _caller: Caller) -> Any:
        return object()

    def give_nan(_params: NoParams, _caller: Caller) -> float:
        return float("nan")

    def lose(_params: NoParams, _caller: Caller) -> None:
        raise NotFound("no job lost", field="job", hint="ccsched jobs list")

    async def wait_for_cancelled(_params: NoParams, _caller: Caller) -> None:
        waited_for = asyncio.get_running_loop().create_future()
        waited_for.cancel()
        await waited_for

    def tell(_params: NoParams, caller: Caller) -> Awaitable[None]:
        caller.notify("told", {"uid": caller.uid})
        return asyncio.sleep(0)

    methods.register("subtract", Subtraction, subtract, summary="Subtract.", result=int)
    methods.register("sum", Addition, add, summary="Add.", result=int)
    methods.register("get_data", NoParams, get_data, summary="Get data.")
    methods.register("update", Anything, note, summary="Take note.")
    methods.register("notify_hello", Anything, note, summary="Take note.")
    methods.register("echo", Anything, echo, summary="Say it again.")
    methods.register("fail", NoParams, fail, summary="Fail.")
    methods.register("give_object", NoParams, give_object, summary="Answer what is no JSON.")
    methods.register("give_nan", NoParams, give_nan, summary="Answer what JSON cannot write.")
    methods.register("lose", NoParams, lose, summary="Find nothing.")
    methods.register("wait_for_cancelled", NoParams, wait_for_cancelled, summary="Wait in vain.")
    methods.register("tell", NoParams, tell, summary="Notify the caller.")
    return methods


@pytest.fixture
def listener() -> Listener:
    """The caller of every request that ``ask`` asks."""
    return Listener()


@pytest.fixture
def ask(registry: Registry, listener: Listener) -> Ask:
    """Ask the registry, and read the answer as strictly as a client may."""

    def asked(line: bytes | str) -> Any:
        raw = line.encode() if isinstance(line, str) else line
        answer = asyncio.run(protocol.answer(registry, raw, listener))
        return None if answer is None else strictly(answer)

    return asked


def strictly(answer: bytes) -> Any:
    """The JSON document in an answer, which must be one line and strict JSON."""
    assert b"\n" not in answer

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(answer.decode("ascii"), parse_constant=refuse)
