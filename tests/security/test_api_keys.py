"""API keys: what may be given to them, how one replaces another, when they were last used (PRODUCT T2)."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from burnish_gateway.access.scopes import SCOPES
from tests.embedded.held_back import WAITING
from tests.embedded.signed_in import sign_in
from tests.embedded.stack import Answer, Caller
from tests.embedded.superuser import as_superuser
from tests.integration.bus_parts import until
from tests.pace import comes_within
from tests.security.conftest import World

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]

KEYS = "/v1/api-keys"
HELLO = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello."}]}


async def _made(maker: Caller, **wish: Any) -> tuple[Caller, Any]:
    """A caller with a new key, and what was answered."""
    answer = await maker("POST", KEYS, {"name": "made", **wish})
    assert answer.status == 201, answer.body
    return replace(maker, key=answer.body["key"]), answer.body


async def test_a_key_says_what_it_may_and_who_made_it(world: World) -> None:
    admin = await world.stack.caller()
    ends = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    wish = {"role": "viewer", "scopes": ["prompts:read", "executions:read", "prompts:read"], "rate_limit_per_minute": 7, "expires_at": ends}
    caller, made = await _made(admin, **wish, budget={"limit_nusd": 1_000, "period": "day"})
    listed = (await admin("GET", KEYS)).body["data"]
    one = (await admin("GET", f"{KEYS}/{made['id']}")).body
    assert listed[0] == one == {name: value for name, value in made.items() if name != "key"}
    assert one["role"] == "viewer" and one["scopes"] == ["executions:read", "prompts:read"] and one["rate_limit_per_minute"] == 7
    assert one["created_by"] == f"api_key:{listed[1]['id']}" and not one["is_operator"] and one["last_used_at"] is None
    (budget,) = one["budgets"]
    assert (budget["limit_nusd"], budget["period"], budget["spent_nusd"]) == (1_000, "day", 0)
    assert (await caller("GET", "/v1/prompts")).status == 200
    assert (await caller("GET", "/v1/models")).status == 403


async def test_a_scope_that_does_not_exist_is_named(world: World) -> None:
    admin = await world.stack.caller()
    answer = await admin("POST", KEYS, {"name": "x", "scopes": ["prompts:read", "prompts:admin"]})
    assert answer.status == 422 and answer.body["error"]["param"] == "scopes" and "prompts:admin" in answer.body["error"]["message"]


@pytest.mark.promise("G-04")
async def test_a_narrowed_key_gets_no_wider_one_by_repeating_what_an_admin_asked(world: World) -> None:
    """The answer that is kept shows the key: a repeat of somebody else's request is no request of theirs."""
    admin = await world.stack.caller()
    narrow, _ = await _made(admin, role="admin", scopes=["access:write", "access:read"])
    _, wide = await _made(admin, role="admin")
    once, path = {"idempotency-key": "monthly"}, f"{KEYS}/{wide['id']}/rotate"
    made = await admin("POST", path, headers=once)
    repeated = await narrow("POST", path, headers=once)
    assert made.status == 201 and repeated.status in (403, 422) and "bk_live_" not in repeated.raw.decode()
    own = await admin("POST", path, headers=once)
    assert own.status == 201 and own.raw == made.raw


@pytest.mark.promise("G-04")
async def test_nobody_gets_the_secret_of_an_inbound_endpoint_by_repeating_what_another_key_asked(world: World) -> None:
    admin = await world.stack.caller()
    narrow, _ = await _made(admin, role="admin", scopes=["feedback:read", "feedback:write", "access:write"])
    once, body = {"idempotency-key": "survey"}, {"name": "survey", "mapping": {"execution_id": "data.id", "thumb": "data.liked"}}
    made = await admin("POST", "/v1/inbound-endpoints", body, headers=once)
    assert made.status == 201, made.body
    path = f"/v1/inbound-endpoints/{made.body['id']}/rotate-secret"
    rotated = await admin("POST", path, {"overlap_hours": 1}, headers=once)
    assert rotated.status == 200, rotated.body
    for answer, repeat in ((made, ("/v1/inbound-endpoints", body)), (rotated, (path, {"overlap_hours": 1}))):
        repeated = await narrow("POST", *repeat, headers=once)
        assert repeated.status in (403, 422) and answer.body["secret"] not in repeated.raw.decode(), repeated.body
        assert (await admin("POST", *repeat, headers=once)).raw == answer.raw


