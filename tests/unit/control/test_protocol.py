"""Requests of every shape, and lines that are none."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from scheduler_daemon.control import protocol
from scheduler_daemon.control.registry import Registry
from tests.unit.control.conftest import Ask, Listener, strictly

ANY_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.mark.parametrize(
    "request_id",
    [
        "0",
        "-1",
        "1.5",
        "1.50",
        "1e2",
        "0.1234567890123456789012345678901234567890",
        "123456789012345678901234567890123456789012345678901234567890",
        '""',
        '"a \\u00e9 \\ud83d\\ude00 \\u2028"',
        "null",
    ],
)
def test_an_id_comes_back_as_it_was_sent(request_id: str, registry: Registry, listener: Listener) -> None:
    """Strings, null and numbers of any size and precision are kept to the last digit."""
    line = f'{{"jsonrpc":"2.0","method":"get_data","id":{request_id}}}'.encode()
    answer = asyncio.run(protocol.answer(registry, line, listener))
    assert answer is not None
    assert answer.endswith(f'"id":{request_id}}}'.encode())


@pytest.mark.parametrize("request_id", ["true", "false", "[]", "[1]", "{}", '{"a":1}'])
def test_an_id_of_another_type_is_an_invalid_request(request_id: str, ask: Ask) -> None:
    """Booleans, arrays and objects are no ids, and the answer's id is null."""
    answer = ask(f'{{"jsonrpc":"2.0","method":"get_data","id":{request_id}}}')
    assert (answer["error"]["code"], answer["id"]) == (-32600, None)


@pytest.mark.parametrize(
    "request_line",
    [
        '{"jsonrpc":"2.0","method":1,"id":5}',
        '{"jsonrpc":"2.0","id":5}',
        '{"jsonrpc":"1.0","method":"get_data","id":5}',
        '{"jsonrpc":2.0,"method":"get_data","id":5}',
        '{"method":"get_data","id":5}',
        '{"jsonrpc":"2.0","method":"get_data","params":null,"id":5}',
        '{"jsonrpc":"2.0","method":"get_data","params":"x","id":5}',
        '{"jsonrpc":"2.0","result":1,"id":5}',
    ],
)
def test_an_invalid_request_with_a_readable_id_is_answered_with_it(request_line: str, ask: Ask) -> None:
    """The client learns which of its requests was wrong."""
    answer = ask(request_line)
    assert (answer["error"]["code"], answer["id"]) == (-32600, 5)


@pytest.mark.parametrize("scalar", ["1", '"x"', "null", "true", "1.5"])
def test_a_document_that_is_no_object_is_an_invalid_request(scalar: str, ask: Ask) -> None:
    """It could be read, so it is no parse error."""
    assert ask(scalar)["error"]["code"] == -32600


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"{",
        b"\x0b",
        b"\x00",
        b"\xff\xfe",
        b'{"jsonrpc":"2.0","method":"get_data\xff","id":1}',
        '{"jsonrpc":"2.0","method":"get_data","id":1}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        b"NaN",
        b'{"jsonrpc":"2.0","method":"echo","params":[NaN],"id":1}',
        b'{"jsonrpc":"2.0","method":"echo","params":[Infinity],"id":1}',
        b'{"jsonrpc":"2.0","method":"echo","params":[-Infinity],"id":1}',
        b'{"jsonrpc":"2.0","method":"echo","params":[1e999],"id":1}',
        b'{"jsonrpc":"2.0","method":"get_data","id":1e999}',
        b'{"jsonrpc":"2.0","method":"get_data","id":1,"id":2}',
        b'{"jsonrpc":"2.0","method":"echo","params":[{"a":1,"a":1}],"id":1}',
        b'{"jsonrpc":"2.0","method":"echo","params":["\\ud800"],"id":1}',
        b'{"jsonrpc":"2.0","method":"echo","params":["\\uDFff"],"id":1}',
        b'{"jsonrpc":"2.0","method":"echo","params":["\t"],"id":1}',
        b'{"jsonrpc":"2.0","method":"get_data","id":1} {}',
        b'{"jsonrpc":"2.0","method":"get_data","id":' + b"1" * 5000 + b"}",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 201 + b"]" * 201,
    ],
    ids=lambda line: repr(line[:40]),
)
def test_what_is_no_json_is_a_parse_error(line: bytes, ask: Ask) -> None:
    """Whatever the damage, the answer is -32700 with id null."""
    answer = ask(line)
    assert (answer["error"]["code"], answer["id"]) == (-32700, None)
    assert answer["error"]["data"]["kind"] == "parse_error"


def test_nesting_up_to_the_limit_works(ask: Ask) -> None:
    """A document of exactly the allowed depth is read; brackets in a text do not count."""
    inner = protocol.NESTING_LIMIT - 2  # The request and its params are two of them.
    value = "[" * inner + "]" * inner
    assert ask(f'{{"jsonrpc":"2.0","method":"echo","params":[{value}],"id":1}}')["id"] == 1
    text = "[{" * 1000
    assert ask(f'{{"jsonrpc":"2.0","method":"echo","params":["{text}"],"id":1}}')["result"] == text


@pytest.mark.parametrize("line", [b"", b" ", b"\r", b"\t \r"])
def test_a_blank_line_gets_no_answer(line: bytes, ask: Ask) -> None:
    """It is no document, so there is nothing wrong with it."""
    assert ask(line) is None


