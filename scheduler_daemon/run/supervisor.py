"""Owns one agent process for one run and outlives the daemon: its log, its limits, its end, its exit record.

Started by ``process.spawn_supervisor`` with the orders as one marshalled dict on stdin; they hold secrets and stay in
memory. Standard library only and one file. A due run waits for every import made before its agent starts, so there
are few: marshal reads what the same Python wrote a moment ago, and json, whose import takes as long as all the rest,
comes when the agent is under way.

Exit status: 0 the exit record is written (or its folder is gone), 2 no valid orders came, 3 another supervisor
has claimed the run, 4 the claim could not be made. After 2, 3 and 4 nothing was started.
"""

# ruff: noqa: PTH208  (importing pathlib takes as long as all the rest of the start)

import errno
import marshal
import os
import resource
import select
import sys
import time

if sys.platform == "linux":
    import ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    # All of signal but its enums, which take several milliseconds to make.
    import _signal as signal

VERSION = 1
READ_SIZE = 64 * 1024
"""Bytes; what a pipe holds."""
LINE_LIMIT = 256 * 1024
"""Bytes of an unfinished line that are held; a longer line goes to the log in parts."""
WAIT_LIMIT = 64 * 1024
"""Bytes of one stream that wait for the end of the other's line; then its pipe is no longer read."""
LINE_PATIENCE = 1.0
"""Seconds after which an unfinished line is shown, and a full stream no longer waits for its end."""
LEFTOVER_GRACE = 2.0
"""Seconds in which what the agent left behind may end by itself, at most."""
KILL_PATIENCE = 10.0
"""Seconds of SIGKILL after which a leftover is given up: another user's process cannot be signalled."""
DRAIN_LIMIT = 5.0
"""Seconds for reading what is still in the pipes when all processes have ended."""
RECORD_RETRY = 3.0
"""Seconds between two attempts to write the exit record."""
LONGEST_WAIT = 86400.0
"""Seconds; poll takes at most 2**31 milliseconds."""
COMMAND_LENGTH = 200
"""Characters of a leftover's command line that are recorded."""
MASK = "•••".encode()
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


class Orders:
    """What the daemon wants done, in the bytes the system takes.

    Raises:
        ValueError, KeyError, EOFError, TypeError: the document is incomplete, or a field is not what it should be.
    """

    def __init__(self, document: bytes) -> None:
        fields = _dict(marshal.loads(document))  # noqa: S302  (our own parent wrote it)
        if fields["version"] != VERSION:
            raise ValueError("orders of another version")
        self.run_id = _text(fields["run_id"])
        self.argv = [_bytes(word) for word in _list(fields["argv"])]
        self.cwd = _bytes(fields["cwd"])
        self.env = {_bytes(name): _bytes(value) for name, value in _dict(fields["env"]).items()}
        self.prompt = _bytes(fields["prompt"])
        self.log = _bytes(fields["log"])
        self.folder = _bytes(fields["folder"])
        self.time_limit = None if fields["time_limit"] is None else _seconds(fields["time_limit"])
        self.grace = _seconds(fields["grace"])
        self.secrets = [_text(secret) for secret in _list(fields["secrets"])]
        if not self.argv or not self.log.startswith(b"/") or not self.folder.startswith(b"/"):
            raise ValueError("argv is empty, or a path is not absolute")


