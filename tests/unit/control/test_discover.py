"""The daemon's description of itself."""

import json
from typing import Any

import scheduler_daemon
from scheduler_daemon.control.discover import register_discover
from scheduler_daemon.control.registry import Caller, Params, Registry
from scheduler_daemon.model.job import Job
from tests.unit.control.conftest import Ask


class NewJob(Params):
    """Params with a nested model."""

    job: Job
    dry_run: bool = False


def _document(registry: Registry, ask: Ask) -> dict[str, Any]:
    def create(params: NewJob, _caller: Caller) -> dict[str, Any]:
        return params.job.to_dict()

    registry.register("jobs.create", NewJob, create, summary="Create a job.", result=list[Job])
    register_discover(registry)
    document: dict[str, Any] = ask('{"jsonrpc":"2.0","method":"rpc.discover","id":1}')["result"]
    return document


def test_discover_describes_every_method(registry: Registry, ask: Ask) -> None:
    """Name, summary, params with schema and need, and a result schema, in OpenRPC's shape."""
    document = _document(registry, ask)
    assert document["openrpc"].startswith("1.")
    assert document["info"] == {"title": "ccschedd", "version": scheduler_daemon.__version__}
    methods = {method["name"]: method for method in document["methods"]}
    assert set(methods) == {method.name for method in registry}
    assert methods["subtract"] == {
        "name": "subtract",
        "summary": "Subtract.",
        "paramStructure": "either",
        "params": [
            {"name": "minuend", "required": True, "schema": {"title": "Minuend", "type": "integer"}},
            {"name": "subtrahend", "required": True, "schema": {"title": "Subtrahend", "type": "integer"}},
        ],
        "result": {"name": "result", "schema": {"type": "integer"}},
    }
    assert methods["get_data"]["result"]["schema"] == {}
    job, dry_run = methods["jobs.create"]["params"]
    assert (job["required"], dry_run["required"]) == (True, False)


def test_every_reference_in_the_document_leads_somewhere(registry: Registry, ask: Ask) -> None:
    """Schemas that are shared are in the components, and no other place is referred to."""
    document = _document(registry, ask)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    references = _references(json.loads(json.dumps(document)))
    assert references
    assert references <= known


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(child) for child in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(child) for child in node))
    return set()