@pytest.mark.promise("G-04")
async def test_a_key_that_takes_the_place_of_another_repeats_what_that_one_asked(world: World) -> None:
    admin = await world.stack.caller()
    asks, first = await _made(admin, role="admin")
    once = {"idempotency-key": "make-other"}
    made = await asks("POST", KEYS, {"name": "other"}, headers=once)
    successor = (await admin("POST", f"{KEYS}/{first['id']}/rotate")).body
    again = await replace(asks, key=successor["key"])("POST", KEYS, {"name": "other"}, headers=once)
    assert made.status == 201 and again.raw == made.raw


async def test_a_narrowed_key_makes_no_wider_one(world: World) -> None:
    admin = await world.stack.caller()
    narrow, _ = await _made(admin, role="admin", scopes=["access:write", "access:read", "prompts:read"])
    assert (await narrow("POST", KEYS, {"name": "all"})).status == 403
    assert (await narrow("POST", KEYS, {"name": "wider", "scopes": ["prompts:read", "prompts:write"]})).status == 403
    assert (await narrow("POST", KEYS, {"name": "narrower", "scopes": ["prompts:read"]})).status == 201
    ids = {one["name"]: one["id"] for one in (await admin("GET", KEYS)).body["data"]}
    assert (await narrow("POST", f"{KEYS}/{ids['test']}/rotate")).status == 403
    assert (await narrow("POST", f"{KEYS}/{ids['narrower']}/rotate")).status == 201


@pytest.mark.parametrize("limit", [{"rate_limit_per_minute": 60}, {"budget": {"limit_nusd": 10**9, "period": "day"}}])
async def test_a_narrowed_key_with_a_limit_of_its_own_makes_none_beside_it(world: World, limit: dict[str, Any]) -> None:
    admin = await world.stack.caller()
    _, free = await _made(admin, scopes=["prompts:read"])
    narrow, own = await _made(admin, role="admin", scopes=["access:write", "access:read", "prompts:read"], **limit)
    beside = await narrow("POST", KEYS, {"name": "beside", "scopes": ["prompts:read"]})
    assert (beside.status, "of its own" in beside.body["error"]["message"]) == (403, True), beside.body
    assert (await narrow("POST", f"{KEYS}/{free['id']}/rotate")).status == 403, "nor the text of another one"
    rotated = await narrow("POST", f"{KEYS}/{own['id']}/rotate")
    assert rotated.status == 201, "both share the limit"
    again = replace(narrow, key=rotated.body["key"])
    assert (await again("POST", KEYS, {"name": "beside", "scopes": ["prompts:read"]})).status == 403


async def test_a_narrowed_key_makes_nobody_an_admin_by_another_way(world: World) -> None:
    """Each of these would end with a key or a person that may all that an admin may."""
    admin = await world.stack.caller()
    narrow, _ = await _made(admin, role="admin", scopes=["access:write", "access:read"])
    _, member = await sign_in(world.stack, admin.workspace, role="viewer")
    calls: tuple[tuple[str, str, Any], ...] = (
        ("POST", "/v1/workspaces", {"name": "mine"}),
        ("POST", "/v1/invitations", {"email": "me@example.com", "role": "admin"}),
        ("PATCH", f"/v1/members/{member}", {"role": "admin"}),
    )
    assert [(await narrow(*call)).status for call in calls] == [403] * 3
    whole, _ = await _made(admin, role="admin", scopes=list(SCOPES))
    assert [(await whole(*call)).status for call in calls] == [201, 201, 200]


async def test_a_key_makes_none_that_outlives_it(world: World) -> None:
    admin = await world.stack.caller()
    ends = datetime.now(UTC) + timedelta(hours=1)
    short, _ = await _made(admin, role="admin", expires_at=ends.isoformat())
    assert (await short("POST", KEYS, {"name": "for ever"})).status == 403
    assert (await short("POST", KEYS, {"name": "longer", "expires_at": (ends + timedelta(seconds=1)).isoformat()})).status == 403
    assert (await short("POST", KEYS, {"name": "as long", "expires_at": ends.isoformat()})).status == 201
    assert (await admin("POST", KEYS, {"name": "over", "expires_at": "2020-01-01T00:00:00Z"})).status == 422
    _, other = await _made(admin, role="admin")
    for later in ({}, {"expires_at": (ends + timedelta(seconds=1)).isoformat()}):
        assert (await short("POST", f"{KEYS}/{other['id']}/rotate", later)).status == 403, "nor by putting one in another's place"
    assert (await short("POST", f"{KEYS}/{other['id']}/rotate", {"expires_at": ends.isoformat()})).status == 201


