"""A stand-in for ``claude``: the same command line and stream, but no account, no network and no model.

The prompt is the script, one step a line:

    write NAME: CONTENT     write the file NAME (\\n in CONTENT is a line end)
    append NAME: CONTENT    add a line to the file NAME
    bash COMMAND            run a shell command, in a session of its own
    say TEXT                say something
    wait SECONDS            think for so long
    hang                    think until a signal comes
    status CODE [WORDS]     end as after an HTTP error of the API; for 429, WORDS may be the seconds to the reset
    fail TEXT               end with an error
    deny TOOL               be refused the use of TOOL
    no result               end without a result
    exit N                  in the end, exit with status N

A line that is none of these is passed over; a prompt without any step is noted down in NOTES.md.
A prompt that begins with a slash is a command, to be found as .claude/commands/NAME.md.
Tools are refused as the real agent refuses them: a file or a shell command needs the permission mode
bypassPermissions or a name in --allowedTools (Write, Edit, Bash). Sessions are not kept: --resume takes over
the id and nothing else.

    python -m scheduler_daemon.agent.stand_in -p --output-format stream-json --verbose < PROMPT
"""

# It imports nothing of this package, and little else: it starts at once, by its name or by its path.
import json
import os
import re
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NoReturn

STEP = re.compile(
    r"^[ \t]*(?:(write|append)[ \t]+([^\s:]+:.*)|(bash|say|fail|deny)[ \t]+(\S.*)"
    r"|(wait)[ \t]+(\d+(?:\.\d+)?)[ \t]*|(status)[ \t]+(\d{3}\b.*)|(exit)[ \t]+(\d{1,3})[ \t]*"
    r"|(hang|no result)[ \t]*())$",
    re.MULTILINE,
)
ERRORS = {401: "authentication_failed", 429: "rate_limit", 500: "server_error", 529: "overloaded"}
MODES = ("acceptEdits", "auto", "bypassPermissions", "default", "manual", "dontAsk", "plan")
VALUED = {
    "--output-format": "--output-format <format>",
    "--model": "--model <model>",
    "--permission-mode": "--permission-mode <mode>",
    "--session-id": "--session-id <uuid>",
    "--resume": "-r, --resume [value]",
    "--max-turns": "--max-turns <turns>",
    "--max-budget-usd": "--max-budget-usd <amount>",
}
LISTS = ("--allowedTools", "--disallowedTools")
SWITCHES = ("--print", "--verbose", "--continue")
SHORT = {"-p": "--print", "-c": "--continue", "-r": "--resume"}


class Refused(Exception):
    """The command line cannot be obeyed; the text is what the real agent would say."""


class Ended(Exception):
    """The script is over before its last line."""


@dataclass
class Options:
    """What the command line asks for."""

    switches: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    allowed: set[str] = field(default_factory=set)
    disallowed: set[str] = field(default_factory=set)


