"""`/v1/provider-keys`: what admins can do with keys, and that a key's text is never told again."""

import asyncio
import json
from typing import Any

import pytest
from prometheus_client import generate_latest

from burnish_gateway.provider_keys import keep_key
from tests.embedded.superuser import as_superuser
from tests.fakes.keyed_provider import Manner
from tests.integration.provider_keys.conftest import Ground, Tenant

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E6")]

PATH = "/v1/provider-keys"
CANARY = "canary-Zx9Qw7-provider-key-text"


@pytest.mark.promise("S-06", "E-10")
async def test_the_text_of_a_key_is_told_by_nothing_and_lies_nowhere_in_plain_words(
    tenant: Tenant, capfd: pytest.CaptureFixture[str]
) -> None:
    admin, headers = tenant.admin, {"idempotency-key": "add"}
    body = {"provider": "openai", "name": "main", "key": CANARY, "priority": 5}
    made = await admin("POST", PATH, body, headers=headers)
    assert made.status == 201, made.body
    assert made.body | {"id": "", "created_at": "", "created_by": ""} == {
        "id": "", "provider": "openai", "name": "main", "base_url": "", "priority": 5, "last4": "text", "status": "active", "reason": None,
        "requests_per_minute": None, "tokens_per_minute": None, "cooldown_until": None,
        "last_used_at": None, "last_error": None, "last_error_at": None, "created_by": "", "created_at": "",
        "revoked_at": None, "usage_today": {"executions": 0, "failed": 0, "input_tokens": 0, "output_tokens": 0, "cost_nusd": 0},
    }  # fmt: skip
    again = await admin("POST", PATH, body, headers=headers)
    assert again.raw == made.raw and again.headers["idempotent-replayed"] == "true"
    await tenant.call()
    path = f"{PATH}/{made.body['id']}"
    told = [
        made, again, await admin("GET", PATH), await admin("GET", path), await admin("PATCH", path, {"priority": 6}),
        await admin("PATCH", path, {"key": CANARY + " "}), await admin("POST", PATH, {"provider": "openai", "name": "x", "key": [CANARY]}),
        await admin("POST", PATH, {"provider": "openai", "name": "x", "key": "short", "extra": CANARY}), await admin("GET", "/v1/audit"),
        await admin("POST", PATH, raw=json.dumps(body).encode()[:-1] + b","),
    ]  # fmt: skip
    assert [one.status for one in told] == [201, 201, 200, 200, 200, 422, 422, 422, 200, 400]
    assert not [one for one in told if CANARY[:-4] in one.raw.decode()] and CANARY[:-4] not in generate_latest().decode()
    async with as_superuser(tenant.ground.stack.urls["superuser"]) as connection:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'burnish'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition"
        )
        shown = [CANARY, CANARY.encode().hex()]
        found = [
            table[0]
            for table in tables
            if await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {table[0]} t, unnest($1::text[]) s WHERE strpos(t::text, s) > 0)", shown
            )
        ]
    assert not found, found
    assert CANARY not in "".join(capfd.readouterr())


async def test_a_key_is_replaced_in_place_restored_and_revoked_and_the_log_says_who_did_it(tenant: Tenant) -> None:
    key_id, first = await tenant.add_key(name="main")
    path = f"{PATH}/{key_id}"
    renamed = (await tenant.admin("PATCH", path, {"name": "other", "priority": 3})).body
    assert (renamed["name"], renamed["priority"], renamed["id"]) == ("other", 3, key_id)
    rotated = (await tenant.admin("PATCH", path, {"key": "a-key-that-is-quite-new"})).body
    assert (rotated["id"], rotated["last4"], rotated["name"]) == (key_id, "-new", "other")
    assert [one["id"] for one in (await tenant.admin("GET", PATH)).body["data"]] == [key_id]
    assert (await tenant.admin("DELETE", path)).status == (await tenant.admin("DELETE", path)).status == 204
    gone = (await tenant.admin("GET", path)).body
    assert gone["status"] == "revoked" and gone["revoked_at"] is not None
    refused = await tenant.admin("PATCH", path, {"status": "active"})
    assert (refused.status, refused.body["error"]["code"]) == (409, "conflict")
    entries = (await tenant.admin("GET", f"/v1/audit?object_id={key_id}")).body["data"]
    actions = ["provider_key.revoked", "provider_key.rotated", "provider_key.changed", "provider_key.created"]
    assert [one["action"] for one in entries] == actions
    assert first not in json.dumps(entries) and entries[1]["before"]["last4"] == first[-4:]
    row = (await tenant.books("SELECT sealed, vault_secret_id FROM provider_keys WHERE provider_key_id = $1::uuid", key_id))[0]
    assert row["sealed"] is None and row["vault_secret_id"] is None, "its text is destroyed"