@pytest.mark.parametrize("role", ["editor", "viewer"])
async def test_only_admins_have_to_do_with_keys(world: World, role: str) -> None:
    admin = await world.stack.caller()
    other = await world.stack.caller(role=role, workspace=admin.workspace)
    _, made = await _made(admin)
    calls: tuple[tuple[str, str, Any], ...] = (
        ("POST", KEYS, {"name": "x", "role": "viewer"}),
        ("GET", KEYS, None),
        ("GET", f"{KEYS}/{made['id']}", None),
        ("PATCH", f"{KEYS}/{made['id']}", {"name": "y"}),
        ("POST", f"{KEYS}/{made['id']}/rotate", None),
        ("DELETE", f"{KEYS}/{made['id']}", None),
    )
    assert [(await other(*call)).status for call in calls] == [403] * len(calls)


async def test_a_limit_has_a_shorter_name_too(world: World) -> None:
    admin = await world.stack.caller()
    named = (await _made(admin, role="user"))[1]
    assert named["role"] == "editor", "`user` is another word for it, as of a member"
    _, made = await _made(admin, rate_limit=7)
    assert made["rate_limit_per_minute"] == 7
    both = await admin("POST", KEYS, {"name": "both", "rate_limit": 7, "rate_limit_per_minute": 7})
    assert (both.status, both.body["error"]["param"]) == (422, "rate_limit")


