"""Renders a run's log for people: what the agent said and did, one line a tool.

The log holds the agent's stream, a JSON object a line, and its standard error, each line of it behind
``stderr| ``. Whatever else it holds is shown as it is, except that nothing in it drives the terminal.
"""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

import click

from scheduler_daemon.cli import text, times

_LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one line that are held in memory; a longer one is only told of."""

_WIDE = 120
"""Columns of a tool's line where there is no terminal."""

_TELLING = (
    "file_path",
    "notebook_path",
    "command",
    "pattern",
    "url",
    "query",
    "skill",
    "description",
    "path",
    "prompt",
)
"""What of a tool's input says best what it does, the best first."""


_ERROR_LINES = 30
"""Lines of an error result that are shown."""
_STDERR_KEPT = 50
"""How many of the newest lines of standard error are remembered, to know them again."""


@dataclass(frozen=True)
class _Spoken:
    """An error that the agent put into a message; its result mostly says the same."""

    words: str
    lines: list[str]


class Transcript:
    """Takes a log's bytes as they come and gives the lines to show."""

    def __init__(self, columns: int | None, coloured: bool) -> None:
        """A transcript for a terminal of so many columns; None for no terminal."""
        self._columns = columns or _WIDE
        self._coloured = coloured
        self._unfinished = bytearray()
        self._left_out = 0
        self._directory: PurePath | None = None
        self._spoken: _Spoken | None = None
        self._result = ""
        self._stderr: deque[str] = deque(maxlen=_STDERR_KEPT)

    def feed(self, chunk: bytes) -> Iterator[str]:
        """The lines that the log's next bytes make whole."""
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            self._hold(piece)
            yield from self._end_line()
        self._hold(rest)

    def end(self) -> Iterator[str]:
        """What is left: an unfinished line, an error that no result came after."""
        yield from self._end_line()
        yield from self._release()

    def has_told(self, error: str) -> bool:
        """Whether an error of the run's record was shown: as the result's, or on the agent's standard error."""
        words = _words(error.removeprefix("The agent said: "))
        lines = [_words(line) for line in error.splitlines()]
        return self._result.startswith(words) or all(line in self._stderr for line in lines)

    def _end_line(self) -> Iterator[str]:
        line, left_out = bytes(self._unfinished), self._left_out
        self._unfinished.clear()
        self._left_out = 0
        if left_out:
            yield self._dim(f"(a line of {len(line) + left_out:,} bytes is not shown)")
        elif line.strip():
            spoken, self._spoken = self._spoken, None
            lines = list(self._line(line))
            if spoken and not lines and not self._spoken:
                self._spoken = spoken
            elif spoken and _words(spoken.words) != self._result:
                yield from spoken.lines
            yield from lines

    def _release(self) -> Iterator[str]:
        spoken, self._spoken = self._spoken, None
        yield from spoken.lines if spoken else ()

    def _hold(self, piece: bytes) -> None:
        room = _LONGEST_LINE - len(self._unfinished)
        self._unfinished += piece[:room]
        self._left_out += max(len(piece) - room, 0)

    def _line(self, line: bytes) -> Iterator[str]:
        if line.startswith(b"stderr| "):
            self._stderr.append(_words(_plain(line).removeprefix("stderr| ")))
            yield self._dim(_plain(line))
            return
        event: object = None
        if line.lstrip().startswith(b"{"):
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                event = None
        if not isinstance(event, dict):
            yield _plain(line)
            return
        indent = "  " if event.get("parent_tool_use_id") else ""
        lines = [indent + each for words in self._event(event) for each in words.split("\n")]
        if event.get("type") == "assistant" and event.get("error"):
            said = "\n".join(_text(block.get("text")) for block in _blocks(event))
            self._spoken = _Spoken(said, lines)
        else:
            yield from lines

    def _event(self, event: dict[str, object]) -> Iterator[str]:
        kind = event.get("type")
        if kind == "system" and event.get("subtype") == "init":
            yield self._init(event)
        elif kind == "system" and event.get("subtype") == "api_retry":
            yield self._retry(event)
        elif kind == "assistant":
            for block in _blocks(event):
                yield from self._said(block, wrong=bool(event.get("error")))
        elif kind == "user":
            for block in _blocks(event):
                if block.get("type") == "tool_result" and block.get("is_error"):
                    yield self._short(f"  ✗ {_first_line(_content_text(block.get('content')))}", "red")
        elif kind == "rate_limit_event":
            yield from self._limit(_object(event.get("rate_limit_info")))
        elif kind == "result" and event.get("is_error"):
            errors = event.get("errors")
            told = "; ".join(map(str, errors)) if isinstance(errors, list) else _text(event.get("result"))
            self._result = _words(told)
            kind = _text(event.get("subtype"))
            # The agent calls it a success where its last message is of an error of the API.
            name = text.line(kind) if kind.startswith("error") else "error"
            shown = f"✗ {name}: {text.excerpt(told, _ERROR_LINES)}".rstrip(": ")
            yield "\n".join(self._paint(line, "red") for line in shown.split("\n"))

    def _init(self, event: dict[str, object]) -> str:
        directory = _text(event.get("cwd"))
        self._directory = PurePath(directory) if directory else None
        session = text.short(_text(event.get("session_id")))
        parts = (f"session {session}", _text(event.get("model")), directory)
        return self._dim(text.line(" · ".join(part for part in parts if part)))

    def _retry(self, event: dict[str, object]) -> str:
        delay = event.get("retry_delay_ms")
        again = ""
        if isinstance(delay, int | float) and 0 <= delay < 1e10:
            again = f", again in {times.duration(delay / 1000)}"
        what = " ".join(str(event[key]) for key in ("error_status", "error") if event.get(key))
        tries = f"attempt {event.get('attempt')} of {event.get('max_retries')}"
        return self._short(f"↻ the API failed: {what or 'no answer'}; {tries}{again}", "yellow")

    def _said(self, block: dict[str, object], wrong: bool) -> Iterator[str]:
        if block.get("type") == "text":
            said = text.printable(_text(block.get("text"))).strip("\n")
            if said:
                yield "\n".join(self._paint(line, "red") for line in said.split("\n")) if wrong else said
        elif block.get("type") == "tool_use":
            name = _text(block.get("name")) or "a tool"
            yield self._short(f"● {name} {self._telling(_object(block.get('input')))}", "cyan")

    def _telling(self, given: dict[str, object]) -> str:
        for key in (*_TELLING, *given):
            value = given.get(key)
            if isinstance(value, str) and value.strip():
                if key.endswith("path") and self._directory and value.startswith("/"):
                    path = PurePath(value)
                    value = str(path.relative_to(self._directory)) if path.is_relative_to(self._directory) else value
                return _first_line(value)
        return ""

    def _limit(self, info: dict[str, object]) -> Iterator[str]:
        status = info.get("status")
        if status in (None, "allowed"):
            return
        resets, which = info.get("resetsAt"), _text(info.get("rateLimitType")).replace("_", " ")
        until = ""
        if isinstance(resets, int | float) and 0 < resets < 1e11:
            until = f", resets {times.moment(times.from_epoch(resets))}"
        state = "is reached" if status == "rejected" else "is near"
        yield self._short(f"! the {which or 'usage'} limit {state}{until}", "yellow")

    def _short(self, words: str, colour: str) -> str:
        return self._paint(text.cut(text.line(words.rstrip()), self._columns - 2), colour)

    def _paint(self, words: str, colour: str) -> str:
        return click.style(words, fg=colour) if self._coloured else words

    def _dim(self, words: str) -> str:
        return click.style(words, dim=True) if self._coloured else words


def _plain(line: bytes) -> str:
    return text.printable(line.decode("utf-8", "replace"))


def _first_line(words: str) -> str:
    return next((line.strip() for line in text.printable(words).splitlines() if line.strip()), "")


def _words(words: str) -> str:
    """A text as it is compared: printable, its white space made one."""
    return " ".join(text.printable(words).split())


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _blocks(event: dict[str, object]) -> Iterator[dict[str, object]]:
    content = _object(event.get("message")).get("content")
    if isinstance(content, str):
        yield {"type": "text", "text": content}
    elif isinstance(content, list):
        yield from (block for block in content if isinstance(block, dict))


def _content_text(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(_text(_object(block).get("text")) for block in content)
    return _text(content)
