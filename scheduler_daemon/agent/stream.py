"""What the agent's stream says: a run's log in, live events and a summary out.

The stream is foreign: whatever its bytes, reading never fails and never holds more than one line of it.
Sources: the CLI's stream-json output, measured on 2.1.197 and 2.1.330; see ``tests/acceptance/test_agent_facts.py``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes; a longer line is passed over without being held."""
RESULT_LIMIT = 64 * 1024
"""Bytes of UTF-8 that are kept of a result."""
STDERR_LIMIT = 8 * 1024
"""Bytes that are kept of the end of standard error."""
STDERR_MARK = b"stderr| "
"""How a line of the agent's standard error begins in a run's log."""
_CUT = b"ccsched| the log is cut here"

_NAME_LIMIT = 1000
_DETAIL_LIMIT = 160
_DENIALS_LIMIT = 50
_LIMITS_LIMIT = 20
_COUNT_LIMIT = 2**31
_NUMBER_LIMIT = 2.0**37
"""As seconds, the year 6325: still a date."""

Object: TypeAlias = dict[str, object]


@dataclass(frozen=True)
class RateLimit:
    """What the agent last said about the account's usage limit."""

    status: str
    """``allowed``, ``allowed_warning`` or ``rejected``."""
    resets_at: datetime | None = None
    type: str | None = None
    """Which limit: ``five_hour``, ``seven_day``, …"""
    utilization: float | None = None
    """How much of it is used, from 0 to 1."""
    using_overage: bool = False
    """Whether the account goes on past its limit, at a price of its own."""


@dataclass(frozen=True)
class StreamSummary:
    """What a stream has said so far. Of several results the last counts."""

    session_id: str | None = None
    model: str | None = None
    agent_version: str | None = None
    slash_commands: frozenset[str] | None = None
    """The names this session knows, without the slash; None if it did not tell."""
    results: int = 0
    is_error: bool = False
    subtype: str | None = None
    result: str = ""
    """The last result's text, or its errors; at most 64 KiB."""
    terminal_reason: str | None = None
    api_error_status: int | None = None
    """The HTTP status of the API call that ended the session."""
    error: str | None = None
    """The kind of error the agent's last message reported, such as ``authentication_failed``."""
    command_outcome: str | None = None
    """What went wrong with a slash command that the agent runs by itself, such as ``unavailable_headless``."""
    num_turns: int = 0
    """While the session goes on, the turns seen; then what the result says."""
    cost_usd: float | None = None
    """What this invocation cost, without the earlier ones of the same session."""
    denials: tuple[str, ...] = ()
    """Each refused use of a tool as ``Tool: what for``, shortened."""
    rate_limit: RateLimit | None = None
    """The last that was told."""
    rate_limits: tuple[RateLimit, ...] = ()
    """The last of each type."""
    stderr_tail: str = ""

    @property
    def result_seen(self) -> bool:
        """Whether the agent told how the session ended."""
        return self.results > 0


@dataclass(frozen=True)
class Started:
    """The session began."""

    session_id: str | None
    model: str | None


@dataclass(frozen=True)
class Said:
    """The agent said something."""

    text: str


@dataclass(frozen=True)
class ToolUsed:
    """The agent asked for the use of a tool."""

    name: str
    detail: str


@dataclass(frozen=True)
class Denied:
    """The use of a tool was refused."""

    name: str
    reason: str


@dataclass(frozen=True)
class Retrying:
    """A call of the API failed, and the agent tries it again by itself."""

    attempt: int
    error: str


@dataclass(frozen=True)
class Finished:
    """The agent told how the session ended."""

    is_error: bool
    text: str
    num_turns: int
    cost_usd: float | None


StreamEvent: TypeAlias = Started | Said | ToolUsed | Denied | Retrying | Finished


