"""Every route of the OpenAPI document, asked for another tenant's things (PROMISES T-01)."""

import json
from typing import Any

import pytest

from burnish_shared.db.session import Database
from tests.security.asking import at_once, ids, plain, rows_of
from tests.security.conftest import World
from tests.security.tenants import Tenant, make_tenant
from tests.security.world import QUERY_PARAMETERS, UNKEYED, Route, absent, bodies

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("T-01")]

NAMES_GIVEN = {
    "POST /v1/prompts": "slug",
    "POST /v1/models": "model",
    "PUT /v1/prompts/{slug}/labels/{label}": "label",
    "PUT /v1/chains/{slug}/labels/{label}": "label",
    "PUT /v1/metrics/{metric}": "metric",
    "POST /v1/execution-groups/{group_key}/prompt": "slug",
}
"""Where a caller chooses a name: one that another tenant uses is as free as one that nobody uses."""

GIVEN_ONCE = {"POST /v1/execution-groups/{group_key}/prompt"}
"""A group becomes a prompt once, so its second call cannot be compared with its first."""

NOTHING_IS_AN_ANSWER = {
    "POST /v1/feedback",
    "POST /v1/feedback/batch",
    "GET /v1/prompts/{slug}/labels/{label}/history",
    "GET /v1/prompts/{slug}/labels/{label}/protection",
    "GET /v1/chains/{slug}/labels/{label}/history",
    "POST /v1/erasures",
    "PUT /v1/presence",
}
"""Feedback may come before its execution; a label that never was has an empty history and, where the workspace
does not protect it, no protection; who left no trace is erased as well; presence takes
any name, tells only who of the own workspace said the same one, and asks nothing of prompts."""

NOT_READY = {
    "GET /v1/erasures/{erasure_id}/receipt": 409,
    "GET /v1/messages/batches/{batch_id}/results": 409,
    "DELETE /v1/workspaces/{workspace_id}": 422,
    "GET /v1/workspaces/{workspace_id}/erasure": 404,
    "GET /v1/workspaces/{workspace_id}/erasure/receipt": 404,
    "GET /v1/test-runs/{run_id}/compare/{base_id}": 409,
    "GET /v1/test-runs/{run_id}/compare/{base_id}/items": 409,
    "GET /v1/test-runs/{run_id}/compare/{base_id}/items/{item_id}": 409,
}
"""What comes when other services have done their part, and how it is answered until then."""


@pytest.mark.promise("T-01", "G-17")
async def test_another_tenants_things_are_answered_for_as_if_they_were_not_there(world: World) -> None:
    """Beta calls every route about its own things, with one of them at a time replaced: by alpha's, and by one that nobody has."""
    before = await rows_of(world, world.alpha.admin.workspace.workspace_id)
    wrong: dict[str, Any] = {}
    tried = 0

    async def ask(route: Route, name: str) -> None:
        nonlocal tried
        nothing = absent()
        foreign = await world.beta.call(route, own=world.beta.own | {name: world.alpha.own[name]})
        missing = await world.beta.call(route, own=world.beta.own | {name: nothing[name]})
        told, expected = plain(foreign, world.alpha.own[name]), plain(missing, nothing[name])
        tried += 1
        if told != expected or world.alpha.secret in foreign.raw.decode():
            wrong[f"{route.name} with {name}"] = (told, expected)
        elif foreign.status < 400 and route.name not in NOTHING_IS_AN_ANSWER:
            wrong[f"{route.name} with {name}"] = foreign.status
        elif foreign.status in {400, 401, 403, 405, 422, 429} or foreign.status >= 500:
            wrong[f"{route.name} with {name}: never came to look"] = (foreign.status, foreign.body)

    known = [(route, name) for route in _of_tenants(world) for name in sorted(route.names()) if NAMES_GIVEN.get(route.name) != name]
    await at_once([ask(route, name) for route, name in known])
    assert not wrong, json.dumps(wrong, indent=1, default=str)
    assert tried > 45
    assert await rows_of(world, world.alpha.admin.workspace.workspace_id) == before


