"""Every example of section 7 of the JSON-RPC 2.0 specification."""

from typing import Any

import pytest

from tests.unit.control.conftest import Ask

PARSE_ERROR = {"code": -32700, "message": "Parse error"}
INVALID_REQUEST = {"code": -32600, "message": "Invalid Request"}
METHOD_NOT_FOUND = {"code": -32601, "message": "Method not found"}


def _result(result: object, request_id: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "result": result, "id": request_id}


def _error(error: dict[str, object], request_id: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "error": error, "id": request_id}


EXAMPLES: dict[str, tuple[str, object]] = {
    "positional 1": (
        '{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}',
        _result(19, 1),
    ),
    "positional 2": (
        '{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}',
        _result(-19, 2),
    ),
    "named 1": (
        '{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}',
        _result(19, 3),
    ),
    "named 2": (
        '{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}',
        _result(19, 4),
    ),
    "notification 1": ('{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}', None),
    "notification 2": ('{"jsonrpc": "2.0", "method": "foobar"}', None),
    "method not found": (
        '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}',
        _error(METHOD_NOT_FOUND, "1"),
    ),
    "invalid JSON": (
        '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
        _error(PARSE_ERROR, None),
    ),
    "invalid request": (
        '{"jsonrpc": "2.0", "method": 1, "params": "bar"}',
        _error(INVALID_REQUEST, None),
    ),
    "batch, invalid JSON": (
        '[ {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method" ]',
        _error(PARSE_ERROR, None),
    ),
    "empty batch": ("[]", _error(INVALID_REQUEST, None)),
    "batch, invalid but not empty": ("[1]", [_error(INVALID_REQUEST, None)]),
    "invalid batch": ("[1,2,3]", [_error(INVALID_REQUEST, None)] * 3),
    "batch": (
        '[ {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},'
        ' {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},'
        ' {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},'
        ' {"foo": "boo"},'
        ' {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},'
        ' {"jsonrpc": "2.0", "method": "get_data", "id": "9"} ]',
        [
            _result(7, "1"),
            _result(19, "2"),
            _error(INVALID_REQUEST, None),
            _error(METHOD_NOT_FOUND, "5"),
            _result(["hello", 5], "9"),
        ],
    ),
    "batch of notifications": (
        '[ {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},'
        ' {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]} ]',
        None,
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_are_answered_as_printed(name: str, ask: Ask) -> None:
    """Results, ids and error codes are those of the specification; error messages begin with its words."""
    request, answer = EXAMPLES[name]
    assert _as_printed(ask(request)) == answer


def _as_printed(answer: Any) -> Any:
    """The answer with our error messages cut down to the specification's part."""
    if isinstance(answer, list):
        return [_as_printed(each) for each in answer]
    if isinstance(answer, dict) and "error" in answer:
        error = answer["error"]
        assert set(error) == {"code", "message", "data"}
        assert isinstance(error["data"], dict)
        return answer | {"error": {"code": error["code"], "message": error["message"].partition(":")[0]}}
    return answer
