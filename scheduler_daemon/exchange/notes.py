"""What became of each thing that was read: the lines a person is shown."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from scheduler_daemon.store.documents import Document, Path


class Result(StrEnum):
    """What became of a thing."""

    TAKEN = "taken"
    CHANGED = "changed"
    LEFT_OUT = "left_out"


@dataclass(frozen=True)
class Note:
    """One thing that was taken over, changed or left out."""

    file: str
    line: int | None
    object: str
    """Its kind and its name, such as ``task "lint"``."""
    result: Result
    message: str

    def to_dict(self) -> dict[str, str | int | None]:
        """The note as JSON values."""
        return {
            "file": self.file,
            "line": self.line,
            "object": self.object,
            "result": self.result.value,
            "message": self.message,
        }

    def __str__(self) -> str:
        return f"line {self.line}, {self.object}: {self.message}"


@dataclass
class Entry:
    """One object of a file, and what is noted of it."""

    document: Document
    path: Path
    """Where in the document it stands."""
    object: str
    notes: list[Note]

    def taken(self, message: str, *steps: str | int) -> None:
        """Note that it is there now."""
        self._note(Result.TAKEN, message, steps)

    def changed(self, message: str, *steps: str | int) -> None:
        """Note that the field ``steps`` lead to has another value now."""
        self._note(Result.CHANGED, message, steps)

    def left_out(self, message: str, *steps: str | int) -> None:
        """Note that the field ``steps`` lead to, or all of it, is not there now."""
        self._note(Result.LEFT_OUT, message, steps)

    def left_out_unknown(self, given: BaseModel, *steps: str | int) -> None:
        """Note the fields that nobody here knows, for they may have meant something to whoever wrote them."""
        for name, value in (given.model_extra or {}).items():
            if value is not None:
                self.left_out("there is no such field here", *steps, name)

    def _note(self, result: Result, message: str, steps: tuple[str | int, ...]) -> None:
        line = self.document.line((*self.path, *steps))
        text = f"{'.'.join(map(str, steps))}: {message}" if steps else message
        self.notes.append(Note(self.document.file, line, self.object, result, text))