async def test_filters_and_cursors_of_another_tenant_find_nothing(world: World) -> None:
    wrong: dict[str, Any] = {}

    async def ask(route: Route, parameter: str) -> None:
        name = QUERY_PARAMETERS[parameter]
        nothing = absent()[name]
        foreign = await world.beta.call(route, query=f"?{parameter}={world.alpha.own[name]}")
        missing = await world.beta.call(route, query=f"?{parameter}={nothing}")
        if plain(foreign, world.alpha.own[name]) != plain(missing, nothing) or world.alpha.secret in foreign.raw.decode():
            wrong[f"{route.name}?{parameter}"] = (foreign.body, missing.body)

    async def turn_the_page(route: Route) -> None:
        nonlocal turned
        first = await world.alpha.call(route, query="?limit=1")
        cursor = first.body.get("next_cursor") if isinstance(first.body, dict) else None
        if cursor is None:
            return
        turned += 1
        answer = await world.beta.call(route, query=f"?cursor={cursor}")
        if answer.status not in {404, 422} or world.alpha.secret in answer.raw.decode():
            wrong[f"{route.name}?cursor"] = (answer.status, answer.body)

    turned = 0
    reads = [one for one in _of_tenants(world) if one.method == "GET" and one.rule != "anyone"]
    await at_once([ask(route, parameter) for route in reads for parameter in route.query if parameter in QUERY_PARAMETERS])
    await at_once([turn_the_page(route) for route in reads if "cursor" in route.query])
    assert not wrong, wrong
    assert turned > 3


async def test_lists_of_one_tenant_hold_nothing_of_the_other(world: World) -> None:
    """And hold one's own, so that an empty list does not pass for an isolated one."""
    wrong: dict[str, Any] = {}
    seen = 0
    await _set_digest(world.beta)

    async def ask(route: Route) -> None:
        nonlocal seen
        answer = await world.beta.call(route)
        text = answer.raw.decode()
        seen += any(one in text for one in (world.beta.secret, world.beta.own["slug"], *world.beta.own.values()))
        if answer.status != NOT_READY.get(route.name, 200) or world.alpha.secret in text or any(one in text for one in ids(world)):
            wrong[route.name] = (answer.status, text[:300])

    await at_once([ask(route) for route in _of_tenants(world) if route.method == "GET" and route.rule != "anyone"])
    assert not wrong, wrong
    assert seen > 25


async def test_a_name_that_another_tenant_uses_is_free(world: World) -> None:
    wrong: dict[str, Any] = {}
    for route in world.routes:
        if route.name in NAMES_GIVEN:
            name, nothing = NAMES_GIVEN[route.name], absent()
            taken = await world.beta.call(route, own=world.beta.own | {name: world.alpha.own[name]})
            free = await world.beta.call(route, own=world.beta.own | {name: nothing[name]})
            same = route.name in GIVEN_ONCE or plain(taken, world.alpha.own[name]) == plain(free, nothing[name])
            if taken.status >= 300 or not same:
                wrong[route.name] = (plain(taken, world.alpha.own[name]), plain(free, nothing[name]))
    assert not wrong, wrong


async def test_two_tenants_with_the_same_names_get_their_own_answers_whatever_is_cached(world: World) -> None:
    """The same slug, label and version in both workspaces, asked for in turns while the label moves."""
    tenants = {tenant.secret: tenant for tenant in (world.alpha, world.beta)}
    for secret, tenant in tenants.items():
        prompt = {"slug": "same-desk", "messages": [{"role": "user", "content": f"{secret} {{{{name}}}}"}], "model": "simulated/chat"}
        assert (await tenant.admin("POST", "/v1/prompts", prompt)).status == 201
    crossed: list[str] = []

    async def ask(n: int) -> None:
        secret, other = (world.alpha.secret, world.beta.secret)[:: 1 if n % 2 else -1]
        tenant, kind = tenants[secret], n % 7
        if kind == 0:
            answer = await tenant.admin("PUT", "/v1/prompts/same-desk/labels/live", {"version": 1})
        elif kind == 1:
            answer = await tenant.admin("POST", "/v1/executions", {"prompt": "same-desk", "variables": {"name": "Ada"}})
            answer = await tenant.admin("GET", f"/v1/executions/{answer.body['id']}")
        elif kind in {2, 3}:
            answer = await tenant.admin("POST", "/v1/prompts/same-desk/render", {"variables": {"name": "Ada"}, "version": 1})
        else:
            answer = await tenant.admin("GET", "/v1/prompts/same-desk" + ("?label=production" if kind == 4 else ""))
        text = answer.raw.decode()
        if answer.status >= 400 or other in text or (kind != 0 and secret not in text):
            crossed.append(f"{n} {answer.status} {text[:200]}")

    await at_once([ask(n) for n in range(350)])
    assert not crossed, crossed[:5]


