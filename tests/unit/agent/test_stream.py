"""What is made of the agent's stream."""

import json
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.agent.stream import (
    LINE_LIMIT,
    RESULT_LIMIT,
    STDERR_LIMIT,
    Denied,
    Finished,
    RateLimit,
    Retrying,
    Said,
    Started,
    StreamEvent,
    StreamReader,
    StreamSummary,
    ToolUsed,
)

INIT = {
    "type": "system",
    "subtype": "init",
    "session_id": "s-1",
    "model": "claude-sonnet",
    "slash_commands": ["init", "sub:review"],
    "claude_code_version": "2.1.330",
}


def assistant(*blocks: object, identity: str | None = None, **more: object) -> dict[str, object]:
    """A line with a message of the model."""
    message = {"role": "assistant", "content": list(blocks), **({"id": identity} if identity else {})}
    return {"type": "assistant", "message": message, "parent_tool_use_id": None, **more}


def result(**fields: object) -> dict[str, object]:
    """A line with a good result."""
    return {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "result": "bye",
        "num_turns": 2,
        "total_cost_usd": 0.25,
        "permission_denials": [],
        **fields,
    }


def text(words: str) -> dict[str, str]:
    """A block of text."""
    return {"type": "text", "text": words}


def read(*lines: object) -> tuple[list[StreamEvent], StreamSummary]:
    """The events and the summary of a stream with these lines."""
    reader = StreamReader()
    events = reader.feed("".join(json.dumps(line) + "\n" for line in lines).encode())
    return events, reader.summary


def summary(*lines: object) -> StreamSummary:
    """The summary of a stream with these lines."""
    return read(*lines)[1]


WHOLE = [
    INIT,
    assistant(text("I begin"), identity="m1"),
    assistant({"type": "tool_use", "name": "Write", "input": {"file_path": "/a", "content": "x"}}, identity="m1"),
    {"type": "user", "message": {"content": [{"type": "tool_result", "content": "ok"}]}},
    assistant(text("bye"), identity="m2"),
    result(),
]


def test_a_whole_session_is_told_event_by_event() -> None:
    """What a person may watch comes in the order it happened."""
    events, whole = read(*WHOLE)
    assert events == [
        Started("s-1", "claude-sonnet"),
        Said("I begin"),
        ToolUsed("Write", "/a"),
        Said("bye"),
        Finished(is_error=False, text="bye", num_turns=2, cost_usd=0.25),
    ]
    assert whole.session_id == "s-1"
    assert whole.agent_version == "2.1.330"
    assert whole.slash_commands == frozenset({"init", "sub:review"})
    assert (whole.results, whole.is_error, whole.result) == (1, False, "bye")


@given(st.lists(st.integers(1, 40), max_size=60))
def test_it_does_not_matter_where_the_bytes_are_cut(sizes: list[int]) -> None:
    """The same stream in any pieces gives the same events and the same summary."""
    data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [*WHOLE, assistant(text("ü🙂"))]).encode()
    pieces, start = [], 0
    for size in sizes:
        pieces.append(data[start : start + size])
        start += size
    pieces.append(data[start:])
    reader = StreamReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    whole = StreamReader()
    assert events == whole.feed(data)
    assert reader.summary == whole.summary


def test_a_result_without_a_line_end_counts_once_the_log_has_ended() -> None:
    """The last line may have no line end."""
    reader = StreamReader()
    assert reader.feed(json.dumps(result()).encode()) == []
    assert not reader.summary.result_seen
    assert isinstance(reader.end()[0], Finished)
    assert reader.summary.result_seen


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["success", "init"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "subtype",
    "message",
    "content",
    "session_id",
    "slash_commands",
    "permission_denials",
    "rate_limit_info",
    "status",
    "resetsAt",
    "errors",
    "result",
    "num_turns",
    "total_cost_usd",
    "model_usage_since_last_result",
    "is_error",
    "local_command_outcome",
    "error",
    "attempt",
]
KINDS = ["system", "assistant", "user", "result", "rate_limit_event", "other"]
LINE = st.builds(
    lambda kind, rest: {**rest, "type": kind},
    st.sampled_from(KINDS),
    st.dictionaries(
        st.sampled_from(FIELDS), JSON | st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), max_size=8
    ),
)


@given(st.lists(st.binary(max_size=80) | LINE.map(lambda line: json.dumps(line).encode() + b"\n"), max_size=12))
def test_no_bytes_make_the_reader_fail(pieces: list[bytes]) -> None:
    """Anything can be read, and what is kept of it can be written as UTF-8."""
    reader = StreamReader()
    for piece in pieces:
        reader.feed(piece)
    reader.end()
    repr(reader.summary).encode()
    (reader.summary.result + str(reader.summary.error) + str(reader.summary.denials)).encode()


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"result","num_turns":' + b"9" * 5000 + b"}",
        b'{"type":"assistant","message":' + b"[" * 100_000 + b"}",
        b'{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1e300}}',
        b'{"type":"result","total_cost_usd":NaN,"num_turns":true,"result":["x"]}',
        b'{"type":["result"],"subtype":{}}',
        b"{" + b"\xff" * 20,
    ],
)
def test_odd_lines_are_survived(line: bytes) -> None:
    """Numbers too long, nesting too deep, instants out of range: nothing is raised."""
    reader = StreamReader()
    reader.feed(line + b"\n")
    reader.feed(json.dumps(result()).encode() + b"\n")
    assert reader.summary.result == "bye"


