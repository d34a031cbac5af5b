"""A stand-in for the model's Messages API: with it the real ``claude`` runs offline and for free.

The prompt is the script, one step a line:

    write NAME: CONTENT     have the file NAME written (``\\n`` in CONTENT is a line end)
    append NAME: CONTENT    have a line added to the file NAME, by a shell command
    bash COMMAND            have a shell command run
    tool NAME JSON          have any other tool called with this input
    say TEXT                say something
    wait SECONDS            let the model think for so long
    status CODE [WORDS]     answer with an HTTP error; for 429, WORDS may be the seconds to the reset
    hang                    never answer

A line that is none of these is passed over; a prompt without any step gets a short answer in words.
What is answered depends on the request alone, so the same session goes the same way each time.

By hand, ``python -m tests.support.messages_api`` prints a session's environment and serves until Ctrl-C.
"""

import hashlib
import json
import os
import re
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Object: TypeAlias = dict[str, Json]

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
STEP = re.compile(
    r"^[ \t]*(?:(write|append)[ \t]+([^\s:]+:.*)|(bash|tool|say)[ \t]+(\S.*)"
    r"|(wait)[ \t]+(\d+(?:\.\d+)?)[ \t]*|(status)[ \t]+(\d{3}\b.*)|(hang)[ \t]*())$",
    re.MULTILINE,
)
DIRECTORY = re.compile(r"[Ww]orking directory: (.+)")


@dataclass(frozen=True)
class Answer:
    """What the model does when it is asked once."""

    delay: float = 0.0
    """Seconds before it answers."""
    text: str = ""
    tool: str | None = None
    tool_input: Object | None = None
    status: int = 200
    """An HTTP status; 0 is no answer at all."""


def script(prompt: str, directory: str) -> list[Answer]:
    """The model's answers to a prompt, in order; the last of them ends the session."""
    steps = [[part for part in match.groups() if part is not None] for match in STEP.finditer(prompt)]
    answers: list[Answer] = []
    delay, said = 0.0, list[str]()

    def answer(tool: str | None = None, tool_input: Object | None = None, status: int = 200) -> None:
        nonlocal delay, said
        answers.append(Answer(delay, "\n".join(said), tool, tool_input, status))
        delay, said = 0.0, []

    for verb, rest in steps:
        name, _, content = (part.strip() for part in rest.partition(":"))
        content = content.replace("\\n", "\n") + "\n"
        match verb:
            case "write":
                answer("Write", {"file_path": os.path.join(directory, name), "content": content})  # noqa: PTH118
            case "append":
                command = f"printf %s {shlex.quote(content)} >> {shlex.quote(name)}"
                answer("Bash", {"command": command, "description": f"Add to {name}"})
            case "bash":
                answer("Bash", {"command": rest, "description": "Run a command"})
            case "tool":
                tool, _, text = rest.partition(" ")
                answer(tool, json.loads(text or "{}"))
            case "say":
                said.append(rest)
            case "wait":
                delay += float(rest)
            case "status":
                code, _, words = rest.partition(" ")
                said = [words]
                answer(status=int(code))
            case "hang":
                answer(status=0)
    if not steps:
        said = [f"I have read: {prompt.strip()[:60]}"]
    answer()
    return answers


def conversation(request: Object) -> tuple[str, str, int]:
    """The prompt of a request, the working directory, and how often the model has answered since."""
    prompt, answered = "", 0
    turns = _objects(request.get("messages"))
    for turn in reversed(turns):
        if turn.get("role") == "assistant":
            answered += 1
        elif turn.get("role") == "user":
            # The CLI sets reminders of its own before what the person typed; and the results of tools, where it was
            # cut off after them.
            texts = [text for text in _texts(turn.get("content")) if not text.startswith("<system-reminder>")]
            if texts:
                prompt = texts[-1]
                break
    told = _texts(request.get("system"))
    for turn in turns:
        if turn.get("role") == "system":
            told += _texts(turn.get("content"))
    found = [match for text in told for match in DIRECTORY.findall(text)]
    return prompt, found[-1].strip() if found else "", answered


def answer_to(request: Object) -> Answer:
    """What the model answers to one request."""
    prompt, directory, answered = conversation(request)
    if not request.get("tools"):
        # Not the session itself: the CLI also asks for such things as a title.
        return Answer(text="A session")
    answers = script(prompt, directory)
    return answers[min(answered, len(answers) - 1)]