async def test_one_idempotency_key_serves_two_tenants_apart(world: World) -> None:
    body = {"name": "same", "items": [{"input": "x", "expected": "y"}]}
    answers = [await one.admin("POST", "/v1/datasets", body, headers={"idempotency-key": "the-same"}) for one in (world.alpha, world.beta)]
    assert [one.status for one in answers] == [201, 201]
    assert answers[0].body["id"] != answers[1].body["id"] and "idempotent-replayed" not in answers[1].headers


@pytest.mark.promise("T-02", "T-04")
async def test_the_database_itself_shows_a_gateway_one_tenant_only(world: World) -> None:
    """The second wall: the same rows, asked for without any WHERE, as the gateway's login in beta's workspace."""
    alpha, beta = (one.admin.workspace.workspace_id for one in (world.alpha, world.beta))
    database = await Database.open(world.stack.urls["gateway"], application_name="test")
    populated = {table for table, (_, n) in (await rows_of(world, alpha)).items() if n}
    shown: dict[str, set[Any]] = {}
    async with database.unit_of_work(workspace=beta, read_only=True) as tx:
        for table in sorted(populated):
            if await tx.fetchval("SELECT has_table_privilege($1, 'SELECT')", table):
                shown[table] = {row[0] for row in await tx.fetch(f"SELECT DISTINCT workspace_id FROM {table}")}
    await database.close()
    assert len(shown) > 20
    assert not {table: found for table, found in shown.items() if found - {beta}}


async def test_ones_own_key_opens_every_route(world: World) -> None:
    """Of a tenant made for this, because it also deletes. Proves that the calls above failed by their key and not by their shape."""
    wrong: dict[str, Any] = {}
    tenant = await make_tenant(world.stack, "eta")
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answers = {
            route.name: await tenant.call(route) for route in world.routes if route.method == method and not UNKEYED & set(route.tags)
        }
        bad = {400, 401, 403, 404, 405, 413, 415, 422, 429} if method != "GET" else set(range(201, 600))
        wrong |= {
            name: (one.status, one.body)
            for name, one in answers.items()
            if (one.status in bad or one.status >= 500) and one.status != NOT_READY.get(name)
        }
    assert not wrong, wrong


READS_THAT_ARE_NOTED = {
    "GET /v1/export",  # of such weight that the audit log says who made it
    "GET /v1/inbox",  # asked by somebody who signed in: when the session was last used
}
"""The note is all that they write."""


@pytest.mark.promise("T-07")
async def test_reads_cannot_write(world: World) -> None:
    """All of the above went through units of work that were watched."""
    assert len(world.reads) > 30
    assert not world.writing_reads - READS_THAT_ARE_NOTED, world.writing_reads


async def _set_digest(tenant: Tenant) -> None:
    """A workspace has one, and whoever was let in to delete it has, in whichever test came before."""
    schedule = "PUT /v1/reports/schedule"
    assert (await tenant.admin(*schedule.split(), bodies(tenant.own)[schedule])).status < 300


def _of_tenants(world: World) -> list[Route]:
    """Routes that are about a workspace. The operator acts on all of them, and signing in comes before any."""
    return [route for route in world.routes if route.rule != "operator" and not UNKEYED & set(route.tags)]
