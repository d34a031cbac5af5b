"""``rpc.discover``: the daemon's own description, as an OpenRPC document.

The form is that of https://spec.open-rpc.org (1.3.2).
"""

from typing import Any, Literal

from pydantic import TypeAdapter

import scheduler_daemon
from scheduler_daemon.control.registry import Caller, Method, NoParams, Registry

_REFS = "#/components/schemas/{model}"


def register_discover(registry: Registry) -> None:
    """Add ``rpc.discover``; it describes whatever the registry holds when it is called."""

    def discover(_params: NoParams, _caller: Caller) -> dict[str, Any]:
        return openrpc(registry)

    registry.register("rpc.discover", NoParams, discover, summary="Describe this service in OpenRPC.")


def openrpc(registry: Registry) -> dict[str, Any]:
    """The OpenRPC document of the registry's methods, in the order of their names."""
    wanted: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = []
    for method in registry:
        wanted.append((method.name, "validation", TypeAdapter(method.params)))
        if method.result is not None:
            wanted.append((method.name, "serialization", TypeAdapter(method.result)))
    schemas, shared = TypeAdapter.json_schemas(wanted, ref_template=_REFS)
    definitions: dict[str, Any] = shared.get("$defs", {})
    return {
        "openrpc": "1.3.2",
        "info": {"title": "ccschedd", "version": scheduler_daemon.__version__},
        "methods": [
            _described(
                method,
                _resolved(schemas[method.name, "validation"], definitions),
                schemas.get((method.name, "serialization"), {}),
            )
            for method in registry
        ],
        "components": {"schemas": definitions},
    }


def _described(method: Method, params: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    required = params.get("required", [])
    return {
        "name": method.name,
        "summary": method.summary,
        "paramStructure": "either",
        # OpenRPC wants those that are required first, but the order is also that of params by position.
        "params": [
            {"name": name, "required": name in required, "schema": schema}
            for name, schema in params.get("properties", {}).items()
        ],
        "result": {"name": "result", "schema": result},
    }


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    resolved: dict[str, Any] = definitions[reference.rpartition("/")[2]]
    return resolved