def _dict(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _bytes(value: object) -> bytes:
    return _text(value).encode("utf-8", "surrogateescape")


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e10:
        raise ValueError("not a number of seconds")
    return float(value)


def _needles(secrets: list[str]) -> list[bytes]:
    """Every form in which the secrets are masked: as they are, and as they look within JSON text."""
    import json

    found: dict[bytes, None] = {}
    for secret in secrets:
        # A line break at either end belongs to the file a secret came from, and is not printed with it.
        core = secret.strip("\r\n")
        for form in (core, json.dumps(core)[1:-1], json.dumps(core, ensure_ascii=False)[1:-1]):
            if form:
                found[_bytes(form)] = None
    return list(found)


class Mask:
    """Replaces secrets in a stream that comes in pieces."""

    def __init__(self, needles: list[bytes]) -> None:
        self._needles = needles
        self._held = b""
        self._covered = 0
        """How many of the held bytes are part of a secret whose mask is already out."""

    def feed(self, data: bytes, last: bool = False) -> bytes:
        """What can be shown now. What may be the beginning of a secret is held until more comes."""
        if not self._needles:
            return data
        text = self._held + data
        cut = len(text) if last else self._possible_start(text)
        shown = []
        at = self._covered
        for start, end in self._spans(text):
            if start >= cut:
                break
            if end <= at:
                continue
            if start >= at:
                shown += [text[at:start], MASK]
            at = end
        shown.append(text[at:cut])
        self._held = text[cut:]
        self._covered = max(at - cut, 0)
        return b"".join(shown)

    def _spans(self, text: bytes) -> list[tuple[int, int]]:
        """Where the secrets are, in order; overlapping ones as one."""
        found = []
        for needle in self._needles:
            at = text.find(needle)
            while at >= 0:
                found.append((at, at + len(needle)))
                at = text.find(needle, at + 1)
        merged: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def _possible_start(self, text: bytes) -> int:
        """Where the longest ending of the text begins that is the beginning of a secret."""
        best = len(text)
        for needle in self._needles:
            first = needle[:1]
            at = text.find(first, max(0, len(text) - len(needle) + 1))
            while 0 <= at < best:
                if needle.startswith(text[at:]):
                    best = at
                at = text.find(first, at + 1)
        return best


class Stream:
    """One of the agent's two outputs."""

    def __init__(self, fd: int, prefix: bytes, needles: list[bytes]) -> None:
        self.fd = fd
        self.prefix = prefix
        self.mask = Mask(needles)
        self.total = 0
        self.pending = b""
        self.complete = 0
        """How much of the pending text is complete lines."""
        self.since = 0.0
        """When the pending text began to wait."""
        self.fed = 0.0
        self.ended = False


class Log:
    """The run's log: both streams, a line of one never within a line of the other."""

    def __init__(self, path: bytes) -> None:
        self.error: str | None = None
        self.lost = 0
        self.line: Stream | None = None
        """Whose unfinished line is at the end of the file."""
        self._torn = False
        self._path = path
        self._fd = -1

    def append(self, stream: Stream, text: bytes | memoryview) -> None:
        """Write text of a stream: on with its own unfinished line, else on a new line."""
        size = len(text)
        goes_on = self.line is stream
        if stream.prefix:
            body = bytes(text)
            text = body[:-1].replace(b"\n", b"\n" + stream.prefix) + body[-1:]
        if not goes_on and (self._torn or self.line or stream.prefix):
            text = (b"\n" if self._torn or self.line else b"") + stream.prefix + bytes(text)
        written = self._write(text)
        if written == len(text):
            self._torn = False
            self.line = None if text[-1:] == b"\n" else stream
        else:
            self.lost += min(len(text) - written, size)
            # Whoever writes next, once there is room again, begins a line of its own.
            unfinished = self._torn or self.line is not None
            self._torn = text[written - 1 : written] != b"\n" if written else unfinished
            self.line = None

    def _write(self, text: bytes | memoryview) -> int:
        written = 0
        try:
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            while written < len(text):
                written += os.write(self._fd, text[written:] if written else text)
        except OSError as error:
            self.error = self.error or f"the log could not be written: {error.strerror}"
        return written

    def sync(self) -> None:
        """Have the log on the disk before the exit record speaks of it."""
        try:
            if self._fd >= 0:
                os.fsync(self._fd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # what is no file on a disk cannot be synced
                self.error = self.error or f"the log could not be written: {error.strerror}"


class Output:
    """Copies both streams into the log as they come, in complete lines where possible."""

    def __init__(self, log: Log, streams: list[Stream], poller: select.poll) -> None:
        self.log = log
        self.streams = {stream.fd: stream for stream in streams}
        self._poller = poller
        self._polled: set[int] = set()

    def take(self, stream: Stream, now: float) -> bool:
        """Read once what a stream has; False if there was nothing, or its end."""
        try:
            data = os.read(stream.fd, READ_SIZE)
        except BlockingIOError:
            return False
        stream.total += len(data)
        stream.fed = now
        stream.ended = not data
        text = stream.mask.feed(data, last=stream.ended)
        if text:
            if not stream.pending:
                stream.since = now
            end = text.rfind(b"\n") + 1
            if end:
                stream.complete = len(stream.pending) + end
            stream.pending = stream.pending + text if stream.pending else text
        return not stream.ended

    def flush(self, now: float) -> None:
        """Write what may be written now, and read on only where there is room."""
        streams = list(self.streams.values())
        for stream in sorted(streams, key=lambda stream: stream is not self.log.line):
            if stream.pending and self._has_turn(stream, now):
                self._write(stream, now)
        for stream in streams:
            full = len(stream.pending) >= WAIT_LIMIT and not self._has_turn(stream, now)
            if stream.ended or full:
                if stream.fd in self._polled:
                    self._poller.unregister(stream.fd)
                    self._polled.discard(stream.fd)
            elif stream.fd not in self._polled:
                self._poller.register(stream.fd, select.POLLIN)
                self._polled.add(stream.fd)

    def _has_turn(self, stream: Stream, now: float) -> bool:
        line = self.log.line
        if line is None or line is stream or line.ended:
            return True
        # An agent that waits for us to read this stream never ends the other's line: so that line is broken.
        return len(stream.pending) >= WAIT_LIMIT and now >= line.fed + LINE_PATIENCE

    def _write(self, stream: Stream, now: float) -> None:
        size = len(stream.pending)
        overdue = now >= stream.since + LINE_PATIENCE or size >= LINE_LIMIT
        if stream.ended or (not stream.complete and (overdue or self.log.line is stream)):
            cut = size
        else:
            cut = stream.complete
        if cut:
            self.log.append(stream, memoryview(stream.pending)[:cut] if cut < size else stream.pending)
            stream.pending = stream.pending[cut:]
            stream.complete = 0
            stream.since = now

    def next_flush(self, now: float) -> float | None:
        """When there is something to write although nothing more has come."""
        times = []
        for stream in self.streams.values():
            if stream.pending:
                if self._has_turn(stream, now):
                    times.append(stream.since + LINE_PATIENCE)
                elif len(stream.pending) >= WAIT_LIMIT and self.log.line:
                    times.append(self.log.line.fed + LINE_PATIENCE)
        return min(times, default=None)

    def drain(self) -> None:
        """Take what is left in the pipes and end both streams; who still holds a pipe is not waited for."""
        give_up_at = time.monotonic() + DRAIN_LIMIT
        for stream in sorted(self.streams.values(), key=lambda stream: stream is not self.log.line):
            while not stream.ended and (now := time.monotonic()) < give_up_at and self.take(stream, now):
                self.flush(now)
            if not stream.ended:  # someone else still holds its pipe
                stream.ended = True
                stream.pending += stream.mask.feed(b"", last=True)
            self.flush(time.monotonic())


class Process:
    """One row of the system's process table."""

    def __init__(self, pid: int, parent: int, group: int, start: bytes, command: bytes = b"") -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.start = start
        """Tells it from a later process of the same pid."""
        self.command = command


def _contents(path: str) -> bytes:
    """The contents of a small file of /proc; nothing if its process is gone."""
    try:
        fd = os.open(path, os.O_RDONLY)
        try:
            return os.read(fd, READ_SIZE)
        finally:
            os.close(fd)
    except OSError:
        return b""


def process_from_proc(pid: int) -> Process | None:
    """A process that runs; None if it has ended, reaped or not."""
    # The name, in parentheses, may hold spaces and parentheses itself; state, parent, group follow it.
    fields = _contents(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if not fields or fields[0] in b"ZX":
        return None
    return Process(pid, int(fields[1]), int(fields[2]), fields[19])


def processes_from_proc() -> list[Process]:
    """The process table of Linux."""
    return [row for name in os.listdir("/proc") if name.isdecimal() and (row := process_from_proc(int(name)))]


def processes_from_ps() -> list[Process]:
    """The process table of macOS, and of every other system that has ``ps``."""
    reader, writer = os.pipe()
    columns = "pid=,ppid=,pgid=,stat=,lstart=,command="
    pid = os.posix_spawn(
        "/bin/ps",
        ["ps", "-axwwo", columns],
        {"LC_ALL": "C"},
        file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)],
        setsigmask=(),
    )
    os.close(writer)
    table = b""
    while block := os.read(reader, READ_SIZE):
        table += block
    os.close(reader)
    os.waitpid(pid, 0)
    found = []
    for line in table.splitlines():
        # The start is five words, as in "Sat Nov 21 22:50:00 2026".
        fields = line.split(None, 9)
        if len(fields) == 10 and not fields[3].startswith(b"Z") and int(fields[0]) != pid:
            start = b" ".join(fields[4:9])
            found.append(Process(int(fields[0]), int(fields[1]), int(fields[2]), start, fields[9]))
    return found


class Descendants:
    """All that the agent has started and that still runs, in whichever session or group."""

    def __init__(self, root: int, adopts: bool) -> None:
        """``adopts``: orphans become children of the root, so that none can get out of sight."""
        self.adopts = adopts
        self.agent = -1
        self._root = root
        self._seen: dict[int, bytes] = {}

    def running(self) -> list[Process]:
        """Those that run now."""
        try:
            table = processes_from_proc() if sys.platform == "linux" else processes_from_ps()
        except OSError:  # no file or process to be had just now; the caller looks again
            return []
        children: dict[int, list[Process]] = {}
        for row in table:
            children.setdefault(row.parent, []).append(row)
        found = {}
        reached = list(children.get(self._root, ()))
        if not self.adopts:
            reached += [row for row in table if row.group == self.agent or self._seen.get(row.pid) == row.start]
        while reached:
            row = reached.pop()
            if row.pid not in found and row.pid != self._root:
                found[row.pid] = row
                reached += children.get(row.pid, ())
        self._seen = {row.pid: row.start for row in found.values()}
        return list(found.values())

    def send(self, rows: list[Process], signum: int) -> None:
        """Signal processes, except where the pid has a new owner by now."""
        for row in rows:
            if sys.platform == "linux":
                now = process_from_proc(row.pid)
                if now is None or now.start != row.start:
                    continue
            try:
                os.kill(row.pid, signum)
                if signum == signal.SIGTERM:
                    os.kill(row.pid, signal.SIGCONT)  # a stopped process would not see it before
            except (ProcessLookupError, PermissionError):
                continue


def _command(row: Process, needles: list[bytes]) -> str:
    command = row.command or _contents(f"/proc/{row.pid}/cmdline").replace(b"\0", b" ").rstrip()
    return Mask(needles).feed(command, last=True).decode("utf-8", "replace")[:COMMAND_LENGTH]


class Signals:
    """What signals have asked for, and a descriptor that becomes readable when one comes."""

    def __init__(self) -> None:
        self.stop = False
        self.child = False
        self.fd, writer = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_stop)
        signal.signal(signal.SIGINT, self._on_stop)
        signal.signal(signal.SIGCHLD, self._on_child)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def _on_stop(self, _signum: int, _frame: object) -> None:
        self.stop = True

    def _on_child(self, _signum: int, _frame: object) -> None:
        self.child = True