async def test_a_rotated_key_works_beside_the_new_one_until_the_overlap_is_over(world: World) -> None:
    admin = await world.stack.caller()
    old, made = await _made(admin, role="editor", scopes=["prompts:read", "executions:write"], rate_limit_per_minute=9)
    answer = await admin("POST", f"{KEYS}/{made['id']}/rotate", {"overlap_hours": 1})
    assert answer.status == 201, answer.body
    new = replace(admin, key=answer.body["key"])
    assert answer.body["replaces"] == made["id"] and answer.body["id"] != made["id"] and answer.body["expires_at"] is None
    for field in ("name", "role", "scopes", "rate_limit_per_minute"):
        assert answer.body[field] == made[field]
    left = datetime.fromisoformat(answer.body["replaced_expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left < timedelta(minutes=61)
    assert [(await one("GET", "/v1/prompts")).status for one in (old, new)] == [200, 200]
    assert (await admin("POST", f"{KEYS}/{made['id']}/rotate")).status == 409  # there would be three
    assert (await admin("POST", f"{KEYS}/{answer.body['id']}/rotate", {"overlap_hours": 0})).status == 201
    assert await _status_becomes(new, 401) and (await old("GET", "/v1/prompts")).status == 200


async def test_a_key_that_is_over_is_not_rotated(world: World) -> None:
    admin = await world.stack.caller()
    _, made = await _made(admin)
    assert (await admin("DELETE", f"{KEYS}/{made['id']}")).status == 204
    assert (await admin("POST", f"{KEYS}/{made['id']}/rotate")).status == 409
    assert (await admin("DELETE", f"{KEYS}/{made['id']}")).status == 204
    revoked = [one for one in (await admin("GET", "/v1/audit?action=api_key.revoked")).body["data"] if one["object_id"] == made["id"]]
    assert len(revoked) == 1


@pytest.mark.capability("B3")
async def test_budget_and_rate_limit_hold_for_a_key_and_its_successor_together(world: World) -> None:
    admin = await world.stack.caller()
    old, made = await _made(admin, budget={"limit_nusd": 1, "period": "month"}, rate_limit_per_minute=600)
    rotated = (await admin("POST", f"{KEYS}/{made['id']}/rotate")).body
    new = replace(admin, key=rotated["key"])
    assert [one["id"] for one in rotated["budgets"]] == [one["id"] for one in made["budgets"]]
    answers: list[Answer] = [await one("POST", "/v1/executions", HELLO) for one in (old, new, admin)]
    assert [one.status for one in answers] == [402, 402, 200]
    assert answers[0].body["error"]["code"] == answers[1].body["error"]["code"] == "budget_exhausted"
    async with as_superuser(world.stack.urls["superuser"]) as connection:
        rates = await connection.fetch(
            "SELECT DISTINCT rate_id FROM api_keys WHERE name = 'made' AND workspace_id = $1", admin.workspace.workspace_id
        )
    assert len(rates) == 1


@pytest.mark.capability("B3")
async def test_a_limit_that_is_changed_holds_at_every_gateway_within_a_second(world: World) -> None:
    admin = await world.stack.caller()
    old, made = await _made(admin, rate_limit_per_minute=1)
    new = replace(admin, key=(await admin("POST", f"{KEYS}/{made['id']}/rotate")).body["key"])
    assert [(await one("POST", "/v1/executions", HELLO)).status for one in (old, new)] == [200, 429]
    answer = await admin("PATCH", f"{KEYS}/{made['id']}", {"rate_limit_per_minute": 600})
    assert answer.status == 200 and answer.body["rate_limit_per_minute"] == 600 and answer.body["name"] == made["name"]
    for caller in (old, new, new.at(world.stack.gateways[-1])):
        assert await _execution_becomes(caller, 200)
    assert (await old("POST", "/v1/executions", HELLO)).headers["ratelimit-limit"] == "600"
    assert (await admin("PATCH", f"{KEYS}/{made['id']}", {"rate_limit": 2})).body["rate_limit_per_minute"] == 2
    assert await _execution_becomes(new, 429), "of the whole line"
    assert (await admin("PATCH", f"{KEYS}/{made['id']}", {"rate_limit_per_minute": None})).body["rate_limit_per_minute"] is None
    assert await _execution_becomes(new, 200)
    entries = [one for one in (await admin("GET", "/v1/audit?action=api_key.limited")).body["data"] if one["object_id"] == made["id"]]
    assert [(one["before"], one["after"]) for one in entries] == [
        ({"rate_limit_per_minute": was}, {"rate_limit_per_minute": now}) for was, now in ((2, None), (600, 2), (1, 600))
    ]


@pytest.mark.capability("B3")
async def test_a_budget_of_a_key_is_made_changed_and_closed_with_it(world: World) -> None:
    admin = await world.stack.caller()
    caller, made = await _made(admin)
    assert (await admin("PATCH", f"{KEYS}/{made['id']}", {"budget": {"limit_nusd": 1, "period": "month"}})).status == 200
    assert await _execution_becomes(caller, 402)
    changed = (await admin("PATCH", f"{KEYS}/{made['id']}", {"budget": {"limit_nusd": 10**9, "period": "month"}})).body
    assert [(one["limit_nusd"], one["period"]) for one in changed["budgets"]] == [(10**9, "month")]
    assert await _execution_becomes(caller, 200)
    both = (await admin("PATCH", f"{KEYS}/{made['id']}", {"name": "both", "budget": {"limit_nusd": 1, "period": "day"}})).body
    assert both["name"] == "both" and {one["period"] for one in both["budgets"]} == {"day", "month"}
    assert await _execution_becomes(caller, 402)
    assert (await admin("PATCH", f"{KEYS}/{made['id']}", {"budget": None})).body["budgets"] == []
    assert await _execution_becomes(caller, 200)


@pytest.mark.capability("B3")
async def test_who_waits_for_a_budget_of_the_key_keeps_no_other_change_waiting(world: World) -> None:
    admin = await world.stack.caller()
    _, made = await _made(admin, rate_limit_per_minute=9, budget={"limit_nusd": 10**6, "period": "month"})
    wish = {"rate_limit_per_minute": 8, "budget": {"limit_nusd": 10**7, "period": "month"}}
    async with as_superuser(world.stack.urls["superuser"]) as other, as_superuser(world.stack.urls["superuser"]) as watching:
        async with other.transaction():
            await other.execute("SELECT FROM burnish.budgets WHERE target_id = $1 FOR UPDATE", made["id"])
            changing = asyncio.create_task(admin("PATCH", f"{KEYS}/{made['id']}", wish))

            async def waits() -> bool:
                return bool(await watching.fetchval(WAITING))

            await until(waits)
            is_free = await other.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('burnish.config_changes'))")
    answer = await changing
    assert is_free, "it would wait for the other, and the other for it"
    assert answer.status == 200 and answer.body["rate_limit_per_minute"] == 8 and answer.body["budgets"][0]["limit_nusd"] == 10**7


@pytest.mark.capability("B3")
async def test_a_key_that_takes_the_place_of_another_as_their_limit_is_changed_has_the_new_one(world: World) -> None:
    admin = await world.stack.caller()
    _, first = await _made(admin, rate_limit_per_minute=9)
    second = (await admin("POST", f"{KEYS}/{first['id']}/rotate")).body
    replaces = (
        "INSERT INTO burnish.api_keys SELECT (jsonb_populate_record(k, $2::text::jsonb)).* FROM burnish.api_keys k "
        "WHERE api_key_id = $1::uuid"
    )
    third = {"api_key_id": str(uuid4()), "prefix": f"bk_live_{uuid4().hex[:12]}", "first_key_id": first["id"]}
    async with as_superuser(world.stack.urls["superuser"]) as other, as_superuser(world.stack.urls["superuser"]) as watching:
        async with other.transaction():
            await other.execute("SELECT FROM burnish.api_keys WHERE api_key_id = $1::text::uuid FOR UPDATE", second["id"])
            await other.execute(replaces, second["id"], json.dumps(third))
            changing = asyncio.create_task(admin("PATCH", f"{KEYS}/{first['id']}", {"rate_limit_per_minute": 8}))

            async def waits() -> bool:
                return bool(await watching.fetchval(WAITING))

            await until(waits)
        assert (await changing).status == 200
        rates = await watching.fetch(
            "SELECT rate_limit_per_minute AS n FROM burnish.api_keys WHERE api_key_id = ANY ($1::text[]::uuid[])",
            [first["id"], second["id"], third["api_key_id"]],
        )
    assert [row["n"] for row in rates] == [8, 8, 8]


async def test_limits_are_changed_by_who_is_not_bound_by_them(world: World) -> None:
    admin = await world.stack.caller()
    narrow, itself = await _made(admin, role="admin", scopes=["access:write", "prompts:read"], rate_limit_per_minute=50)
    free, own = await _made(admin, role="admin", scopes=["access:write", "prompts:read"])
    _, wider = await _made(admin)
    _, within = await _made(admin, scopes=["prompts:read"])
    for caller, key_id, status in (
        (narrow, itself["id"], 403), (narrow, within["id"], 403), (free, own["id"], 403), (free, wider["id"], 403),
        (free, within["id"], 200),
    ):  # fmt: skip
        for body in ({"rate_limit_per_minute": 100}, {"budget": {"limit_nusd": 10**6, "period": "month"}}):
            answer = await caller("PATCH", f"{KEYS}/{key_id}", body)
            assert answer.status == status, (answer.body, key_id, body)
    assert (await narrow("PATCH", f"{KEYS}/{wider['id']}", {"name": "renamed"})).status == 200, "a name binds nobody"
    assert (await admin("DELETE", f"{KEYS}/{wider['id']}")).status == 204
    assert (await admin("PATCH", f"{KEYS}/{wider['id']}", {"rate_limit_per_minute": 5})).status == 409
    for body, field in (
        ({}, "name"), ({"name": None}, "name"), ({"rate_limit_per_minute": 0}, "rate_limit_per_minute"),
        ({"rate_limit": 1, "rate_limit_per_minute": 1}, "rate_limit"),
        ({"budget": {"limit_nusd": -1, "period": "month"}}, "budget.limit_nusd"),
    ):  # fmt: skip
        refused = await admin("PATCH", f"{KEYS}/{within['id']}", body)
        assert refused.status == 422 and field in refused.body["error"]["message"], refused.body


async def test_a_key_is_renamed_and_nothing_else(world: World) -> None:
    admin = await world.stack.caller()
    _, made = await _made(admin)
    answer = await admin("PATCH", f"{KEYS}/{made['id']}", {"name": "other"})
    assert answer.status == 200 and answer.body["name"] == "other"
    for field, value in (("role", "admin"), ("scopes", list(SCOPES)), ("expires_at", None), ("is_operator", True)):
        refused = await admin("PATCH", f"{KEYS}/{made['id']}", {"name": "x", field: value})
        assert refused.status == 422 and refused.body["error"]["param"] == field


async def test_a_gateway_writes_now_and_then_when_keys_were_used(world: World) -> None:
    url = await world.stack.start_gateway(key_use_interval_s=0.1)
    admin = await world.stack.caller()
    caller, made = await _made(admin)
    before = datetime.now(UTC)
    assert (await caller.at(url)("GET", "/v1/prompts")).status == 200

    async def used_at() -> Any:
        return (await admin("GET", f"{KEYS}/{made['id']}")).body["last_used_at"]

    await until(used_at)
    assert before - timedelta(seconds=1) <= datetime.fromisoformat(await used_at()) <= datetime.now(UTC)


async def _status_becomes(caller: Caller, status: int) -> bool:
    async with comes_within(2):
        while (await caller("GET", "/v1/prompts")).status != status:
            await asyncio.sleep(0.02)
    return True


async def _execution_becomes(caller: Caller, status: int) -> bool:
    async with comes_within(2):
        while (await caller("POST", "/v1/executions", HELLO)).status != status:
            await asyncio.sleep(0.02)
    return True