@dataclass
class Conversation:
    """One session: what was said so far, and how it will end."""

    options: Options
    session_id: str
    prompt: str
    turns: int = 0
    last_text: str = "Done."
    denials: list[dict[str, object]] = field(default_factory=list)
    api_status: int | None = None
    error: str | None = None
    subtype: str = "error_during_execution"
    """What the result says of an error."""
    with_result: bool = True
    exit_status: int | None = None

    def emit(self, **line: object) -> None:
        """One line of the stream."""
        sys.stdout.write(json.dumps({**line, "session_id": self.session_id}) + "\n")
        sys.stdout.flush()

    def message(self, *blocks: dict[str, object], **more: object) -> None:
        """One message of the model, unless it has said or cost as much as it may.

        Raises:
            Ended: then.
        """
        turns, budget = (self.options.values.get(name) for name in ("--max-turns", "--max-budget-usd"))
        if turns and self.turns >= int(turns):
            self.subtype, self.error = "error_max_turns", f"Reached maximum number of turns ({turns})"
            raise Ended
        if budget and self.turns and self.cost >= float(budget):
            self.subtype, self.error = "error_max_budget_usd", f"Reached maximum budget (${budget})"
            raise Ended
        self.turns += 1
        content = {"id": f"msg_{self.turns}", "role": "assistant", "content": blocks}
        self.emit(type="assistant", message=content, parent_tool_use_id=None, **more)

    def say(self, text: str, **more: object) -> None:
        """Something for a person to read."""
        self.last_text = text
        self.message({"type": "text", "text": text}, **more)

    def use(self, tool: str, tool_input: dict[str, object], work: Callable[[], str], denied: bool = False) -> None:
        """The use of a tool, if it is allowed."""
        identity = f"toolu_{self.turns + 1}"
        self.message({"type": "tool_use", "id": identity, "name": tool, "input": tool_input})
        is_error = True
        if tool in self.options.disallowed:
            answer = f"Error: No such tool available: {tool}. {tool} is disabled for this session."
        elif denied or not (
            self.options.values.get("--permission-mode") == "bypassPermissions" or tool in self.options.allowed
        ):
            answer = f"Claude requested permissions to use {tool}, but you haven't granted it yet."
            self.denials.append({"tool_name": tool, "tool_use_id": identity, "tool_input": tool_input})
            self.emit(
                type="system",
                subtype="permission_denied",
                tool_name=tool,
                tool_use_id=identity,
                message=answer,
            )
        else:
            try:
                answer, is_error = work(), False
            except (OSError, ValueError) as error:
                answer = str(error)
        result = {"type": "tool_result", "tool_use_id": identity, "content": answer, "is_error": is_error}
        self.emit(type="user", message={"role": "user", "content": [result]}, parent_tool_use_id=None)

    @property
    def cost(self) -> float:
        """US dollars."""
        return round(self.turns * 0.0004 + len(self.prompt) * 0.000001, 6)

    def finish(self) -> int:
        """The last line, and the exit status."""
        if self.with_result:
            failed = self.error is not None or self.api_status is not None
            self.emit(
                type="result",
                subtype="success" if self.error is None else self.subtype,
                is_error=failed,
                api_error_status=self.api_status,
                num_turns=self.turns,
                total_cost_usd=self.cost,
                permission_denials=self.denials,
                terminal_reason="completed" if not failed else "api_error",
                **({"result": self.last_text} if self.error is None else {"errors": [self.error]}),
            )
            return self.exit_status if self.exit_status is not None else int(failed)
        return self.exit_status or 0


def parse(arguments: Sequence[str]) -> Options:
    """The command line, read as the real agent reads it.

    Raises:
        Refused: in the real agent's words.
    """
    options = Options()
    rest = list(arguments)
    while rest:
        name, given, value = rest.pop(0).partition("=")
        name = SHORT.get(name, name)
        if name in SWITCHES and not given:
            options.switches.add(name)
        elif name in VALUED:
            if not given:
                if not rest or rest[0].startswith("-"):
                    raise Refused(f"error: option '{VALUED[name]}' argument missing")
                value = rest.pop(0)
            options.values[name] = value
        elif name in LISTS:
            named = [value] if given else []
            while rest and not given and not rest[0].startswith("-"):
                named.append(rest.pop(0))
            tools = {tool.partition("(")[0].strip() for tool in re.split(r",|\s(?![^(]*\))", ",".join(named))}
            (options.allowed if name == "--allowedTools" else options.disallowed).update(tools)
        else:
            raise Refused(f"error: unknown option '{name}'")
    mode = options.values.setdefault("--permission-mode", "default")
    if mode not in MODES:
        raise Refused(
            f"error: option '--permission-mode <mode>' argument '{mode}' is invalid. "
            f"Allowed choices are {', '.join(MODES)}."
        )
    if "--print" not in options.switches or options.values.get("--output-format") != "stream-json":
        raise Refused("Error: the stand-in only works with -p --output-format stream-json --verbose")
    if "--verbose" not in options.switches:
        raise Refused("Error: When using --print, --output-format=stream-json requires --verbose")
    try:
        uuid.UUID(options.values.get("--session-id", "0" * 32))
    except ValueError:
        raise Refused("Error: Invalid session ID. Must be a valid UUID.") from None
    return options


def play(conversation: Conversation, steps: Sequence[tuple[str, str]]) -> None:
    """Do what the script says, step by step.

    Raises:
        Ended: when a step ends the session.
    """
    for verb, rest in steps:
        match verb:
            case "write" | "append":
                name, _, content = (part.strip() for part in rest.partition(":"))
                _put(conversation, name, content.replace("\\n", "\n") + "\n", add=verb == "append")
            case "bash":
                conversation.use("Bash", {"command": rest}, partial(_shell, rest))
            case "say":
                conversation.say(rest)
            case "wait":
                time.sleep(float(rest))
            case "hang":
                while True:
                    signal.pause()
            case "status":
                _refuse(conversation, int(rest[:3]), rest[3:].strip())
            case "fail":
                conversation.error = rest
                raise Ended
            case "deny":
                conversation.use(rest, {}, str, denied=True)
            case "no result":
                conversation.with_result = False
                raise Ended
            case "exit":
                conversation.exit_status = int(rest)


