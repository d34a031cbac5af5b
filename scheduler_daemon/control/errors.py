"""What goes wrong on the wire: the error codes, and invalid params in plain words."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, get_args, get_type_hints

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import is_typeddict

from scheduler_daemon.control import Json

ECHO_LIMIT = 80
"""The most characters of a person's own input that an error message repeats."""

_LISTED = 20
"""The most fields one message lists; a request with more mistakes than that is not a near miss."""

_PRIVATE = ("value", "secret", "env")
"""A field with one of these in its path may hold a secret, so its input is never repeated."""


class RpcError(Exception):
    """An error that is answered to the client as it is.

    Attributes:
        code: the number of JSON-RPC 2.0 section 5.1; ours are -32001 and down.
        message: one sentence for a person.
        data: always an object; ``kind`` is a stable word for programs, ``field`` the param in question,
            ``hint`` what to do next.
    """

    code: ClassVar[int] = -32000
    kind: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        kind: str | None = None,
        field: str | None = None,
        hint: str | None = None,
        **more: Json,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.data: dict[str, Json] = {"kind": kind or self.kind}
        if field is not None:
            self.data["field"] = field
        if hint is not None:
            self.data["hint"] = hint
        self.data.update(more)


class ParseError(RpcError):
    """The line is not a JSON document."""

    code = -32700
    kind = "parse_error"


class InvalidRequest(RpcError):
    """The document is not a request."""

    code = -32600
    kind = "invalid_request"


class MethodNotFound(RpcError):
    """There is no such method."""

    code = -32601
    kind = "method_not_found"


class InvalidParams(RpcError):
    """The params do not fit the method."""

    code = -32602
    kind = "invalid_params"


class InternalError(RpcError):
    """A method failed in a way nobody foresaw; the daemon's log has the traceback."""

    code = -32603
    kind = "internal_error"


class NotFound(RpcError):
    """There is no object of that id or name."""

    code = -32001
    kind = "not_found"


class Ambiguous(RpcError):
    """More than one object answers to that id prefix or name; ``data.candidates`` lists them."""

    code = -32002
    kind = "ambiguous"

    def __init__(
        self,
        message: str,
        candidates: Iterable[Json],
        *,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, field=field, hint=hint, candidates=list(candidates))


class Refused(RpcError):
    """The request is understood, and its state or its sender forbids it."""

    code = -32003
    kind = "refused"


class StorageFailed(RpcError):
    """The record could not be read or written; nothing was changed."""

    code = -32004
    kind = "storage_failed"


def invalid(field: str, message: str) -> InvalidParams:
    """That one param cannot be, in a sentence."""
    return InvalidParams(f"{field}: {message}", errors=[{"field": field, "message": message}])


def shortened(text: str) -> str:
    """At most ``ECHO_LIMIT`` characters of what a client sent."""
    return text if len(text) <= ECHO_LIMIT else text[: ECHO_LIMIT - 1] + "…"


def suggestion(given: str, known: Iterable[str]) -> str:
    """``; did you mean …?`` if a known name is near the given one, else nothing."""
    names = list(known)
    near = difflib.get_close_matches(given[:ECHO_LIMIT], names, n=1)
    # A beginning is often too short to be close: cron, cron_expression.
    near = near or [name for name in names if len(given) >= 3 and name.startswith(given)]
    return f"; did you mean {near[0]}?" if near else ""


def invalid_params(error: ValidationError, model: type[BaseModel] | None = None) -> InvalidParams:
    """pydantic's findings in plain words, every field by its dotted path.

    Args:
        error: what validation raised.
        model: the model that was validated; with it, an unknown field gets the nearest known name.
    """
    details = error.errors(include_url=False)
    found = [(_path(detail["loc"]), _in_words(detail, model)) for detail in details[:_LISTED]]
    message = "; ".join(f"{field}: {words}" if field else words for field, words in found)
    if len(details) > _LISTED:
        message += f"; and {len(details) - _LISTED} more"
    return InvalidParams(message, errors=[{"field": field, "message": words} for field, words in found])


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(shortened(str(part)) for part in loc)