def message(request: Object, answer: Answer) -> Object:
    """The answer as one message, as a request without ``stream`` gets it."""
    identity = hashlib.sha256(json.dumps(request.get("messages")).encode()).hexdigest()[:24]
    content: list[Json] = []
    if answer.text or not answer.tool:
        content.append({"type": "text", "text": answer.text or "Done."})
    if answer.tool:
        content.append(
            {"type": "tool_use", "id": f"toolu_{identity}", "name": answer.tool, "input": answer.tool_input}
        )
    return {
        "id": f"msg_{identity}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model"),
        "content": content,
        "stop_reason": "tool_use" if answer.tool else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 100,
            "output_tokens": 20,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        },
    }


def events(whole: Object) -> Iterator[Object]:
    """The same message as a stream of events."""
    yield {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}}
    for index, block in enumerate(_objects(whole["content"])):
        is_text = block["type"] == "text"
        delta: Object = (
            {"type": "text_delta", "text": block["text"]}
            if is_text
            else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        )
        empty: Object = {"text": ""} if is_text else {"input": {}}
        yield {"type": "content_block_start", "index": index, "content_block": {**block, **empty}}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
        "usage": {"output_tokens": 20},
    }
    yield {"type": "message_stop"}


class MessagesApi:
    """The server, for the length of a ``with``; ``url`` is where it is."""

    def __init__(self, port: int = 0) -> None:
        """``port``: where to listen; 0 is any that is free."""
        self.prompts: list[str] = []
        """The prompt of each request to the model, oldest first."""
        self.hanging = threading.Event()
        """Set when a request is under way that will never be answered."""
        self.closing = threading.Event()
        api = self

        class Handler(_Handler):
            messages_api = api

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    messages_api: MessagesApi

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            self._send(200, {"input_tokens": 100})
        elif path == "/v1/messages":
            self._ask(json.loads(body))
        else:
            self._send(200, {})

    def do_GET(self) -> None:
        self._send(404, _error(404, f"no {self.path} here"))

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _ask(self, request: Object) -> None:
        api = self.messages_api
        api.prompts.append(conversation(request)[0])
        answer = answer_to(request)
        if answer.status == 0:
            api.hanging.set()
            api.closing.wait()
            self.close_connection = True
            return
        if answer.delay:
            api.closing.wait(answer.delay)
        if answer.status != 200:
            self._refuse(answer)
        elif request.get("stream"):
            stream = "".join(
                f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events(message(request, answer))
            )
            self._send(200, stream)
        else:
            self._send(200, message(request, answer))

    def _refuse(self, answer: Answer) -> None:
        # Without this header the CLI tries again by itself, up to ten times and for minutes.
        headers = {"x-should-retry": "false"}
        words = answer.text
        if answer.status == 429:
            seconds = int(words) if words.isdigit() else 3600
            headers |= {
                "anthropic-ratelimit-unified-status": "rejected",
                "anthropic-ratelimit-unified-reset": str(int(time.time()) + seconds),
                "anthropic-ratelimit-unified-representative-claim": "five_hour",
            }
            words = "This request would exceed your account's rate limit."
        self._send(answer.status, _error(answer.status, words or "the script says so"), headers)

    def _send(self, status: int, body: str | Object, headers: dict[str, str] | None = None) -> None:
        is_stream = isinstance(body, str)
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        with suppress(ConnectionError):  # the CLI was ended in the middle, which is what some tests do
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if is_stream else "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: a test's output is not the place for an access log."""


def environment(url: str, home: Path) -> dict[str, str]:
    """The whole environment for a session of the real CLI that knows only this server and ``home``.

    ``home`` and its ``tmp`` are made if they are missing.
    """
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    made = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(temporary),
        "TMPDIR": str(temporary),
        "CLAUDE_CODE_TMPDIR": str(temporary),
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-ant-no-key-is-needed-here",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    if os.geteuid() == 0:
        # Without it the CLI refuses to go without permission checks as root.
        made["IS_SANDBOX"] = "1"
    return made


def _error(status: int, words: str) -> Object:
    return {"type": "error", "error": {"type": ERROR_TYPES.get(status, "api_error"), "message": words}}


def _objects(value: Json) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(content: Json) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [text for block in _objects(content) if isinstance(text := block.get("text"), str)]


def main(arguments: Sequence[str]) -> int:
    """Serve until Ctrl-C or SIGTERM; a home for the sessions may be given as the only argument."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with MessagesApi() as api, suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as temporary:
        home = Path(arguments[0]) if arguments else Path(temporary)
        shown = {name: value for name, value in environment(api.url, home).items() if name not in ("PATH", "LANG")}
        sys.stdout.write("\n".join(f"export {name}={shlex.quote(value)}" for name, value in shown.items()) + "\n")
        sys.stdout.flush()
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
