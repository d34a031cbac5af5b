"""What the daemon prints: its standard streams, and its log on them or in a file."""

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from scheduler_daemon.log_file import LogFile

FORMATS = ("auto", "text", "json", "journal")

_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
"""Of syslog(3), as the journal reads them from the beginning of a line: sd-daemon(3)."""
_C1 = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}
"""Control characters that JSON does not escape by itself."""
_INDENT = "    "
"""Before the further lines of what is told in several: none of them can be taken for a line of its own."""


def open_standard_streams() -> None:
    """Have descriptors 0 to 2 open: a file of ours that got such a number would be written to by whoever prints."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


class Output:
    """Where the daemon's words go: what it logs, and what it tells whoever starts it."""

    def __init__(self, form: str, path: Path | None = None) -> None:
        """Have everything logged, the warnings of libraries as well.

        Args:
            form: one of FORMATS. ``auto`` is text for a terminal and for a file, lines of the journal where standard
                error leads to it, and one JSON object a line for any other program.
            path: the log file, for standard error.
        """
        self._file = None if path is None else LogFile(path)
        self._form = form if form != "auto" else self._fitting()
        _configure(self._form, self._file)

    def ready(self) -> None:
        """The daemon works: with a log file, nobody need read its standard error any more."""
        if self._file is None:
            return
        try:
            self._file.take_standard_error()
        except OSError as error:
            _say(f"the log {self._file.baseFilename} cannot be written: {error.strerror}; until then nothing is kept")
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), 2)

    def failed(self, error: Exception, *, expected: bool) -> None:
        """The daemon ends, and why: what was to be expected in words, anything else with where it happened.

        Whoever started it with a log file, and waits until it is ready, is told as well.
        """
        if expected and self._file is None and self._form != "journal":
            _say(str(error))
            return
        if expected:
            structlog.get_logger().error("the daemon cannot start", problem=str(error))
        else:
            structlog.get_logger().error("the daemon cannot go on", exc_info=error)
        if self._file is not None and not self._file.has_standard_error:
            _say(str(error) if expected else f"{type(error).__name__}: {error}")

    def _fitting(self) -> str:
        if self._file is not None or sys.stderr.isatty():
            return "text"
        return "journal" if _leads_to_journal() else "json"


def _say(message: str) -> None:
    """Tell whoever started the daemon, if they are still there to hear it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(f"ccschedd: {message}\n")
        sys.stderr.flush()


def _configure(form: str, file: LogFile | None) -> None:
    watched = file is None and sys.stderr.isatty()
    head: list[Processor] = []
    if form != "journal":  # which has time and level of every line
        stamp = ("iso", True) if form == "json" else ("%H:%M:%S" if watched else "%Y-%m-%d %H:%M:%S%z", False)
        head = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt=stamp[0], utc=stamp[1])]
    handler = file or logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines(form, head, colors=watched))
    logging.raiseExceptions = False  # the terminal or the pipe may be gone, the runs are not
    logging.captureWarnings(True)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    ours = logging.getLogger("ccschedd")
    ours.setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *head,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=lambda *_: ours,
        cache_logger_on_first_use=True,
    )
    threading.excepthook = _thread_ended


class _Lines(structlog.stdlib.ProcessorFormatter):
    """Renders what is logged, by us or by a library, so that nothing in it can be taken for another line."""

    def __init__(self, form: str, head: Sequence[Processor], *, colors: bool) -> None:
        """``head`` is what a library's message has to go through to be like one of ours."""
        rendering: list[Processor] = [structlog.processors.JSONRenderer(ensure_ascii=False)]
        if form != "json":
            pad = 0 if form == "journal" else 30
            plain = structlog.dev.plain_traceback
            console = structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=pad, exception_formatter=plain)
            rendering = [_harmless, console]
        meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
        super().__init__(foreign_pre_chain=head, processors=[meta, structlog.processors.format_exc_info, *rendering])
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """One line, or several of which all but the first are indented."""
        text = super().format(record)
        if self._form == "json":
            return text.translate(_C1)
        prefix = f"<{_PRIORITIES.get(record.levelno, 6)}>" if self._form == "journal" else ""
        return prefix + text.replace("\n", f"\n{prefix}{_INDENT}")


class _Quoted:
    """A text that is shown in quotes, with what no reader would see or take for what it is written out."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return repr(self._text)


def _harmless(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An event without control characters: only its message and its traceback may have several lines."""
    return {
        name: _printable(str(value)) if name in ("event", "exception") else _visible(value)
        for name, value in event.items()
    }


def _visible(value: object) -> object:
    text = str(value)
    return value if text.isprintable() else _Quoted(text)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(each if each == "\n" or each.isprintable() else repr(each)[1:-1] for each in text)


def _leads_to_journal() -> bool:
    """Whether standard error is what systemd connected to the journal: sd-daemon(3)."""
    found = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _thread_ended(what: threading.ExceptHookArgs) -> None:
    name = what.thread.name if what.thread else "unknown"
    logging.getLogger("ccschedd").error("the thread %s ended", name, exc_info=what.exc_value)