def _put(conversation: Conversation, name: str, content: str, add: bool) -> None:
    path = Path.cwd() / name

    def work() -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if add else "w", encoding="utf-8") as file:
            file.write(content)
        return f"File {'updated' if add else 'created'} successfully at: {path}"

    conversation.use("Edit" if add else "Write", {"file_path": str(path), "content": content}, work)


def _shell(command: str) -> str:
    """What a command wrote; like the real agent's, its shell is the leader of a session of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            os.execl("/bin/sh", "sh", "-c", command)  # noqa: S606 - it is the shell
        finally:
            os._exit(127)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        output = pipe.read().decode(errors="replace")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        raise ValueError(f"Exit code {code}\n{output}")
    return output or "(Bash completed with no output)"


def _refuse(conversation: Conversation, status: int, words: str) -> NoReturn:
    text = f"API Error: {status} {words}".strip()
    if status == 401:
        text = "Not logged in · Please run /login"
    if status == 429:
        resets = int(time.time()) + (int(words) if words.isdigit() else 3600)
        text = "You've hit your session limit"
        info = {
            "status": "rejected",
            "resetsAt": resets,
            "rateLimitType": "five_hour",
            "isUsingOverage": False,
        }
        conversation.emit(type="rate_limit_event", rate_limit_info=info)
    conversation.api_status = status
    conversation.say(text, error=ERRORS.get(status, "unknown"))
    raise Ended


def commands() -> Iterator[tuple[str, Path]]:
    """The slash commands of the working directory, each with the file that holds its prompt."""
    folder = Path(".claude/commands")
    for path in sorted(folder.rglob("*.md")):
        yield ":".join(path.relative_to(folder).with_suffix("").parts), path


def run(options: Options, prompt: str) -> int:
    """One session, from the first line to the exit status."""
    session_id = options.values.get("--session-id") or options.values.get("--resume") or str(uuid.uuid4())
    conversation = Conversation(options, session_id, prompt)
    known = dict(commands())
    conversation.emit(
        type="system",
        subtype="init",
        cwd=str(Path.cwd()),
        tools=["Bash", "Edit", "Write"],
        mcp_servers=[],
        model=options.values.get("--model", "stand-in"),
        permissionMode=options.values["--permission-mode"],
        slash_commands=list(known),
        claude_code_version="stand-in",
    )
    name, _, rest = prompt.strip().removeprefix("/").partition(" ")
    if prompt.startswith("/") and name in known:
        prompt = known[name].read_text(encoding="utf-8").replace("$ARGUMENTS", rest)
    steps = [
        (groups[0], groups[1])
        for match in STEP.finditer(prompt)
        if (groups := [group for group in match.groups() if group is not None])
    ]
    try:
        if not steps:
            _put(conversation, "NOTES.md", f"- {' '.join(prompt.split())}\n", add=True)
        play(conversation, steps)
        if not steps or steps[-1][0] != "say":
            conversation.say("Done.")
    except Ended:
        pass
    return conversation.finish()


def _leave(number: int, frame: object) -> NoReturn:
    # As the real agent does it: no result, and after SIGINT not even an exit status that tells.
    raise SystemExit(0 if number == signal.SIGINT else 128 + number)


def main() -> int:
    """The program."""
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    arguments = sys.argv[1:]
    if "--help" in arguments or "-h" in arguments:
        sys.stdout.write(__doc__ or "")
        return 0
    if "--version" in arguments or "-v" in arguments:
        sys.stdout.write("stand-in (Claude Code)\n")
        return 0
    try:
        options = parse(arguments)
        prompt = sys.stdin.buffer.read().decode(errors="replace")
        if not prompt.strip():
            raise Refused(
                "Error: Input must be provided either through stdin or as a prompt argument when using --print"
            )
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return run(options, prompt)


if __name__ == "__main__":
    sys.exit(main())