@pytest.mark.promise("E-13", "T-08")
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"base_url": "http://169.254.169.254/v1"}, "base_url"),
        ({"base_url": "https://user:pass@example.com/v1"}, "base_url"),
        ({"base_url": "file:///etc/passwd"}, "base_url"),
        ({"provider": "unheard-of"}, "provider"),
        ({"provider": "Open AI"}, "provider"),
        ({"key": "has a space in it"}, "key"),
        ({"key": "has-a-newline-in-it\n"}, "key"),
        ({"key": "schlüssel-mit-umlaut"}, "key"),
        ({"priority": -1}, "priority"),
        ({"priority": 2**40}, "priority"),
        ({"name": ""}, "name"),
        ({"workspace_id": "01a1f8bc-d305-77c8-8fad-d97159bd99a0"}, "workspace_id"),
    ],
)
async def test_what_could_not_work_is_refused_by_name(tenant: Tenant, body: dict[str, Any], param: str) -> None:
    answer = await tenant.admin("POST", PATH, {"provider": "openai", "name": "x", "key": "a-fine-key-of-some-length"} | body)
    assert (answer.status, answer.body["error"]["param"]) == (422, param), answer.body
    assert not await tenant.books("SELECT 1 FROM provider_keys WHERE workspace_id = $1", tenant.admin.workspace.workspace_id)


async def test_a_hundred_keys_are_enough(tenant: Tenant) -> None:
    ws = tenant.admin.workspace.workspace_id
    await tenant.books(
        "INSERT INTO provider_keys (provider_key_id, workspace_id, provider, name, last4, created_by, sealed) "
        "SELECT gen_random_uuid(), $1, 'openai', 'n', '', 'test', 'x' FROM generate_series(1, 100)",
        ws,
    )
    refused = await tenant.admin("POST", PATH, {"provider": "openai", "name": "x", "key": "a-fine-key-of-some-length"})
    assert (refused.status, refused.body["error"]["code"]) == (409, "conflict")
    page = (await tenant.admin("GET", f"{PATH}?limit=60")).body
    rest = (await tenant.admin("GET", f"{PATH}?limit=60&cursor={page['next_cursor']}")).body
    assert len({one["id"] for one in page["data"] + rest["data"]}) == 100 and rest["next_cursor"] is None


@pytest.mark.promise("T-01")
async def test_keys_are_for_admins_of_their_own_workspace(ground: Ground, tenant: Tenant) -> None:
    key_id, _ = await tenant.add_key()
    for role in ("viewer", "editor"):
        caller = await ground.stack.caller(role=role, workspace=tenant.admin.workspace)
        assert [(await caller("GET", PATH)).status, (await caller("DELETE", f"{PATH}/{key_id}")).status] == [403, 403]
    stranger = await ground.stack.caller()
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert (await stranger(method, f"{PATH}/{key_id}", body)).status == 404
    assert (await tenant.shown(key_id))["status"] == "active"