@pytest.mark.parametrize(
    "call",
    [
        '"method":"no.such"',
        '"method":"subtract","params":["x"]',
        '"method":"fail"',
        '"method":"lose"',
        '"method":"give_object"',
    ],
)
def test_a_notification_gets_no_answer_even_if_it_fails(call: str, ask: Ask) -> None:
    """Nobody waits for it."""
    assert ask(f'{{"jsonrpc":"2.0",{call}}}') is None


def test_a_notification_runs_its_method(ask: Ask, calls: list[str]) -> None:
    """It is done, only not answered."""
    assert ask('{"jsonrpc":"2.0","method":"update","params":{"value":"x"}}') is None
    assert calls == ["note x"]


def test_a_batch_runs_in_the_order_it_was_written(ask: Ask, calls: list[str]) -> None:
    """Effects and answers come in the order of the members."""
    members = [{"jsonrpc": "2.0", "method": "subtract", "params": [number, 1], "id": number} for number in range(9)]
    assert [each["id"] for each in ask(json.dumps(members))] == list(range(9))
    assert calls == [f"{number}-1" for number in range(9)]


def test_a_batch_without_bounds_is_refused_in_one_answer(ask: Ask) -> None:
    """The answer to a line of numbers is not longer than the line."""
    answer = ask("[" + "1," * protocol.BATCH_LIMIT + "1]")
    assert answer["error"]["code"] == -32600
    assert "10001 members" in answer["error"]["message"]


@pytest.mark.parametrize("method", ["fail", "give_object", "give_nan", "wait_for_cancelled"])
def test_a_method_that_breaks_is_an_internal_error_without_details(method: str, ask: Ask) -> None:
    """The client gets a short message; the traceback is in the log alone."""
    with capture_logs() as logs:
        answer = ask(f'{{"jsonrpc":"2.0","method":"{method}","id":1}}')
    assert answer["error"]["code"] == -32603
    assert answer["error"]["message"] == f"Internal error: {method} failed in the daemon"
    assert "hunter2" not in json.dumps(answer)
    assert [(each["log_level"], each["method"], each["exc_info"]) for each in logs] == [("error", method, True)]


def test_an_error_of_a_method_is_answered_as_it_is(ask: Ask) -> None:
    """Code, message and data are the method's own."""
    assert ask('{"jsonrpc":"2.0","method":"lose","id":1}')["error"] == {
        "code": -32001,
        "message": "no job lost",
        "data": {"kind": "not_found", "field": "job", "hint": "ccsched jobs list"},
    }


def test_an_unknown_method_is_answered_with_the_nearest_name(ask: Ask) -> None:
    """A slip of the finger is met with the right word; a method name is not repeated at any length."""
    error = ask('{"jsonrpc":"2.0","method":"substract","id":1}')["error"]
    assert error["message"] == "Method not found: substract; did you mean subtract?"
    long = ask(json.dumps({"jsonrpc": "2.0", "method": "x" * 100_000, "id": 1}))["error"]
    assert len(long["message"]) < 120


def test_a_method_may_notify_its_caller(ask: Ask, listener: Listener) -> None:
    """The caller is handed to the method."""
    assert ask('{"jsonrpc":"2.0","method":"tell","id":1}')["result"] is None
    assert listener.told == [("told", {"uid": 1000})]


def test_texts_of_every_script_come_back(ask: Ask) -> None:
    """Emoji, line separators and quotes survive, in UTF-8 as in escapes."""
    text = 'a"\\\n\u2028\U0001f600é\x7f'
    for ascii_only in (True, False):
        line = json.dumps({"jsonrpc": "2.0", "method": "echo", "params": [text], "id": 1}, ensure_ascii=ascii_only)
        assert ask(line)["result"] == text


@given(st.binary(max_size=200))
@ANY_FIXTURE
def test_any_bytes_are_answered_with_json_or_not_at_all(registry: Registry, listener: Listener, line: bytes) -> None:
    """Nothing that can be sent raises, or makes an answer that cannot be read."""
    answer = asyncio.run(protocol.answer(registry, line, listener))
    assert answer is None or strictly(answer)["error"]["code"] in (-32700, -32600)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON_VALUES,
        "method": st.sampled_from(["echo", "subtract", "fail", "give_object", "lose", "x"]) | JSON_VALUES,
        "params": JSON_VALUES,
        "id": JSON_VALUES,
    },
)


@given(MEMBERS | st.lists(MEMBERS | JSON_VALUES, max_size=5))
@ANY_FIXTURE
def test_any_near_request_is_answered_to_the_rules(registry: Registry, listener: Listener, document: object) -> None:
    """Each answer has version, id and either a result or an error with an integer code."""
    line = json.dumps(document).encode()
    with capture_logs():
        answer = asyncio.run(protocol.answer(registry, line, listener))
    if answer is None:
        return
    read = strictly(answer)
    for each in read if isinstance(read, list) else [read]:
        assert each["jsonrpc"] == "2.0"
        assert set(each) in ({"jsonrpc", "result", "id"}, {"jsonrpc", "error", "id"})
        if "error" in each:
            assert type(each["error"]["code"]) is int
            assert type(each["error"]["message"]) is str
            assert type(each["error"]["data"]) is dict
