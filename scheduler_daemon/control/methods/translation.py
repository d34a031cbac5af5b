"""From what goes wrong in the house to what a client is told."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from scheduler_daemon.control import Json
from scheduler_daemon.control.admission import Inadmissible
from scheduler_daemon.control.errors import Refused, StorageFailed, invalid, invalid_params
from scheduler_daemon.control.registry import Caller, Registry
from scheduler_daemon.engine import Refused as EngineRefused
from scheduler_daemon.store.connection import StoreUnavailable
from scheduler_daemon.store.documents import Unacceptable

P = TypeVar("P", bound=BaseModel)


def add(
    registry: Registry,
    name: str,
    params: type[P],
    handler: Callable[[P, Caller], Awaitable[Json]],
    *,
    summary: str,
    result: type[object] | None = None,
) -> None:
    """Register a method whose handler may raise what engine, store and admission raise."""

    async def translated(given: P, caller: Caller) -> Json:
        try:
            return await handler(given, caller)
        except Inadmissible as error:
            raise invalid(error.field, str(error)) from error
        except ValidationError as error:
            raise invalid_params(error) from error
        except Unacceptable as error:
            field = error.field or None
            raise Refused(str(error), kind="unacceptable", field=field, file=error.file, line=error.line) from error
        except EngineRefused as error:
            raise Refused(str(error)) from error
        except (StoreUnavailable, OSError) as error:
            hint = "make room on the disk or mend its permissions, then try again"
            raise StorageFailed(str(error), hint=hint) from error

    registry.register(name, params, translated, summary=summary, result=result)
