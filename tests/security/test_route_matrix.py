"""Every route × every kind of caller, generated from the OpenAPI document (PROMISES T-01): the rule that a route states there is the rule
that it keeps, and the one that people wrote down in `rules.py`."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from burnish_gateway.access.scopes import SCOPES
from burnish_gateway.describe_routes import RULES
from tests.embedded.stack import Caller
from tests.embedded.superuser import as_superuser
from tests.security.asking import at_once, ids, is_error, plain, rows_of
from tests.security.callers import Callers, make_callers
from tests.security.conftest import World
from tests.security.rules import EXPECTED, expected
from tests.security.world import HARMLESS_QUERY, QUERY_PARAMETERS, Route, absent, bodies, refusal_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("T-01"), pytest.mark.capability("T1", "T2")]


WORDS = {"viewer": "viewer", "editor": "editor", "prompt_editor": "editor", "admin": "admin", "operator": "", "person": "signed in"}
"""Rule → what a refusal says of it. (An operator's route may also ask for an admin.)"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def callers(world: World) -> AsyncIterator[Callers]:
    yield await make_callers(world.stack, world.alpha.admin.workspace)


async def test_every_route_is_known_here(world: World) -> None:
    """A new route is covered by itself once its parameters and its body are known; until then this fails."""
    unknown = [
        f"PATH_PARAMETERS of {name} ({route.name})"
        for route in world.every_route
        for name in route.path_parameters
        if not route.knows(name)
    ]
    unknown += [
        f"QUERY_PARAMETERS or HARMLESS_QUERY of {name} ({route.name})"
        for route in world.every_route
        for name in route.query
        if name not in QUERY_PARAMETERS and name not in HARMLESS_QUERY
    ]
    unknown += [f"bodies() of {route.name}" for route in world.every_route if route.has_body and route.name not in bodies(absent())]
    assert not unknown, "teach tests/security/world.py:\n" + "\n".join(unknown)
    assert len(world.every_route) > 50


async def test_every_route_states_the_rule_that_was_written_down_for_it(world: World) -> None:
    wrong = [
        f"{route.name} states {route.rule or 'no rule'}, tests/security/rules.py expects {expected(route.name) or 'nothing: add a line'}"
        for route in world.every_route
        if route.rule is None or route.rule != expected(route.name)
    ]
    assert not wrong, "\n".join(wrong)
    assert {rule for _, rule in EXPECTED} <= set(RULES)


async def test_every_route_that_needs_a_caller_states_a_scope_that_exists(world: World) -> None:
    wrong = [
        f"{route.name} ({', '.join(route.tags)}): {route.scope}"
        for route in world.routes
        if (route.scope is None) != (route.rule in ("anyone", "person") or "sign-in" in route.tags)
        or (route.scope and route.scope not in SCOPES)
    ]
    assert not wrong, "give the tag a place in AREAS of burnish_gateway/access/scopes.py:\n" + "\n".join(wrong)


async def test_without_a_key_nothing_is_told(world: World) -> None:
    told: dict[str, Any] = {}

    async def ask(route: Route) -> None:
        nobody = replace(world.alpha.admin, key="")
        answers = [await world.alpha.call(route, key=nobody), await world.alpha.call(route, key=nobody, own=absent())]
        if route.rule != "anyone" and not all(one.status == 401 and is_error(one) for one in answers):
            told[route.name] = [(one.status, one.body) for one in answers]
        if world.alpha.secret in answers[0].raw.decode() or any(one in answers[0].raw.decode() for one in ids(world)):
            told[route.name] = "tells of a tenant"

    await at_once([ask(route) for route in world.routes])
    assert not told, told


async def test_a_revoked_and_an_expired_key_open_nothing(world: World) -> None:
    wrong: dict[str, Any] = {}

    async def ask(route: Route) -> None:
        answers = [await world.alpha.call(route, key=key) for key in (world.alpha.revoked, world.alpha.expired)]
        if any(one.status != 401 for one in answers) or plain(answers[0]) != plain(answers[1]):
            wrong[route.name] = [(one.status, one.body) for one in answers]

    await at_once([ask(route) for route in _needing(world)])
    assert not wrong, wrong


async def test_a_session_that_is_over_opens_nothing(world: World, callers: Callers) -> None:
    wrong: dict[str, Any] = {}

    async def ask(route: Route) -> None:
        answers = [await world.alpha.call(route, key=key) for key in callers.over]
        if any(one.status != 401 for one in answers) or plain(answers[0]) != plain(answers[1]):
            wrong[route.name] = [(one.status, one.body) for one in answers]

    await at_once([ask(route) for route in _needing(world)])
    assert not wrong, wrong


async def test_a_session_without_its_csrf_token_changes_nothing(world: World, callers: Callers) -> None:
    """An operator's session, so that nothing else would refuse it."""
    wrong: dict[str, Any] = {}

    async def ask(route: Route) -> None:
        for key in callers.forged:
            answer = await world.alpha.call(route, key=key)
            if answer.status != 403 or answer.body["error"]["code"] != "csrf":
                wrong[route.name] = (answer.status, answer.body)

    before = await rows_of(world, world.alpha.admin.workspace.workspace_id)
    await at_once([ask(route) for route in _needing(world) if route.method != "GET"])
    assert not wrong, wrong
    assert await rows_of(world, world.alpha.admin.workspace.workspace_id) == before


async def test_each_caller_is_let_in_where_the_rule_says_so_and_nowhere_else(world: World, callers: Callers) -> None:
    """Asked about things that nobody has, so that who is let in finds nothing. Who is not let in changes nothing."""
    wrong: dict[str, Any] = {}

    async def ask(route: Route, name: str) -> None:
        asker = callers.askers[name]
        answer = await world.alpha.call(route, key=asker.caller, own=absent())
        if (answer.status == 403) == asker.may(route.rule or ""):
            wrong[f"{route.name} ({route.rule}) for {name}"] = (answer.status, answer.body)
        elif answer.status == 401 or (answer.status == 403 and WORDS[route.rule or ""] not in answer.body["error"]["message"]):
            wrong[f"{route.name} for {name}"] = (answer.status, answer.body)

    refused = [(route, name) for route in _needing(world) for name, one in callers.askers.items() if not one.may(route.rule or "")]
    before = await rows_of(world, world.alpha.admin.workspace.workspace_id)
    await at_once([ask(route, name) for route, name in refused])
    assert await rows_of(world, world.alpha.admin.workspace.workspace_id) == before
    let_in = [(route, name) for route in _guarded(world) for name, one in callers.askers.items() if one.may(route.rule or "")]
    await at_once(
        [ask(route, name) for route, name in let_in if route.method != "GET" or callers.askers[name].is_least_for(route.rule or "")]
    )
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
    assert len(refused) > 35


async def test_a_key_that_is_narrowed_does_what_its_scope_covers_and_nothing_else(world: World, callers: Callers) -> None:
    wrong: dict[str, Any] = {}

    async def ask(route: Route, key: Caller, *, is_covered: bool) -> None:
        answer = await world.alpha.call(route, key=key, own=absent())
        is_refused = answer.status == 403 and answer.body["error"]["param"] != "scopes"  # a narrowed key that would make a wider one
        named = not is_refused or str(route.scope) in answer.body["error"]["message"]
        if is_refused == is_covered or answer.status == 401 or not named:
            wrong[f"{route.name}, {'only' if is_covered else 'all but'} {route.scope}"] = (answer.status, answer.body)

    scoped = [(route, route.scope) for route in _guarded(world) if route.scope is not None]
    before = await rows_of(world, world.alpha.admin.workspace.workspace_id)
    await at_once([ask(route, callers.all_but[scope], is_covered=False) for route, scope in scoped])
    assert await rows_of(world, world.alpha.admin.workspace.workspace_id) == before
    await at_once([ask(route, callers.only[scope], is_covered=True) for route, scope in scoped])
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


async def test_where_only_admins_change_prompts_editors_do_not(world: World) -> None:
    admin = await world.stack.caller()
    editor = await world.stack.caller(role="editor", workspace=admin.workspace)
    await _set_workspace(world, admin, "only_admins_change_prompts = true")
    routes = [route for route in world.routes if route.rule == "prompt_editor"]
    answers = {route.name: await world.alpha.call(route, key=editor, own=absent()) for route in routes}
    assert {name: one.status for name, one in answers.items() if one.status != 403} == {}
    answers = {route.name: await world.alpha.call(route, key=admin, own=absent()) for route in routes}
    assert {name: one.status for name, one in answers.items() if one.status == 403} == {}
    assert len(routes) > 4


def _needing(world: World) -> list[Route]:
    """Routes that need a caller."""
    return [route for route in world.routes if route.rule != "anyone"]


def _guarded(world: World) -> list[Route]:
    """Those of them that do not sign somebody in or out."""
    return [route for route in _needing(world) if "sign-in" not in route.tags]


async def _set_workspace(world: World, caller: Caller, change: str) -> None:
    """As an admin's setting would, with the note that makes gateways forget."""
    async with as_superuser(world.stack.urls["superuser"]) as connection:
        workspace_id = caller.workspace.workspace_id
        await connection.execute(f"UPDATE workspaces SET {change} WHERE workspace_id = $1", workspace_id)
        await connection.execute("SELECT note_change($1, 'workspace', $2)", workspace_id, str(workspace_id))


async def test_what_is_read_refuses_parameters_that_it_does_not_know(world: World) -> None:
    """A misspelt filter would find everything, and look like an answer."""
    wrong: dict[str, Any] = {}

    async def ask(route: Route) -> None:
        caller = world.alpha.admin
        answer = await caller("GET", f"{route.url(world.alpha.own)}?lable=production")
        if (answer.status, answer.body["error"]["param"] if is_error(answer) else None) != (refusal_of(route), "lable"):
            wrong[route.name] = (answer.status, answer.body)

    asked = [one for one in world.routes if one.method == "GET" and one.rule in ("viewer", "editor", "admin") and one.path != "/v1/models"]
    await at_once([ask(route) for route in asked])
    assert not wrong and len(asked) > 60, wrong