@pytest.mark.promise("E-10", "E-13")
async def test_a_key_is_tried_by_an_executor_without_a_change_to_it(tenant: Tenant) -> None:
    good, text = await tenant.add_key()
    bad, refused = await tenant.add_key(manner=Manner(status=401, echoes=True))
    nowhere, _ = await tenant.add_key(provider="own", base_url="http://127.0.0.1:9/v1")
    told = (await tenant.admin("POST", f"{PATH}/{good}/test")).body
    assert (told["works"], told["http_status"], told["models"], told["error"]) == (True, 200, 2, None)
    assert tenant.ground.provider.calls == [f"models:{text}"]
    told = (await tenant.admin("POST", f"{PATH}/{bad}/test")).body
    assert (told["works"], told["http_status"]) == (False, 401) and refused not in told["error"] and "[redacted]" in told["error"]
    told = (await tenant.admin("POST", f"{PATH}/{nowhere}/test")).body
    assert (told["works"], told["http_status"]) == (False, None) and told["error"] == "The provider cannot be reached."
    assert {(await tenant.shown(one))["status"] for one in (good, bad, nowhere)} == {"active"}
    await tenant.admin("DELETE", f"{PATH}/{good}")
    assert (await tenant.admin("POST", f"{PATH}/{good}/test")).status == 409


@pytest.mark.promise("G-04")
async def test_one_key_of_a_workspace_is_tried_at_once_and_a_repeat_calls_nobody(ground: Ground, tenant: Tenant) -> None:
    slow, text = await tenant.add_key(manner=Manner(hangs=True))
    quick, _ = await tenant.add_key()
    neighbour = Tenant(ground, await ground.stack.caller())
    theirs, _ = await neighbour.add_key()
    once = {"idempotency-key": "try-it"}
    ground.provider.released.clear()
    first = asyncio.create_task(tenant.admin("POST", f"{PATH}/{slow}/test", headers=once))
    async with asyncio.timeout(60):
        while not ground.provider.calls_with(f"models:{text}"):
            await asyncio.sleep(0.01)
    repeated = await tenant.admin("POST", f"{PATH}/{slow}/test", headers=once)
    assert (repeated.status, repeated.body["error"]["code"]) == (409, "idempotency_in_progress")
    for key_id, headers in ((quick, {}), (slow, {}), (quick, {"idempotency-key": "another"})):
        refused = await tenant.admin("POST", f"{PATH}/{key_id}/test", headers=headers)
        assert (refused.status, refused.body["error"]["code"], refused.headers["retry-after"]) == (429, "rate_limited", "1")
    assert (await neighbour.admin("POST", f"{PATH}/{theirs}/test")).body["works"]
    ground.provider.released.set()
    told = await first
    assert told.status == 200 and told.body["works"]
    assert (await tenant.admin("POST", f"{PATH}/{quick}/test")).body["works"], "the turn is given back"
    await tenant.admin("DELETE", f"{PATH}/{slow}")
    again = await tenant.admin("POST", f"{PATH}/{slow}/test", headers=once)
    assert again.raw == told.raw and again.headers["idempotent-replayed"] == "true"
    assert ground.provider.calls_with(f"models:{text}") == 1


async def test_a_turn_that_nobody_gave_back_ends_by_itself(tenant: Tenant) -> None:
    key_id, _ = await tenant.add_key()
    left = "INSERT INTO provider_key_tests (workspace_id, test_id, until) VALUES ($1, gen_random_uuid(), now() + interval '20 seconds')"
    await tenant.books(left, tenant.admin.workspace.workspace_id)
    assert (await tenant.admin("POST", f"{PATH}/{key_id}/test")).status == 429
    await tenant.books("UPDATE provider_key_tests SET until = now() WHERE workspace_id = $1", tenant.admin.workspace.workspace_id)
    assert (await tenant.admin("POST", f"{PATH}/{key_id}/test")).status == 200
    assert not await tenant.books("SELECT FROM provider_key_tests WHERE workspace_id = $1", tenant.admin.workspace.workspace_id)


async def test_keys_that_are_added_at_once_keep_to_the_most(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep_key, "KEYS_MOST", 3)
    bodies = [{"provider": "openai", "name": f"key {n}", "key": f"{CANARY}-{n}"} for n in range(8)]
    answers = await asyncio.gather(*(tenant.admin("POST", PATH, body) for body in bodies))
    assert sorted(one.status for one in answers) == 3 * [201] + 5 * [409], [one.body for one in answers]
    assert len((await tenant.admin("GET", PATH)).body["data"]) == 3
