"""Organizations are governed from their home workspace; workspaces have settings within their plan (PRODUCT T1, T7)."""

import asyncio
from uuid import uuid4

import pytest

from tests.embedded.stack import Stack
from tests.embedded.superuser import as_superuser
from tests.integration.access.browser import Browser, join, newcomer, nobody, until_status

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T1")]


async def own_organization(one: Browser) -> str:
    found: str = (await one("GET", "/v1/organizations")).body["data"][0]["id"]
    return found


async def test_the_admins_of_the_home_workspace_see_and_rename_the_organization_and_others_do_not(stack: Stack) -> None:
    ada = await newcomer(stack)
    organization = await own_organization(ada)
    second = (await ada("POST", "/v1/workspaces", {"name": "second"})).body
    there = ada.at(stack.gateways[1])
    there.workspace = second["id"]
    bob = await join(stack, there, role="admin")  # an admin, but not of the home workspace
    seen = (await bob("GET", f"/v1/organizations/{organization}")).body
    assert (seen["governs"], seen["workspaces"], seen["members"]) == (False, None, None)
    assert (await bob("PATCH", f"/v1/organizations/{organization}", {"name": "Bob's"})).status == 403
    renamed = await ada("PATCH", f"/v1/organizations/{organization}", {"name": "Ada & Co"})
    assert renamed.status == 200 and renamed.body["name"] == "Ada & Co"
    assert {(one["name"], one["members"]) for one in renamed.body["workspaces"]} == {("New Comer", 1), ("second", 2)}
    assert {(one["email"], one["workspace_id"]) for one in renamed.body["members"]} == {
        (ada.email, ada.workspace), (ada.email, second["id"]), (bob.email, second["id"]),
    }  # fmt: skip
    assert (await bob("GET", "/v1/workspaces")).body["data"][0]["organization_name"] == "Ada & Co"
    entry = (await ada("GET", "/v1/audit")).body["data"][0]
    assert (entry["action"], entry["before"], entry["after"]) == ("organization.renamed", {"name": "New Comer"}, {"name": "Ada & Co"})
    assert (await ada("PATCH", f"/v1/organizations/{organization}", {"name": "Ada & Co"})).body["name"] == "Ada & Co"
    assert (await ada("GET", "/v1/audit")).body["data"][0] == entry, "nothing was renamed"


async def test_who_makes_a_workspace_becomes_its_admin_and_gets_a_key(stack: Stack) -> None:
    ada = await newcomer(stack)
    made = (await ada("POST", "/v1/workspaces", {"name": "second"})).body
    assert set(made) == {"id", "organization_id", "name", "api_key"}
    elsewhere = ada.at(stack.gateways[1])
    elsewhere.workspace = made["id"]  # at once, at the other gateway
    assert [one["role"] for one in (await elsewhere("GET", "/v1/members")).body["data"]] == ["admin"]
    bearer = {"authorization": f"Bearer {made['api_key']}"}
    assert (await nobody(stack)("GET", "/v1/workspaces", headers=bearer)).body["data"][0]["id"] == made["id"]
    assert [one["name"] for one in (await ada("GET", "/v1/workspaces")).body["data"]] == ["New Comer", "second"]


async def test_a_workspace_of_a_foreign_organization_cannot_be_made(stack: Stack) -> None:
    ada, eve = await newcomer(stack), await newcomer(stack)
    foreign = await own_organization(eve)
    for organization in (foreign, str(uuid4())):
        assert (await ada("POST", "/v1/workspaces", {"name": "x", "organization_id": organization})).status == 404
        assert (await ada("GET", f"/v1/organizations/{organization}")).status == 404
        assert (await ada("PATCH", f"/v1/organizations/{organization}", {"name": "x"})).status == 404
    assert (await ada("POST", "/v1/workspaces", {"name": "x", "organization_id": await own_organization(ada)})).status == 201


