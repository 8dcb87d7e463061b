"""An answer that shows a secret once is repeated for who asked alone: its route is one of those that `idempotency.whose` binds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from burnish_gateway.idempotency import OF_ONE_CALLER, SHOWS_A_SECRET

OPENAPI = json.loads((Path(__file__).parents[2] / "docs/reference/openapi.json").read_text())

SECRETS = {"secret", "token", "key", "api_key", "password"}

NO_SECRET = {"/v1/executions": "a token of an answer, with its probability"}
"""Routes with such a field that is none."""

WITHOUT_A_KEY = "sign-in"
"""Whoever signs in has no workspace yet: these routes take no Idempotency-Key."""


def fields_of(schema: Any, *, within: frozenset[str] = frozenset()) -> Iterator[str]:
    """Names of all fields, at any depth."""
    if not isinstance(schema, dict):
        return
    if (name := schema.get("$ref")) is not None:
        if name not in within:
            yield from fields_of(OPENAPI["components"]["schemas"][name.rpartition("/")[2]], within=within | {name})
        return
    for field, value in schema.get("properties", {}).items():
        yield field
        yield from fields_of(value, within=within)
    for inner in (schema.get("items"), *schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from fields_of(inner, within=within)


def shows_a_secret(operation: Any) -> bool:
    bodies = [body for status, one in operation["responses"].items() if status[0] == "2" for body in one.get("content", {}).values()]
    return any(not SECRETS.isdisjoint(fields_of(body.get("schema"))) for body in bodies)


def test_every_post_that_shows_a_secret_once_repeats_it_for_who_asked_alone() -> None:
    posts = {path: one["post"] for path, one in OPENAPI["paths"].items() if "post" in one and WITHOUT_A_KEY not in one["post"]["tags"]}
    showing = {path for path, one in posts.items() if shows_a_secret(one)} - set(NO_SECRET)
    assert {"/v1/api-keys", *SHOWS_A_SECRET} <= showing, "what is looked for is found"
    assert {path for path in showing - SHOWS_A_SECRET if OF_ONE_CALLER.isdisjoint(posts[path]["tags"])} == set()
