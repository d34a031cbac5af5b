"""JSON-RPC 2.0 without the socket: one line in, one line or nothing out.

The rules are those of https://www.jsonrpc.org/specification. Where it leaves a choice:

- The members of a batch run one after another, so a client sees effects in the order it wrote them.
- A request that is invalid but has a readable id is answered with that id.
- An object that names a member twice, a number too large for a double, and text with half a surrogate
  pair are parse errors: JSON leaves their meaning open, and a guess could act on the wrong object.
- A blank line is no document and gets no answer.
"""

import asyncio
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias

import structlog
from structlog.typing import FilteringBoundLogger

from scheduler_daemon.control import Json
from scheduler_daemon.control.errors import InternalError, InvalidRequest, ParseError, RpcError
from scheduler_daemon.control.registry import Caller, Registry

NESTING_LIMIT = 200
"""Arrays and objects within each other; far below what would use up the stack further on."""

BATCH_LIMIT = 10_000
"""Requests in one batch, so that a line of commas cannot become gigabytes of answers."""

_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")

_log: FilteringBoundLogger = structlog.get_logger("control")


class _Number(float):
    """A number with a fraction or an exponent that remembers how it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "_Number":
        number = super().__new__(cls, text)
        if math.isinf(number):
            raise ParseError("Parse error: a number is too large")
        number.text = text
        return number


_Id: TypeAlias = str | int | _Number | None


async def answer(registry: Registry, line: bytes, caller: Caller) -> bytes | None:
    """The answer to one line, without a newline; None when there is nothing to answer.

    It raises nothing but cancellation, whatever the line holds and whatever a handler does.
    """
    if not line.strip(b" \t\r\n"):
        return None
    try:
        document = _parsed(line)
        if isinstance(document, list):
            return await _answer_batch(registry, document, caller)
    except RpcError as error:
        return error_line(error)
    return await _answer_one(registry, document, caller)


def error_line(error: RpcError) -> bytes:
    """An error that answers no request in particular, without a newline."""
    return _failure(None, error)


def notification(method: str, params: Mapping[str, Json]) -> bytes:
    """A notification to a client, without a newline.

    Raises:
        TypeError, ValueError: when ``params`` cannot be written as JSON.
    """
    return _encoded({"jsonrpc": "2.0", "method": method, "params": params})


def is_document(line: bytes) -> bool:
    """Whether the line can be read, so that a last line without a newline was sent in full."""
    try:
        _parsed(line)
    except ParseError:
        return False
    return True


async def _answer_batch(registry: Registry, members: list[Any], caller: Caller) -> bytes | None:
    if not members:
        raise InvalidRequest("Invalid Request: the batch is empty")
    if len(members) > BATCH_LIMIT:
        raise InvalidRequest(
            f"Invalid Request: the batch has {len(members)} members, and {BATCH_LIMIT} is the most",
            hint="send it in parts",
        )
    answers = []
    for member in members:
        part = await _answer_one(registry, member, caller)
        if part is not None:
            answers.append(part)
        # Handlers need not wait for anything; the other connections shall have their turn all the same.
        await asyncio.sleep(0)
    return b"[" + b",".join(answers) + b"]" if answers else None


async def _answer_one(registry: Registry, request: Any, caller: Caller) -> bytes | None:
    request_id: _Id = None
    try:
        if not isinstance(request, dict):
            raise InvalidRequest("Invalid Request: a request is an object")
        request_id = _id_of(request)
        method, params = _call_of(request)
    except InvalidRequest as error:
        return _failure(request_id, error)
    reply = await _reply(registry, method, params, request_id, caller)
    return reply if "id" in request else None


def _id_of(request: dict[str, Any]) -> _Id:
    request_id = request.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, str | int | _Number | None):
        raise InvalidRequest("Invalid Request: id must be a string, a number or null")
    return request_id


def _call_of(request: dict[str, Any]) -> tuple[str, dict[str, Any] | list[Any]]:
    if request.get("jsonrpc") != "2.0":
        raise InvalidRequest('Invalid Request: jsonrpc must be "2.0"')
    method, params = request.get("method"), request.get("params", {})
    if not isinstance(method, str):
        raise InvalidRequest("Invalid Request: method must be a string")
    if not isinstance(params, dict | list):
        raise InvalidRequest("Invalid Request: params must be an object or an array")
    return method, params


async def _reply(
    registry: Registry, method: str, params: dict[str, Any] | list[Any], request_id: _Id, caller: Caller
) -> bytes:
    try:
        return _success(request_id, await registry.call(method, params, caller))
    except RpcError as error:
        try:
            return _failure(request_id, error)
        except (TypeError, ValueError, RecursionError):
            return _unforeseen(method, request_id)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # Not we were cancelled but something the handler waited for.
        return _unforeseen(method, request_id)
    except Exception:
        return _unforeseen(method, request_id)


def _unforeseen(method: str, request_id: _Id) -> bytes:
    _log.exception("a method failed", method=method)
    return _failure(
        request_id,
        InternalError(
            f"Internal error: {method} failed in the daemon",
            hint="the daemon's log has the details",
        ),
    )


def _success(request_id: _Id, result: Json) -> bytes:
    return b'{"jsonrpc":"2.0","result":%b,"id":%b}' % (_encoded(result), _encoded_id(request_id))


def _failure(request_id: _Id, error: RpcError) -> bytes:
    body: dict[str, Json] = {"code": error.code, "message": error.message, "data": error.data}
    return b'{"jsonrpc":"2.0","error":%b,"id":%b}' % (_encoded(body), _encoded_id(request_id))


def _encoded(value: Json) -> bytes:
    # Escaped to ASCII, so that no text, not even a file name that is no Unicode, breaks the line.
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")


def _encoded_id(request_id: _Id) -> bytes:
    # A client compares ids, so a number goes back as it was written: 1e2 is not 100.0 to everyone.
    return request_id.text.encode("ascii") if isinstance(request_id, _Number) else _encoded(request_id)


def _parsed(line: bytes) -> Any:
    """The document in the line.

    Raises:
        ParseError: when it holds none.
    """
    try:
        document = json.loads(
            line.decode("utf-8"),
            parse_float=_Number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
        if _HALF_PAIR.search(line):
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"Parse error: byte {error.start + 1} is not UTF-8") from None
    except UnicodeEncodeError:
        raise ParseError("Parse error: a text holds half a surrogate pair") from None
    except json.JSONDecodeError as error:
        raise ParseError(f"Parse error: {error.msg} at character {error.pos + 1}") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # Only int() is left to complain: it stops at sys.get_int_max_str_digits().
        raise ParseError("Parse error: a number has too many digits") from None
    if line.count(b"[") + line.count(b"{") > NESTING_LIMIT and _deeper_than(NESTING_LIMIT, [document]):
        raise _too_deep()
    return document


def _too_deep() -> ParseError:
    return ParseError(f"Parse error: arrays and objects are nested deeper than {NESTING_LIMIT}")


def _deeper_than(limit: int, documents: list[Any]) -> bool:
    level = [each for each in documents if isinstance(each, dict | list)]
    for _ in range(limit):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(f"Parse error: {name} is not JSON")


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ParseError("Parse error: an object names a member twice")
    return found