async def test_the_home_admins_see_workspaces_they_do_not_belong_to_but_not_what_is_in_them(stack: Stack) -> None:
    ada = await newcomer(stack)
    made = (await ada("POST", "/v1/workspaces", {"name": "second"})).body
    there = ada.at(ada.url)
    there.workspace = made["id"]
    bob = await join(stack, there, role="admin")
    assert (await ada("DELETE", f"/v1/auth/memberships/{made['id']}")).status == 204
    assert [(one["name"], one["role"]) for one in (await ada("GET", "/v1/workspaces")).body["data"]] == [
        ("New Comer", "admin"), ("second", None),
    ]  # fmt: skip
    await until_status(there, 404, path="/v1/prompts")
    assert (await ada("GET", f"/v1/workspaces/{made['id']}")).status == 404
    assert len((await bob("GET", "/v1/workspaces")).body["data"]) == 1


async def test_a_person_without_a_workspace_founds_an_organization_once_for_each_idempotency_key(stack: Stack) -> None:
    ada = await newcomer(stack)
    guest = await join(stack, ada, role="viewer")
    assert (await guest("DELETE", f"/v1/auth/memberships/{ada.workspace}")).status == 204
    guest.workspace = ""
    headers = {"idempotency-key": str(uuid4())}
    first, again = [await guest("POST", "/v1/organizations", {"name": "Guests"}, headers=headers) for _ in range(2)]
    assert first.status == 201 and first.raw == again.raw and again.headers["idempotent-replayed"] == "true"
    assert first.body["plan"] == "free"
    assert [one["organization_name"] for one in (await guest("GET", "/v1/auth/session")).body["workspaces"]] == ["Guests"]
    assert (await guest("GET", "/v1/credits")).body["balance_nusd"] == 1_000_000_000


async def balances(stack: Stack, one: Browser, workspaces: list[str]) -> list[tuple[int, int]]:
    """(balance, free use a month) of each workspace."""
    found = []
    for workspace in workspaces:
        there = one.at(stack.gateways[0])
        there.workspace = workspace
        credit = (await there("GET", "/v1/credits")).body
        found.append((credit["balance_nusd"], credit["allowance"]["month_nusd"]))
    return found


@pytest.mark.capability("B1", "E7")
async def test_credit_is_not_made_by_founding_organizations(stack: Stack) -> None:
    ada = await newcomer(stack)
    second = (await ada("POST", "/v1/organizations", {"name": "second"})).body
    assert await balances(stack, ada, [ada.workspace, second["home_workspace_id"]]) == [(10**9, 10**9), (0, 0)]
    async with as_superuser(stack.urls["superuser"]) as connection:
        due = await connection.fetch("SELECT organizations_due(this_month(), 10000) AS id UNION SELECT allowances_due(this_month(), 10000)")
        assert not {second["id"], second["home_workspace_id"]} & {str(row["id"]) for row in due}
        await connection.fetch(
            "SELECT set_plan($1::uuid, 'free')", second["id"]
        )  # the operator says that it is to have what the plan gives
    assert (await balances(stack, ada, [second["home_workspace_id"]]))[0][0] == 10**9


@pytest.mark.capability("B1", "E7")
async def test_of_organizations_founded_at_once_one_brings_credit(stack: Stack) -> None:
    guest = await join(stack, await newcomer(stack), role="viewer")
    made = await asyncio.gather(*(guest.at(stack.gateways[n % 2])("POST", "/v1/organizations", {"name": f"number {n}"}) for n in range(4)))
    assert [one.status for one in made] == [201] * 4
    found = await balances(stack, guest, [one.body["home_workspace_id"] for one in made])
    assert sorted(found) == [(0, 0)] * 3 + [(10**9, 10**9)]


async def test_founding_many_organizations_is_slowed_down_and_signing_in_is_not(stack: Stack) -> None:
    ada = await newcomer(stack)
    answers = [await ada("POST", "/v1/organizations", {"name": "one more"}) for _ in range(6)]
    assert [one.status for one in answers] == [201] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert (await ada.sign_in()).status == 200


