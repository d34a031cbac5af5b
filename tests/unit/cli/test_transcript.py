"""A run's log, rendered for people."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_daemon.cli.transcript import Transcript


def rendered(log: bytes, piece: int = 1 << 16) -> list[str]:
    """The lines of a log that comes in pieces of so many bytes."""
    transcript = Transcript(80, coloured=False)
    lines = [line for start in range(0, len(log), piece) for line in transcript.feed(log[start : start + piece])]
    return [*lines, *transcript.end()]


def stream(*events: object) -> bytes:
    """A log of these events."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def said(*blocks: object, **more: object) -> dict[str, object]:
    """A message of the agent."""
    return {"type": "assistant", "message": {"content": list(blocks)}, **more}


def used(name: str, **given: object) -> dict[str, object]:
    """A tool that the agent used."""
    return {"type": "tool_use", "name": name, "input": given}


INIT = {"type": "system", "subtype": "init", "cwd": "/w", "session_id": "12345678-9abc", "model": "sonnet"}


def test_the_agents_words_are_shown_whole() -> None:
    """Every line of what the agent said is there."""
    assert rendered(stream(said({"type": "text", "text": "First.\n\nSecond."}))) == ["First.", "", "Second."]


def test_a_tool_is_one_line() -> None:
    """A tool is shown with what says most about it; paths are as from the working directory."""
    log = stream(
        INIT,
        said(used("Write", file_path="/w/hello.txt", content="x"), used("Read", file_path="/etc/hosts")),
        said(used("Bash", description="List", command="ls -la\nrm x")),
        said(used("mcp__it__do", thing="this"), used("Odd", number=3)),
    )
    assert rendered(log)[1:] == [
        "● Write hello.txt",
        "● Read /etc/hosts",
        "● Bash ls -la",
        "● mcp__it__do this",
        "● Odd",
    ]


def test_a_long_tool_line_is_cut_to_the_terminal() -> None:
    """A tool never takes two lines."""
    [line] = rendered(stream(said(used("Bash", command="y" * 300))))
    assert len(line) == 78
    assert line.endswith("…")


def test_a_subagents_lines_are_indented() -> None:
    """What a subagent does is told from what the agent does."""
    assert rendered(stream(said(used("Read", file_path="a"), parent_tool_use_id="toolu_1"))) == ["  ● Read a"]


def test_troubles_are_shown() -> None:
    """Tool errors, retries of the API, limits and an errored result each have a line."""
    failed = {"type": "tool_result", "is_error": True, "content": [{"type": "text", "text": "Not allowed\nmore"}]}
    fine = {"type": "tool_result", "content": "ok"}
    retry = {"attempt": 1, "max_retries": 10, "retry_delay_ms": 1200.5, "error_status": 529, "error": "overloaded"}
    assert rendered(
        stream(
            {"type": "user", "message": {"content": [failed, fine]}},
            {"type": "system", "subtype": "api_retry", **retry},
            {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "rateLimitType": "five_hour"}},
            {"type": "rate_limit_event", "rate_limit_info": {"status": "allowed"}},
            {"type": "result", "is_error": True, "subtype": "error_max_turns", "errors": ["too many turns"]},
        )
    ) == [
        "  ✗ Not allowed",
        "↻ the API failed: 529 overloaded; attempt 1 of 10, again in 1.2s",
        "! the five hour limit is reached",
        "✗ error_max_turns: too many turns",
    ]


NOT_LOGGED_IN = "Not logged in · Please run /login"


def test_an_error_is_told_once() -> None:
    """The result says what the agent's last message said; it is named an error, whatever the agent calls it."""
    log = stream(
        said({"type": "text", "text": NOT_LOGGED_IN}, error="authentication_failed"),
        {"type": "system", "subtype": "hook_response"},
        {"type": "result", "is_error": True, "subtype": "success", "result": NOT_LOGGED_IN},
    )
    assert rendered(log) == [f"✗ error: {NOT_LOGGED_IN}"]


def test_an_error_without_its_result_is_not_lost() -> None:
    """What the agent said of it comes before what comes next, and at the end of the log."""
    trouble = said({"type": "text", "text": "API Error\nmore"}, error="unknown")
    assert rendered(stream(trouble)) == ["API Error", "more"]
    assert rendered(stream(trouble, said({"type": "text", "text": "Again."}))) == ["API Error", "more", "Again."]
    other = {"type": "result", "is_error": True, "subtype": "success", "result": "Something else"}
    assert rendered(stream(trouble, other)) == ["API Error", "more", "✗ error: Something else"]


def test_a_long_error_is_shown_whole() -> None:
    """It is what the reader came for: all its lines, uncut."""
    log = stream(
        {"type": "result", "is_error": True, "subtype": "error_during_execution", "errors": ["x" * 99, "b\nc"]}
    )
    assert rendered(log) == [f"✗ error_during_execution: {'x' * 99}; b", "c"]