def _in_words(detail: ErrorDetails, model: type[BaseModel] | None) -> str:
    kind, given = detail["type"], detail["input"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    if kind == "missing":
        return "must be given"
    if kind == "extra_forbidden":
        *parents, name = detail["loc"]
        return "no such field" + suggestion(str(name), _field_names(model, parents))
    if kind in ("value_error", "assertion_error"):
        return _without_input(str(context.get("error", detail["msg"])), detail)
    plain = _PLAIN.get(kind)
    if plain is not None:
        return plain.format_map(context) + _but_is(detail)
    if kind == "string_too_short":
        minimum = context["min_length"]
        return "must not be empty" if minimum == 1 else f"must have at least {minimum} characters"
    if kind == "string_pattern_mismatch":
        if isinstance(given, str) and not given.strip():
            return "must not be blank"
        return f"must match the pattern {context['pattern']}" + _but_is(detail)
    if kind in ("too_short", "too_long"):
        bound = "at least" if kind == "too_short" else "at most"
        number = context.get("min_length", context.get("max_length"))
        if (kind, number) == ("too_short", 1):
            return "must not be empty"
        return f"must have {bound} {number} {'entry' if number == 1 else 'entries'}"
    message = detail["msg"].removeprefix("Input should be ")
    return _without_input(message if message == detail["msg"] else f"must be {message}", detail)


_WHOLE_NUMBER = "must be a whole number"
_NUMBER = "must be a number"
_BOOLEAN = "must be true or false"
_UUID = "must be an id (a UUID)"
_OBJECT = "must be an object"
_INSTANT = "must be an instant, such as 2031-05-17T22:30:00Z"

_PLAIN: Mapping[str, str] = {
    "bool_parsing": _BOOLEAN,
    "bool_type": _BOOLEAN,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_type": _INSTANT,
    "dict_type": _OBJECT,
    "enum": "must be one of {expected}",
    "finite_number": _NUMBER,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": "has too many digits",
    "int_type": _WHOLE_NUMBER,
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list",
    "literal_error": "must be one of {expected}",
    "model_attributes_type": _OBJECT,
    "model_type": _OBJECT,
    "string_too_long": "must have at most {max_length} characters",
    "string_type": "must be a text",
    "timezone_aware": "must name its offset, such as Z or +01:00",
    "uuid_parsing": _UUID,
    "uuid_type": _UUID,
}
"""pydantic's error types (https://docs.pydantic.dev/latest/errors/validation_errors/) in our words."""


def _private(loc: tuple[int | str, ...]) -> bool:
    return any(word in str(part).lower() for part in loc for word in _PRIVATE)


def _but_is(detail: ErrorDetails) -> str:
    """``, not …`` with the input, where that helps and gives nothing away."""
    given = detail["input"]
    if _private(detail["loc"]) or not isinstance(given, str | int | float | bool | None):
        return ""
    text = "null" if given is None else str(given).lower() if isinstance(given, bool) else repr(given)
    return f", not {text}" if len(text) <= ECHO_LIMIT else ""


def _without_input(message: str, detail: ErrorDetails) -> str:
    """A message of someone else's making, rid of an input that is private or too long to repeat."""
    given = detail["input"]
    if isinstance(given, str) and given and (_private(detail["loc"]) or len(given) > ECHO_LIMIT):
        for form in (repr(given), given):
            message = message.replace(form, "…")
    return message


def _field_names(model: type[BaseModel] | None, parents: Iterable[int | str]) -> list[str]:
    """The names that are known where ``parents`` leads to."""
    here: list[type] = [model] if model else []
    for step in parents:
        inner = [
            nested
            for outer in here
            if step in (fields := _fields_of(outer))
            for nested in _models_in(fields[str(step)])
        ]
        # A step that is no field is an index of a list or the tag of a union: the models stay the same.
        here = inner or here
    return [name for each in here for name in _fields_of(each)]


def _fields_of(model: type) -> dict[str, object]:
    """The annotations of a model's or a TypedDict's fields, by the names that are written."""
    if issubclass(model, BaseModel):
        return {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    return {**get_type_hints(model)}


def _models_in(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type) and (is_typeddict(annotation) or issubclass(annotation, BaseModel)):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
