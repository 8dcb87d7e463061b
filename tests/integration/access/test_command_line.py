"""`burnish users` and `burnish keys` on a database, and the person that `burnish up` makes (PRODUCT, Doors)."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from burnish.launcher.home import Home
from burnish.launcher.users import ADMIN_EMAIL, ensure_admin
from burnish.launcher.workspaces import DEMO_FILE, ensure_demo_workspace
from burnish_shared.auth.keyring import Keyring
from tests.embedded.stack import KEK, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.access.browser import PASSWORD, Browser, join, newcomer, nobody, unknown_email, until_status
from tests.integration.access.command import command

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T1", "T2")]


async def made_user(stack: Stack, *words: str) -> Browser:
    email = unknown_email()
    result = await command(stack, "users", "create", "--email", email, "--json", *words)
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    browser = nobody(stack)
    browser.email, browser.user_id = email, made["user_id"]
    assert (await browser.sign_in(made["password"])).status == 200
    return browser


async def test_a_user_made_by_command_signs_in_with_the_password_that_was_printed(stack: Stack) -> None:
    ada = await newcomer(stack)
    made = await made_user(stack, "--name", "Grace", "--workspace", ada.workspace, "--role", "editor")
    session = (await made("GET", "/v1/auth/session")).body
    assert [(one["id"], one["role"]) for one in session["workspaces"]] == [(ada.workspace, "editor")]
    assert session["user"]["name"] == "Grace" and not session["user"]["is_operator"]
    assert (await ada("GET", "/v1/audit")).body["data"][0]["actor"] == "operator"
    joined = await command(stack, "users", "join", "--email", made.email, "--workspace", ada.workspace, "--role", "admin")
    assert joined.exit_code == 0
    made.workspace = ada.workspace
    await until_status(made, 200, path="/v1/api-keys")
    again = await command(stack, "users", "create", "--email", made.email.upper())
    assert again.exit_code == 1 and "has an account already" in again.output
    listed = json.loads((await command(stack, "users", "list", "--json")).stdout)
    assert made.email in {one["email"] for one in listed}
    shown = (await command(stack, "users", "list")).stdout.splitlines()
    counts = {one["email"]: one["workspaces"] for one in listed if one["email"]}
    for email, workspaces in counts.items():
        [line] = [one for one in shown if f" {email} " in one]
        assert ("1 workspace," if workspaces == 1 else f"{workspaces} workspaces,") in line
    assert 1 in counts.values()


async def test_a_disabled_user_is_out_within_a_second_and_comes_back_when_enabled(stack: Stack) -> None:
    made = await made_user(stack)
    assert (await command(stack, "users", "disable", "--email", made.email)).exit_code == 0
    await until_status(made.at(stack.gateways[1]), 401)
    assert (await command(stack, "users", "enable", "--email", made.email)).exit_code == 0
    await until_status(made, 200)


async def test_a_password_set_by_command_ends_every_session(stack: Stack) -> None:
    made = await made_user(stack)
    weak = await command(stack, "users", "set-password", "--email", made.email, "--password-stdin", given="password123\n")
    assert weak.exit_code == 1 and "choose another" in weak.output
    result = await command(stack, "users", "set-password", "--email", made.email, "--password-stdin", given="a good long one\n")
    assert result.exit_code == 0 and "good long" not in result.output
    await until_status(made.at(stack.gateways[1]), 401)
    assert (await nobody(stack).sign_in("a good long one", email=made.email)).status == 200
    unknown = await command(stack, "users", "set-password", "--email", unknown_email())
    assert unknown.exit_code == 1 and "Nobody has the e-mail" in unknown.output


async def test_keys_are_made_listed_and_revoked_by_command_and_an_operators_only_there(stack: Stack) -> None:
    ada = await newcomer(stack)

    async def key(*words: str) -> Any:
        result = await command(stack, "keys", *words, "--workspace", ada.workspace, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    viewer, operator = await key("create", "--role", "viewer", "--expires-days", "1"), await key("operator")
    assert (await until_status(nobody(stack), 403, path="/v1/api-keys", key=viewer["api_key"])).body["error"]["code"] == "forbidden"
    founded = await until_status(nobody(stack), 201, path="/v1/organizations", method="POST", body={"name": "x"}, key=operator["api_key"])
    assert founded.body["plan"] == "free"
    assert [one["is_operator"] for one in await key("list")] == [False, False, True]
    assert (await command(stack, "keys", "revoke", operator["api_key_id"])).exit_code == 0
    await until_status(nobody(stack, gateway=1), 401, path="/v1/prompts", key=operator["api_key"])
    entries = [one["action"] for one in (await ada("GET", "/v1/audit")).body["data"] if one["actor"] == "operator"]
    assert entries == ["api_key.revoked", "api_key.created", "api_key.created"]
    absent = await command(stack, "keys", "create", "--workspace", str(UUID(int=0)))
    assert absent.exit_code == 1 and "no workspace" in absent.output


@pytest.mark.parametrize("how", ["key revoked", "account disabled", "demoted"])
async def test_who_may_invite_no_more_by_command_comes_back_by_no_invitation_of_theirs(stack: Stack, how: str) -> None:
    ada = await newcomer(stack)
    bob = await join(stack, ada, role="admin")
    other = (await ada("POST", "/v1/invitations", {"email": unknown_email()})).body
    key = (await ada("POST", "/v1/api-keys", {"name": "leaked", "role": "admin"})).body
    asks, bearer = (nobody(stack), {"authorization": f"Bearer {key['key']}"}) if how == "key revoked" else (bob, {})
    back = (await asks("POST", "/v1/invitations", {"email": unknown_email(), "role": "admin"}, headers=bearer)).body
    words = {
        "key revoked": ("keys", "revoke", key["id"]),
        "account disabled": ("users", "disable", "--email", bob.email),
        "demoted": ("users", "join", "--email", bob.email, "--workspace", ada.workspace, "--role", "editor"),
    }[how]
    result = await command(stack, *words)
    assert result.exit_code == 0, result.output
    for one, status in ((back, 404), (other, 200)):
        accepted = await nobody(stack)("POST", "/v1/invitations/accept", {"token": one["token"], "password": PASSWORD})
        assert accepted.status == status, accepted.body
    [entry] = (await ada("GET", "/v1/audit?action=invitation.revoked")).body["data"]
    assert (entry["object_id"], entry["actor"], entry["before"]) == (back["id"], "operator", {"email": back["email"], "role": "admin"})


async def test_a_workspace_made_by_command_needs_no_superuser(stack: Stack) -> None:
    result = await command(stack, "workspace", "create", "Made", "--credits", "7", "--json")
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    answer = await until_status(nobody(stack), 200, path="/v1/credits", key=made["api_key"])
    assert answer.body["balance_nusd"] == 7 * 10_000_000
    entries = (await nobody(stack)("GET", "/v1/audit", headers={"authorization": f"Bearer {made['api_key']}"})).body["data"]
    assert [(one["action"], one["actor"], one["after"]["name"]) for one in entries] == [
        ("api_key.created", "operator", "admin"), ("workspace.created", "operator", "Made"),
    ]  # fmt: skip
    further = await command(stack, "workspace", "create", "Further", "--organization", made["organization_id"], "--json")
    told = (await nobody(stack)("GET", "/v1/audit?limit=1", headers={"authorization": f"Bearer {made['api_key']}"})).body["data"]
    assert [(one["action"], one["object_id"]) for one in told] == [("workspace.created", json.loads(further.stdout)["workspace_id"])]
    absent = await command(stack, "workspace", "create", "Made", "--organization", str(UUID(int=0)))
    assert absent.exit_code == 1 and "no organization" in absent.output
    for wrong in (("--organization", "acme"), ("--credits", str(10**18))):
        assert (await command(stack, "workspace", "create", "Made", *wrong)).exit_code == 2


async def test_up_makes_one_operator_and_prints_the_password_until_it_is_changed(stack: Stack, tmp_path: Path) -> None:
    ada, home = await newcomer(stack), Home(tmp_path)
    first = await ensure_admin(home, stack.urls["owner"], workspace_id=UUID(ada.workspace))
    assert first["email"] == ADMIN_EMAIL and first["password"]
    assert (tmp_path / "admin.json").stat().st_mode & 0o777 == 0o600
    assert await ensure_admin(home, stack.urls["owner"], workspace_id=UUID(ada.workspace)) == first
    admin = nobody(stack)
    signed_in = await admin.sign_in(first["password"], email=ADMIN_EMAIL)
    assert signed_in.body["user"]["is_operator"] and signed_in.body["workspaces"][0]["role"] == "admin"
    changed = await admin("POST", "/v1/auth/password", {"old_password": first["password"], "new_password": "only I know it"})
    assert changed.status == 204
    assert await ensure_admin(home, stack.urls["owner"], workspace_id=UUID(ada.workspace)) == {"email": ADMIN_EMAIL, "password": None}
    async with as_superuser(stack.urls["superuser"]) as connection:
        assert await connection.fetchval("SELECT count(*) FROM burnish.users WHERE email = $1", ADMIN_EMAIL) == 1


async def test_what_an_operator_does_to_an_account_stands_in_the_log_of_its_workspaces(stack: Stack) -> None:
    ada = await newcomer(stack)
    made = await made_user(stack, "--workspace", ada.workspace)
    for words in (("disable",), ("disable",), ("enable",), ("set-password",)):
        assert (await command(stack, "users", *words, "--email", made.email)).exit_code == 0
    told = (await ada("GET", f"/v1/audit?object_kind=user&object_id={made.user_id}")).body["data"]
    assert [(one["actor"], one["action"]) for one in told] == [
        ("operator", "user.password_changed"), ("operator", "user.enabled"), ("operator", "user.disabled"),
    ]  # fmt: skip


async def test_a_home_without_the_key_of_its_demo_workspace_gets_another_of_the_same_workspace(stack: Stack, tmp_path: Path) -> None:
    home, keyring = Home(tmp_path), Keyring.from_texts([KEK])
    first = await ensure_demo_workspace(home, stack.urls["owner"], keyring=keyring)
    assert await ensure_demo_workspace(home, stack.urls["owner"], keyring=keyring) == first
    (tmp_path / DEMO_FILE).unlink()  # as after a restore for which it was not kept
    again = await ensure_demo_workspace(home, stack.urls["owner"], keyring=keyring)
    assert (again.workspace_id, again.organization_id) == (first.workspace_id, first.organization_id) and again.api_key != first.api_key
    caller = nobody(stack)
    entry = (await caller("GET", "/v1/audit?object_kind=api_key", headers={"authorization": f"Bearer {again.api_key}"})).body["data"][0]
    assert (entry["actor"], entry["action"], entry["object_id"]) == ("operator", "api_key.created", again.api_key_id)
    assert (await caller("GET", "/v1/plans", headers={"authorization": f"Bearer {again.api_key}"})).status == 200
    assert (await command(stack, "keys", "revoke", again.api_key_id)).exit_code == 0
    third = await ensure_demo_workspace(home, stack.urls["owner"], keyring=keyring)
    assert third.workspace_id == first.workspace_id and third.api_key not in (first.api_key, again.api_key)


async def test_an_account_is_made_for_an_email_that_a_mail_server_takes(stack: Stack) -> None:
    refused = await command(stack, "users", "create", "--email", "a..b@example.com")
    assert refused.exit_code == 2 and "must be an e-mail address" in refused.output