class StreamReader:
    """Reads one run's log as it grows."""

    def __init__(self) -> None:
        self._lines = _Lines()
        self._summary = StreamSummary()
        self._stderr = bytearray()
        self._message_id: str | None = None
        self._told_cost: float | None = None
        self._cost_before = 0.0
        """What the calls of the agent before this one have cost."""
        self._turns_before = 0
        self._denial_ids: set[str] = set()
        self._at_work: set[str] = set()
        self._tools_used = 0

    @property
    def summary(self) -> StreamSummary:
        """What the stream has said so far."""
        return replace(self._summary, stderr_tail=_text(self._stderr.decode(errors="replace")))

    @property
    def tools_at_work(self) -> bool:
        """Whether a tool is in use, or something that one has left to itself may still be going on."""
        return bool(self._at_work)

    @property
    def tools_used(self) -> int:
        """How many uses of tools have begun so far."""
        return self._tools_used

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take in the log's next bytes, cut anywhere."""
        return [event for line in self._lines.feed(data) for event in self._line(line)]

    def end(self) -> list[StreamEvent]:
        """Take in the last line if the log ended without a line end; what is fed after this is another line."""
        return self._line(self._lines.rest())

    def _line(self, line: bytes) -> list[StreamEvent]:
        if line.startswith(STDERR_MARK):
            self._stderr += line[len(STDERR_MARK) :] + b"\n"
            del self._stderr[:-STDERR_LIMIT]
            return []
        if line.startswith(_CUT):
            # What the tools do from here on is not to be seen any more.
            self._at_work.add("unseen")
            return []
        if not line.startswith(b"{"):
            return []
        try:
            data = json.loads(line)
        except (ValueError, RecursionError):
            return []
        if not isinstance(data, dict):
            return []
        match data.get("type"), data.get("subtype"):
            case "system", "init":
                return self._init(data)
            case "system", "permission_denied":
                return [Denied(_text(data.get("tool_name")), _short(data.get("message")))]
            case "system", "api_retry":
                error = _short(data.get("error")) or "error"
                status = _count(data.get("error_status"))
                return [Retrying(_count(data.get("attempt")) or 0, f"{error} ({status})" if status else error)]
            case "assistant", _:
                return self._assistant(data)
            case "user", _:
                self._tool_results(_object(data.get("message")))
            case "rate_limit_event", _:
                self._rate_limit(_object(data.get("rate_limit_info")))
            case "result", _:
                return self._result(data)
        return []

    def call_again(self) -> None:
        """Another call of the agent begins: what it said before was not its last word.

        Only what was counted, and whose session it is, goes on.
        """
        self.end()
        before = self._summary
        self._cost_before, self._told_cost = before.cost_usd or 0.0, None
        self._turns_before = before.num_turns
        self._stderr.clear()
        self._message_id = None
        self._at_work.clear()
        self._summary = StreamSummary(
            session_id=before.session_id,
            model=before.model,
            agent_version=before.agent_version,
            num_turns=before.num_turns,
            cost_usd=before.cost_usd,
            rate_limit=before.rate_limit,
            rate_limits=before.rate_limits,
        )

    def _init(self, data: Object) -> list[StreamEvent]:
        commands = data.get("slash_commands")
        known = self._summary
        self._summary = replace(
            known,
            session_id=_name(data.get("session_id")) or known.session_id,
            model=_name(data.get("model")) or known.model,
            agent_version=_name(data.get("claude_code_version")) or known.agent_version,
            slash_commands=frozenset(filter(None, map(_name, commands)))
            if isinstance(commands, list)
            else known.slash_commands,
        )
        return [Started(self._summary.session_id, self._summary.model)]

    def _assistant(self, data: Object) -> list[StreamEvent]:
        message = _object(data.get("message"))
        if data.get("parent_tool_use_id") is None:
            # A subagent's trouble is not the session's, and its turns are not either.
            identity = _name(message.get("id"))
            is_next = identity is None or identity != self._message_id
            self._message_id = identity
            outcome = _name(_object(data.get("local_command_outcome")).get("kind"))
            self._summary = replace(
                self._summary,
                error=_name(data.get("error")),
                command_outcome=outcome or self._summary.command_outcome,
                num_turns=self._summary.num_turns + is_next,
            )
        for block in _objects(message.get("content")):
            if block.get("type") == "tool_use" and (use := _name(block.get("id"))):
                self._tools_used += 1
                self._at_work.add(use)
                if _object(block.get("input")).get("run_in_background") is True:
                    self._at_work.add(f"{use} in the background")
        return list(_blocks(message))

    def _tool_results(self, message: Object) -> None:
        for block in _objects(message.get("content")):
            if block.get("type") == "tool_result":
                self._at_work.discard(_name(block.get("tool_use_id")) or "")

    def _rate_limit(self, info: Object) -> None:
        status = _name(info.get("status"))
        if status is None:
            return
        told = RateLimit(
            status,
            resets_at=_instant(info.get("resetsAt")),
            type=_name(info.get("rateLimitType")),
            utilization=_number(info.get("utilization")),
            using_overage=info.get("isUsingOverage") is True,
        )
        others = tuple(each for each in self._summary.rate_limits if each.type != told.type)
        self._summary = replace(self._summary, rate_limit=told, rate_limits=(*others, told)[-_LIMITS_LIMIT:])

    def _result(self, data: Object) -> list[StreamEvent]:
        text = _text(data.get("result"), RESULT_LIMIT)
        if not text:
            errors = data.get("errors")
            lines = [_text(error) for error in errors] if isinstance(errors, list) else []
            text = _text("\n".join(filter(None, lines)), RESULT_LIMIT)
        subtype = _name(data.get("subtype"))
        known = self._summary
        turns = _count(data.get("num_turns"))
        self._summary = replace(
            known,
            session_id=_name(data.get("session_id")) or known.session_id,
            results=known.results + 1,
            # Errors of the API come with subtype "success", and some ends with an error_… subtype came without
            # is_error: only what is good by both is good.
            is_error=data.get("is_error") is not False or subtype != "success",
            subtype=subtype,
            result=text,
            terminal_reason=_name(data.get("terminal_reason")),
            api_error_status=_count(data.get("api_error_status")),
            num_turns=known.num_turns if turns is None else self._turns_before + turns,
            cost_usd=self._cost(data),
            denials=(known.denials + tuple(self._denials(data)))[:_DENIALS_LIMIT],
        )
        now = self._summary
        return [Finished(now.is_error, now.result, now.num_turns, now.cost_usd)]

    def _cost(self, data: Object) -> float | None:
        """What the run has cost up to this result.

        ``total_cost_usd`` counts the whole session since some version before 2.1.330, so that a resumed one
        would be counted again; ``model_usage_since_last_result``, where there is one, does not.
        """
        usage = data.get("model_usage_since_last_result")
        if not isinstance(usage, dict):
            total = _number(data.get("total_cost_usd"))
            return self._summary.cost_usd if total is None else _number(self._cost_before + total)
        costs = [_number(_object(model).get("costUSD")) or 0.0 for model in usage.values()]
        self._told_cost = (self._told_cost or 0.0) + sum(costs)
        return _number(self._cost_before + self._told_cost)

    def _denials(self, data: Object) -> Iterator[str]:
        for denial in _objects(data.get("permission_denials")):
            tool = _name(denial.get("tool_name")) or "a tool"
            identity = _name(denial.get("tool_use_id"))
            if identity is not None:
                if identity in self._denial_ids or len(self._denial_ids) >= _DENIALS_LIMIT:
                    continue
                self._denial_ids.add(identity)
            detail = _detail(_object(denial.get("tool_input")))
            yield f"{tool}: {detail}" if detail else tool