def test_a_transcript_knows_what_it_has_told() -> None:
    """The words of the result and of standard error are not worth repeating; anything else is."""
    transcript = Transcript(80, coloured=False)
    assert not transcript.has_told("The agent said: Not logged in")
    log = b"stderr| warning: a\nstderr|   at b\n" + stream(
        {"type": "result", "is_error": True, "subtype": "success", "result": NOT_LOGGED_IN}
    )
    assert len([line for piece in (log[:40], log[40:]) for line in transcript.feed(piece)]) == 3
    assert transcript.has_told(f"The agent said: {NOT_LOGGED_IN}")
    assert transcript.has_told("warning: a\n  at b")
    assert not transcript.has_told("warning: a\n  at c")
    assert not transcript.has_told("The agent is not logged in. Start `claude` as this user and type /login.")


def test_standard_error_is_dimmed() -> None:
    """What the agent wrote to standard error keeps its mark and stands back."""
    assert rendered(b"stderr| warning\x1b[31m!\n") == ["stderr| warning!"]
    assert list(Transcript(80, coloured=True).feed(b"stderr| w\n")) == ["\x1b[2mstderr| w\x1b[0m"]


def test_what_is_no_event_is_shown_as_it_is() -> None:
    """Broken JSON, other JSON, bytes that are no text: shown, not lost."""
    log = b'{"type": "assist\n[1]\n\xff\xfe\x00garbage\r\n\nunfinished'
    assert rendered(log) == ['{"type": "assist', "[1]", "\ufffd\ufffdgarbage", "unfinished"]


def test_a_log_does_not_drive_the_terminal() -> None:
    """Sequences are gone wherever the agent can put them."""
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31mtext"
    log = stream(
        {**INIT, "model": evil},
        said({"type": "text", "text": evil}, used(evil, command=evil)),
        {"type": "user", "message": {"content": [{"type": "tool_result", "is_error": True, "content": evil}]}},
        {"type": "system", "subtype": "api_retry", "error": evil},
        {"type": "result", "is_error": True, "subtype": evil, "result": evil},
    )
    lines = rendered(log + b"stderr| " + evil.encode() + b"\n" + evil.encode())
    assert len(lines) == 8
    assert not [line for line in lines if "\x1b" in line or "\x07" in line or "\x9b" in line]


def test_a_huge_line_is_only_told_of() -> None:
    """Memory stays bounded by a line's limit, and what comes after is shown."""
    log = b"x" * (17 * 1024 * 1024) + b"\nafter\n"
    assert rendered(log) == ["(a line of 17,825,792 bytes is not shown)", "after"]


def test_deep_nesting_is_survived() -> None:
    """A line that no parser can take is shown as it is."""
    line = b'{"a":' * 100_000
    assert rendered(line + b"\n") == [line.decode()]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "message", "content", "text", "input", "name", "is_error", "retry_delay_ms", "cwd"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)
kinds = st.sampled_from(["assistant", "user", "system", "rate_limit_event", "result"])
subtypes = st.sampled_from(["init", "api_retry", "x"])


@given(kinds, subtypes, st.dictionaries(st.text(), json_values, max_size=2), json_values, json_values)
def test_no_event_is_too_odd(kind: str, subtype: str, more: dict[str, object], one: object, two: object) -> None:
    """Whatever shape an event has, the transcript goes on."""
    event = {
        **more,
        "type": kind,
        "subtype": subtype,
        "message": one,
        "is_error": True,
        "retry_delay_ms": one,
        "errors": two,
        "cwd": two,
        "rate_limit_info": {"status": one, "resetsAt": two},
    }
    assert rendered(stream(event) + b"after\n")[-1] == "after"
    blocks = {
        "type": kind,
        "message": {"content": [one, {"type": "tool_use", "input": two}, {"type": "text", "text": two}]},
    }
    assert rendered(stream(blocks) + b"after\n")[-1] == "after"


@pytest.mark.parametrize("delay", [float("inf"), float("nan"), 10**400, -1, True])
def test_an_impossible_delay_is_left_out(delay: float) -> None:
    """A number that is no time does not end the transcript."""
    [line] = rendered(stream({"type": "system", "subtype": "api_retry", "retry_delay_ms": delay}))
    assert line.startswith("↻ the API failed")


@given(st.binary(max_size=300), st.integers(1, 20))
def test_pieces_do_not_matter(noise: bytes, piece: int) -> None:
    """However a log is cut into pieces, even within a character, the same lines come out."""
    log = noise + stream(INIT, said({"type": "text", "text": "größer 🎉"})) + noise
    assert rendered(log, piece) == rendered(log)