async def test_an_organization_makes_as_many_workspaces_as_its_plan_allows_however_many_ask_at_once(stack: Stack) -> None:
    ada = await newcomer(stack)
    answers = await asyncio.gather(*(ada.at(stack.gateways[n % 2])("POST", "/v1/workspaces", {"name": "more"}) for n in range(6)))
    made, refused = [one.body for one in answers if one.status == 201], [one for one in answers if one.status != 201]
    assert len(made) == 2 and {one.status for one in refused} == {409}
    message = refused[0].body["error"]["message"]
    assert "allows an organization 3 workspaces" in message and "delete one" in message
    assert await balances(stack, ada, [one["id"] for one in made]) == [(0, 0)] * 2, "free use is the home workspace's"
    there = ada.at(stack.gateways[0])
    there.workspace = made[0]["id"]
    assert (await there("DELETE", f"/v1/workspaces/{made[0]['id']}?confirm=more")).status == 202
    assert (await ada("POST", "/v1/workspaces", {"name": "instead"})).status == 201


async def test_keys_found_no_organizations_save_the_operators(stack: Stack) -> None:
    ada = await newcomer(stack)
    made = (await ada("POST", "/v1/api-keys", {"name": "admin", "role": "admin"})).body
    bearer = {"authorization": f"Bearer {made['key']}"}
    assert (await nobody(stack)("POST", "/v1/organizations", {"name": "x"}, headers=bearer)).status == 403
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE api_keys SET is_operator = true WHERE api_key_id = $1::uuid", made["id"])
        await connection.execute("SELECT note_change(NULL, 'api_key', $1)", made["prefix"])
    answer = await until_status(nobody(stack), 201, path="/v1/organizations", method="POST", body={"name": "x"}, key=made["key"])
    assert set(answer.body) == {"id", "name", "plan", "home_workspace_id", "api_key"}


async def test_settings_of_a_workspace_change_within_the_plan(stack: Stack) -> None:
    ada = await newcomer(stack)
    path = f"/v1/workspaces/{ada.workspace}"
    before = (await ada("GET", path)).body
    assert before["limits"] == {
        "plan": "free",
        "rate_limit_per_minute": 60,
        "token_limit_per_minute": None,
        "concurrency": 10,
        "retention_days": 30,
        "platform_keys": True,
    }
    for name, value in (
        ("retention_days", 31),
        ("rate_limit_per_minute", 61),
        ("retention_days", -1),
        ("name", None),
        ("suspended_at", None),
    ):
        refused = await ada("PATCH", path, {name: value})
        assert (refused.status, refused.body["error"]["param"]) == (422, name)
    wanted = {
        "name": "quiet", "retention_days": 7, "rate_limit_per_minute": 30, "store_content": False, "legal_hold": True,
        "platform_keys": False, "only_admins_change_prompts": True, "share_statistics": True,
    }  # fmt: skip
    after = (await ada("PATCH", path, wanted)).body
    assert {name: after[name] for name in wanted} == wanted and (await ada("GET", path)).body == after
    entry = (await ada("GET", "/v1/audit")).body["data"][0]
    assert (entry["action"], entry["after"]) == ("workspace.changed", wanted)
    assert entry["before"] == {name: before[name] for name in wanted}
    assert (await ada("PATCH", path, wanted)).status == 200  # the same again is no change
    assert len((await ada("GET", "/v1/audit")).body["data"]) == 5
    assert (await ada("PATCH", path, {"rate_limit_per_minute": None})).body["rate_limit_per_minute"] is None


async def test_only_admins_change_settings_and_prompts_where_the_workspace_says_so(stack: Stack) -> None:
    ada = await newcomer(stack)
    editor = (await join(stack, ada, role="editor")).at(stack.gateways[1])
    path = f"/v1/workspaces/{ada.workspace}"
    assert (await editor("PATCH", path, {"name": "mine"})).status == 403
    prompt = {"slug": "desk", "messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"}
    assert (await editor("POST", "/v1/prompts", prompt)).status == 201
    assert (await ada("PATCH", path, {"only_admins_change_prompts": True})).status == 200
    refused = await until_status(editor, 403, path="/v1/prompts", method="POST", body=prompt)
    assert "only admins" in refused.body["error"]["message"]
    assert (await editor("PUT", "/v1/prompts/desk/labels/staging", {"version": 1})).status == 403
    assert (await ada("POST", "/v1/prompts", prompt | {"slug": "gate"})).status == 201