def _prctl(option: int, value: int) -> bool:
    """Whether Linux has done it; it never is elsewhere."""
    if sys.platform == "linux":
        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    return False


class NotStarted(Exception):
    """The agent could not be started; the message is for the person who asked for the run."""


def _prompt_file(folder: int, prompt: bytes) -> int:
    """The prompt as an open file that has no name, so that nobody waits while the agent reads it."""
    try:
        writer = os.open("prompt", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        reader = os.open("prompt", os.O_RDONLY, dir_fd=folder)
        os.unlink("prompt", dir_fd=folder)
        rest = memoryview(prompt)
        while rest:
            rest = rest[os.write(writer, rest) :]
        os.close(writer)
    except OSError as error:
        raise NotStarted(f"the prompt could not be stored for the agent: {error.strerror}") from error
    return reader


def _execute(orders: Orders) -> str:
    """Become the agent, in its directory; returns only to say why that cannot be."""
    program = orders.argv[0]
    name = program.decode("utf-8", "replace")
    try:
        os.chdir(orders.cwd)
    except (OSError, ValueError) as error:
        where = orders.cwd.decode("utf-8", "replace")
        return f"the working directory {where} cannot be entered: {_reason(error)}"
    path = orders.env.get(b"PATH", os.fsencode(os.defpath))
    places = [program] if b"/" in program else [b"/".join((at, program)) for at in path.split(b":") if at]
    obstacle: Exception | None = None
    for place in places:
        try:
            os.execve(place, orders.argv, orders.env)  # noqa: S606 - a shell is what must not come between
        except (FileNotFoundError, NotADirectoryError):
            if os.path.lexists(place):
                obstacle = obstacle or FileNotFoundError(0, "it, or the interpreter its first line names, is missing")
        except (OSError, ValueError) as error:
            obstacle = obstacle or error
    if obstacle:
        return f"the program {name} cannot be executed: {_reason(obstacle)}"
    return f"the program {name} was not found" + (
        "" if b"/" in program else f" on PATH ({path.decode('utf-8', 'replace')})"
    )


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _start(orders: Orders, folder: int) -> tuple[int, int, int]:
    """Start the agent: its pid and the descriptors to read its stdout and stderr from.

    Raises:
        NotStarted: its program does not run, in this directory or at all.
    """
    stdin = _prompt_file(folder, orders.prompt)
    orders.prompt = b""
    stdout, agent_stdout = os.pipe()
    stderr, agent_stderr = os.pipe()
    report, agent_report = os.pipe()
    supervisor = os.getpid()
    # A signal for the agent must not meet our handlers in the moment before it has its own.
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
    except OSError as error:
        raise NotStarted(f"no process could be made for the agent: {error.strerror}") from error
    finally:
        if os.getpid() == supervisor:
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if pid == 0:
        _become_agent(orders, (stdin, agent_stdout, agent_stderr), agent_report, supervisor)
    for fd in (stdin, agent_stdout, agent_stderr, agent_report):
        os.close(fd)
    # Nothing but its end comes when the agent's program has taken over.
    message = b""
    while block := os.read(report, READ_SIZE):
        message += block
    os.close(report)
    if message:
        os.waitpid(pid, 0)
        raise NotStarted(message.decode())
    os.set_blocking(stdout, False)
    os.set_blocking(stderr, False)
    return pid, stdout, stderr


def _become_agent(orders: Orders, stdio: tuple[int, int, int], report: int, supervisor: int) -> None:
    try:
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == supervisor:  # else it died too early for that signal
            for signum in range(1, signal.NSIG):
                if signal.getsignal(signum) not in (signal.SIG_DFL, None):
                    signal.signal(signum, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            for number, fd in enumerate(stdio):
                os.dup2(fd, number)
            os.write(report, _execute(orders).encode())
    finally:
        os._exit(127)


class Run:
    """The agent, from its start to the end of the last process it leaves behind."""

    def __init__(self, orders: Orders, signals: Signals, descendants: Descendants) -> None:
        self._orders = orders
        self._signals = signals
        self._descendants = descendants
        self._poller = select.poll()
        self._poller.register(signals.fd, select.POLLIN)
        self._log = Log(orders.log)
        self._streams: list[Stream] = []
        self._started = self._ended = 0.0
        self._started_at: str | None = None
        self._ended_at: str | None = None
        self._ended_by: str | None = None
        self._not_started: str | None = None
        self._needles: list[bytes] = []
        self._status: int | None = None
        self._leftovers: list[dict[str, object]] | None = None
        self._childless = False
        self._kill_at: float | None = None
        """When SIGKILL follows upon SIGTERM; None while nothing has been asked to end."""
        self._look_at = 0.0
        """When to look again whether what was told to end is gone."""
        self._pause = 0.005

    def go(self, folder: int) -> None:
        """Start the agent, and see to it until nothing of it runs and all that it said is in the log."""
        if self._signals.stop:
            self._ended_by = "stop"
        else:
            self._started, self._started_at = time.monotonic(), _now()
            try:
                self._descendants.agent, stdout, stderr = _start(self._orders, folder)
            except NotStarted as problem:
                self._needles = _needles(self._orders.secrets)
                message = Mask(self._needles).feed(str(problem).encode(), last=True)
                self._not_started = message.decode("utf-8", "replace")
                self._started_at = None
            else:
                # The agent is under way, and what it says waits in the pipes.
                self._needles = _needles(self._orders.secrets)
                self._streams = [Stream(stdout, b"", self._needles), Stream(stderr, b"stderr| ", self._needles)]
                self._see_through(Output(self._log, self._streams, self._poller))
        self._ended_at = self._ended_at or _now()
        self._log.sync()

    def _see_through(self, output: Output) -> None:
        limit = self._orders.time_limit
        limit_at = None if limit is None else self._started + limit
        now = time.monotonic()
        while True:
            output.flush(now)
            if self._signals.child:
                self._reap()
            if self._status is None:
                self._watch(now, limit_at)
            elif self._all_gone(now):
                break
            look_at = limit_at if self._kill_at is None else self._look_at
            times = [at for at in (look_at, output.next_flush(now)) if at is not None]
            wait = max(0.0, min(min(times) - time.monotonic(), LONGEST_WAIT)) if times else None
            ready = self._poller.poll(None if wait is None else int(wait * 1000) + 1)
            now = time.monotonic()
            for fd, _ in ready:
                if fd == self._signals.fd:
                    os.read(fd, READ_SIZE)
                else:
                    output.take(output.streams[fd], now)
        output.drain()

    def _reap(self) -> None:
        """Take note of every child that has ended; orphans of the agent's are children too."""
        self._signals.child = False
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self._descendants.agent:
                    self._status, self._ended, self._ended_at = status, time.monotonic(), _now()
        except ChildProcessError:
            self._childless = True

    def _watch(self, now: float, limit_at: float | None) -> None:
        """Stop an agent that runs when it is time to, and kill it when that was not enough."""
        if self._kill_at is None:
            if self._signals.stop:
                self._ended_by = "stop"
            elif limit_at is not None and now >= limit_at:
                self._ended_by = "time_limit"
            else:
                return
            self._descendants.send(self._descendants.running(), signal.SIGTERM)
            self._kill_at = self._look_at = now + self._orders.grace
        elif now >= self._look_at:
            self._descendants.send(self._descendants.running(), signal.SIGKILL)
            self._look_again(now)

    def _all_gone(self, now: float) -> bool:
        """End what is left after the agent; True when nothing is, or nothing more can be done about it."""
        if self._childless and self._descendants.adopts:
            self._leftovers = self._leftovers or []
            return True
        if self._leftovers is not None and now < self._look_at:
            return False
        left = self._descendants.running()
        if self._leftovers is None:
            needles = self._needles
            self._leftovers = [{"pid": row.pid, "command": _command(row, needles)} for row in left]
            kill_at = now + min(self._orders.grace, LEFTOVER_GRACE)
            self._kill_at = kill_at if self._kill_at is None else min(kill_at, self._kill_at)
            self._descendants.send(left, signal.SIGTERM)
        assert self._kill_at is not None
        if now >= self._kill_at:
            self._descendants.send(left, signal.SIGKILL)
        self._look_again(now)
        if now >= self._kill_at + KILL_PATIENCE:
            return True
        return not left and not self._descendants.adopts

    def _look_again(self, now: float) -> None:
        self._pause = min(2 * self._pause, 0.1)
        self._look_at = now + self._pause

    def record(self) -> dict[str, object]:
        """What came of the run: times in UTC and seconds, sizes in bytes."""
        outcome = None if self._status is None else os.waitstatus_to_exitcode(self._status)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        stdout_bytes, stderr_bytes = [stream.total for stream in self._streams] or [0, 0]
        return {
            "version": VERSION,
            "run_id": self._orders.run_id,
            "exit_code": outcome if outcome is not None and outcome >= 0 else None,
            "signal": -outcome if outcome is not None and outcome < 0 else None,
            "started_at": self._started_at,
            "ended_at": self._ended_at,
            "duration": max(self._ended - self._started, 0.0) if self._started_at else 0.0,
            "user_seconds": usage.ru_utime,
            "system_seconds": usage.ru_stime,
            "max_rss_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            "stdout_bytes": stdout_bytes,
            "stderr_bytes": stderr_bytes,
            "log_lost_bytes": self._log.lost,
            "log_error": self._log.error,
            "leftovers": self._leftovers or [],
            "ended_by": self._ended_by,
            "not_started": self._not_started,
        }


def _now() -> str:
    seconds, rest = divmod(time.time_ns(), 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest // 1000:06d}Z"


def _claim(folder: int) -> None:
    """Make this run ours before anything of it happens.

    Raises:
        FileExistsError: it is another's.
        OSError: the claim cannot be put on the disk; then there is none.
    """
    fd = os.open("claim", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    try:
        os.write(fd, b"%d\n" % os.getpid())
        os.fsync(fd)
        os.fsync(folder)
    except OSError:
        os.unlink("claim", dir_fd=folder)
        raise
    finally:
        os.close(fd)


def _write_record(folder: int, record: dict[str, object]) -> None:
    """Put the exit record on the disk, however long it takes until there is room for it."""
    import json

    content = json.dumps(record).encode()
    while True:
        try:
            fd = os.open("exit.json.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600, dir_fd=folder)
        except FileNotFoundError:
            return  # the folder itself was removed: nobody waits for the record
        except OSError:
            fd = -1
        if fd >= 0 and _replaced(folder, fd, content):
            return
        select.poll().poll(RECORD_RETRY * 1000)


def _replaced(folder: int, fd: int, content: bytes) -> bool:
    try:
        if os.write(fd, content) < len(content):
            return False
        os.fsync(fd)
        os.rename("exit.json.new", "exit.json", src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def main() -> int:
    """Do as the orders on stdin say; the exit status."""
    os.closerange(3, max(int(name) for name in os.listdir("/dev/fd")) + 1)
    signals = Signals()
    if os.getpgrp() != os.getpid():  # the leader of a group is mostly that of its session, and cannot change it
        os.setsid()
    descendants = Descendants(os.getpid(), adopts=_prctl(PR_SET_CHILD_SUBREAPER, 1))
    document = b""
    while block := os.read(0, READ_SIZE):
        document += block
    try:
        orders = Orders(document)
    except (ValueError, KeyError, EOFError, TypeError, RecursionError):
        return 2
    del document
    try:
        folder = os.open(orders.folder, os.O_RDONLY | os.O_DIRECTORY)
        _claim(folder)
    except FileExistsError:
        return 3
    except OSError:
        return 4
    run = Run(orders, signals, descendants)
    run.go(folder)
    _write_record(folder, run.record())
    return 0
