"""Starts the agent, or says in words for a person why that cannot be."""

import os
import select

from .cgroup import Cgroup
from .orders import Orders
from .prctl import die_with_parent
from .signals import Signals, signal


class NotStarted(Exception):
    """The agent could not be started; the message is for the person who asked for the run."""


class Agent:
    """A process that runs, and the descriptors to read its outputs from; they do not block."""

    def __init__(self, pid: int, stdout: int, stderr: int) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        os.set_blocking(stdout, False)
        os.set_blocking(stderr, False)


def start(orders: Orders, folder: int, signals: Signals, cgroup: Cgroup) -> Agent:
    """Start the agent, and wait until its own program has taken over. A stop ends one that has not come so far.

    It runs in the cgroup, if there is one.

    Raises:
        NotStarted: its program does not run, in this directory or at all.
    """
    stdin = _prompt_file(folder, orders.prompt)
    orders.prompt = b""
    try:
        stdout, agent_stdout = os.pipe()
        stderr, agent_stderr = os.pipe()
        report, agent_report = os.pipe()
        cgroup.make()
        pid = _fork(orders, (stdin, agent_stdout, agent_stderr), agent_report, cgroup)
    except OSError as error:
        raise NotStarted(f"no process could be made for the agent: {error.strerror}") from error
    for fd in (stdin, agent_stdout, agent_stderr, agent_report):
        os.close(fd)
    # The directory or the program may be on a server that does not answer.
    ready = select.select((report, signals.fd), (), ())[0]
    if signals.stop and report not in ready:
        os.kill(pid, signal.SIGTERM)
    # Nothing but its end comes when the agent's program has taken over.
    message = b""
    while block := os.read(report, 4096):
        message += block
    os.close(report)
    if message:
        os.waitpid(pid, 0)
        raise NotStarted(message.decode())
    return Agent(pid, stdout, stderr)


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


def _fork(orders: Orders, stdio: tuple[int, int, int], report: int, cgroup: Cgroup) -> int:
    supervisor = os.getpid()
    # A signal for the agent must not meet our handlers in the moment before it has its own.
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        pid = os.fork()
        if pid == 0:
            cgroup.join()
            _become_agent(orders, stdio, report, supervisor)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return pid


def _become_agent(orders: Orders, stdio: tuple[int, int, int], report: int, supervisor: int) -> None:
    try:
        os.setsid()
        die_with_parent(signal.SIGKILL)
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
