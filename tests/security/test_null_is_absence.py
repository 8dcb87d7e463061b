"""Null for an optional field of a body that can't be null is as if the field were not there, at every route of the OpenAPI document."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.security.conftest import World
from tests.security.tenants import make_tenant
from tests.security.world import Route, as_usual, bodies

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-08")]


async def test_every_optional_field_takes_null_as_absence(world: World) -> None:
    delta = await make_tenant(world.stack, "delta")
    refused: dict[str, str] = {}
    asked = 0
    for route in world.routes:
        for field in _optional(world.document, route):
            right = bodies(delta.own).get(route.name) or {}
            if field in right:
                continue
            asked += 1
            raw = json.dumps({**right, field: None}).encode()
            answer = as_usual(await delta.who_may(route)(route.method, route.url(delta.own), raw=raw))
            if answer.status == 422 and answer.body["error"]["param"] == field:
                refused[f"{route.name}: {field}"] = answer.body["error"]["message"]
    assert asked > 150
    assert not refused


def _optional(document: dict[str, Any], route: Route) -> Iterator[str]:
    """Fields of the route's body that need not be there and are not said to take null."""
    if not route.has_body or route.method == "DELETE":
        return
    content = document["paths"][route.path][route.method.lower()]["requestBody"]["content"]
    schema = _meant(document, content.get("application/json", {}).get("schema", {}))
    for one in schema.get("anyOf", schema.get("oneOf", [schema])):
        body = _meant(document, one)
        for field, said in body.get("properties", {}).items():
            kinds = [_meant(document, kind).get("type") for kind in said.get("anyOf", [said])]
            if field not in body.get("required", []) and "null" not in kinds:
                yield field


def _meant(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