def test_half_a_surrogate_pair_does_not_get_into_the_summary() -> None:
    """JSON can hold what UTF-8 cannot."""
    reader = StreamReader()
    reader.feed(b'{"type":"result","is_error":false,"result":"a\\ud800b"}\n')
    assert reader.summary.result.encode() == b"a?b"


def test_a_line_over_the_limit_is_passed_over_in_bounded_memory() -> None:
    """A line of 64 MiB is neither held nor does it hide the line after it."""
    reader = StreamReader()
    piece = b"x" * (1 << 20)
    tracemalloc.start()
    reader.feed(b'{"type":"result","result":"')
    for _ in range(64):
        reader.feed(piece)
    reader.feed(b'"}\n' + json.dumps(result()).encode() + b"\n")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reader.summary.results == 1
    assert peak < 3 * LINE_LIMIT


def test_the_tail_of_standard_error_is_kept() -> None:
    """Lines of standard error are not parsed, and only their end is kept."""
    reader = StreamReader()
    reader.feed(b'stderr| {"type":"result"}\n')
    for number in range(5000):
        reader.feed(b"stderr| line %d\n" % number)
    assert not reader.summary.result_seen
    assert reader.summary.stderr_tail.endswith("line 4998\nline 4999\n")
    assert len(reader.summary.stderr_tail) <= STDERR_LIMIT


def test_a_long_result_is_cut_at_a_whole_character() -> None:
    """At most 64 KiB of a result are kept, and never half a character."""
    kept = summary(result(result="ü" * RESULT_LIMIT)).result
    assert len(kept.encode()) <= RESULT_LIMIT
    assert set(kept) == {"ü"}


def test_the_last_of_several_results_counts() -> None:
    """A session that goes on after a result is judged by its last."""
    whole = summary(result(is_error=True, result="bad"), result(result="good"))
    assert (whole.results, whole.is_error, whole.result) == (2, False, "good")


@pytest.mark.parametrize(
    "fields", [{"is_error": True}, {"is_error": None}, {"is_error": "no"}, {"subtype": "error_max_turns"}]
)
def test_a_result_is_good_only_if_it_says_so(fields: dict[str, object]) -> None:
    """What does not clearly say that there was no error is an error."""
    assert summary(result(**fields)).is_error


def test_errors_stand_in_for_a_missing_result() -> None:
    """A result without text gives its errors."""
    line = {
        "type": "result",
        "subtype": "error_max_turns",
        "errors": ["Reached maximum number of turns (1)", 3],
    }
    assert summary(line).result == "Reached maximum number of turns (1)"


def test_a_resumed_session_costs_only_what_is_new() -> None:
    """The cost is that of this invocation: where the agent tells it apart from the session's total, that counts."""
    usage = {"a": {"costUSD": 0.5}, "b": {"costUSD": 0.25}, "c": {}}
    first = result(total_cost_usd=10.75, model_usage_since_last_result=usage)
    second = result(total_cost_usd=11.0, model_usage_since_last_result={"a": {"costUSD": 0.25}})
    assert summary(first).cost_usd == 0.75
    assert summary(first, second).cost_usd == 1.0
    assert summary(result(total_cost_usd=0.5)).cost_usd == 0.5


def test_turns_are_counted_until_the_result_tells() -> None:
    """A message in several lines is one turn, and a subagent's turns are not counted."""
    lines = [assistant(text("a"), identity="m1"), assistant(text("b"), identity="m1"), assistant(text("c"))]
    nested = {**assistant(text("d"), identity="m9"), "parent_tool_use_id": "toolu_1"}
    assert summary(*lines, nested).num_turns == 2
    assert summary(*lines, nested, result(num_turns=7)).num_turns == 7


def test_denials_name_the_tool_and_what_for_once() -> None:
    """The same denial in two results is one denial."""
    denial = {"tool_name": "Bash", "tool_use_id": "t1", "tool_input": {"command": "rm -rf\n  /tmp/x"}}
    other = {"tool_name": "Write", "tool_use_id": "t2", "tool_input": {}}
    whole = summary(result(permission_denials=[denial]), result(permission_denials=[denial, other, "odd"]))
    assert whole.denials == ("Bash: rm -rf /tmp/x", "Write")


def test_a_denial_and_a_retry_are_events() -> None:
    """A person who watches sees why nothing happens."""
    denied = {
        "type": "system",
        "subtype": "permission_denied",
        "tool_name": "Write",
        "message": "not granted",
    }
    retry = {
        "type": "system",
        "subtype": "api_retry",
        "attempt": 2,
        "error_status": 529,
        "error": "overloaded",
    }
    assert read(denied, retry)[0] == [Denied("Write", "not granted"), Retrying(2, "overloaded (529)")]


def test_the_usage_limit_is_told_with_its_reset() -> None:
    """The reset is an instant in UTC."""
    info = {
        "status": "rejected",
        "resetsAt": 1795302449,
        "rateLimitType": "five_hour",
        "isUsingOverage": False,
    }
    limit = summary({"type": "rate_limit_event", "rate_limit_info": info}).rate_limit
    assert limit == RateLimit("rejected", datetime(2026, 11, 21, 23, 7, 29, tzinfo=UTC), "five_hour")


def test_an_error_that_was_overcome_is_none() -> None:
    """Only an error of the agent's last message is kept, and a subagent's never."""
    failed = assistant(text("API Error"), error="rate_limit")
    nested = {**failed, "parent_tool_use_id": "toolu_1"}
    assert summary(failed).error == "rate_limit"
    assert summary(failed, assistant(text("on we go"))).error is None
    assert summary(nested).error is None