class _Lines:
    """Cuts bytes into lines and holds no line that is longer than the limit."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._hold(data[start:end])
            line = self.rest()
            start = end + 1
            if line:
                yield line
        self._hold(data[start:])

    def rest(self) -> bytes:
        line = bytes(self._held)
        self._held.clear()
        self._too_long = False
        return line

    def _hold(self, part: bytes) -> None:
        if self._too_long or len(self._held) + len(part) > LINE_LIMIT:
            self._too_long = True
            self._held.clear()
        else:
            self._held += part


def _blocks(message: Object) -> Iterator[StreamEvent]:
    for block in _objects(message.get("content")):
        match block.get("type"):
            case "text":
                if text := _text(block.get("text"), RESULT_LIMIT):
                    yield Said(text)
            case "tool_use":
                name = _name(block.get("name"))
                yield ToolUsed(name or "a tool", _detail(_object(block.get("input"))))


def _detail(tool_input: Object) -> str:
    """The one field of a tool's input that tells a person what it is about: the first short text, mostly."""
    for key in ("file_path", "command", "path", "pattern", "url", "query", "description", "prompt"):
        if text := _short(tool_input.get(key)):
            return text
    return next(filter(None, map(_short, tool_input.values())), "")


def _short(value: object) -> str:
    text = " ".join(_text(value, 4 * _DETAIL_LIMIT).split())
    return text if len(text) <= _DETAIL_LIMIT else text[: _DETAIL_LIMIT - 1] + "…"


def _name(value: object) -> str | None:
    return _text(value, _NAME_LIMIT) or None


def _text(value: object, limit: int = RESULT_LIMIT) -> str:
    """A text of at most ``limit`` bytes that can be written as UTF-8; JSON can hold half a surrogate pair."""
    if not isinstance(value, str):
        return ""
    return value[:limit].encode(errors="replace")[:limit].decode(errors="ignore")


def _count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _COUNT_LIMIT:
        return value
    return None


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _NUMBER_LIMIT:
        return float(value)
    return None


def _instant(value: object) -> datetime | None:
    seconds = _number(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
