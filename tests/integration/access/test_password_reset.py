"""A link that sets a password anew: who may make one, that it works once, and that it opens nothing that its maker does not govern."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from tests.embedded.stack import Answer, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.access.browser import PASSWORD, Browser, join, newcomer, nobody, unknown_email, until_status
from tests.integration.access.command import command

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T1")]

NEW = "another long password"


async def made(by: Browser, whose: Browser) -> Answer:
    return await by("POST", f"/v1/members/{whose.user_id}/password-reset", headers={"content-type": "application/json"})


async def used(stack: Stack, token: str, password: str = NEW, *, gateway: int = 0) -> Answer:
    return await nobody(stack, gateway=gateway)("POST", "/v1/auth/password-reset", {"token": token, "new_password": password})


def message(answer: Answer) -> Any:
    return answer.body["error"] | {"request_id": ""}


async def test_a_link_sets_a_new_password_and_ends_every_session_everywhere(stack: Stack) -> None:
    ada = await newcomer(stack)
    grace = await join(stack, ada, role="editor")
    answer = await made(ada, grace)
    assert answer.status == 201 and answer.body["email"] == grace.email
    assert answer.body["url"] == f"{ada.url}/app/reset-password#{answer.body['token']}"
    async with as_superuser(stack.urls["superuser"]) as connection:
        row = await connection.fetchrow(
            "SELECT digest, expires_at - clock_timestamp() AS left FROM burnish.password_resets WHERE user_id = $1::uuid", grace.user_id
        )
    assert len(row["digest"]) == 32 and answer.body["token"].encode() not in row["digest"]
    assert 3_500 < row["left"].total_seconds() <= 3_600
    assert (await grace("GET", "/v1/auth/session")).status == 200, "the old password and its sessions hold until then"
    weak = await used(stack, answer.body["token"], "short")
    assert weak.status == 422 and weak.body["error"]["param"] == "new_password"
    assert (await used(stack, answer.body["token"])).status == 204
    await until_status(grace.at(stack.gateways[1]), 401)
    assert (await nobody(stack).sign_in(PASSWORD, email=grace.email)).status == 401
    assert (await nobody(stack).sign_in(NEW, email=grace.email)).status == 200
    entries = (await ada("GET", "/v1/audit?action=user.password_reset")).body["data"]
    assert [(one["action"], one["actor"], one["object_id"]) for one in entries] == [
        ("user.password_reset", f"user:{grace.user_id}", grace.user_id),
        ("user.password_reset_made", f"user:{ada.user_id}", grace.user_id),
    ]
    assert answer.body["token"] not in json.dumps(entries)


async def test_whatever_is_wrong_with_a_link_is_said_in_the_same_words(stack: Stack) -> None:
    ada = await newcomer(stack)
    grace, hugo, ida = [await join(stack, ada, role="viewer") for _ in range(3)]
    replaced, once = (await made(ada, grace)).body["token"], (await made(ada, grace)).body["token"]
    late, changed = (await made(ada, hugo)).body["token"], (await made(ada, ida)).body["token"]
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE burnish.password_resets SET expires_at = now() WHERE user_id = $1::uuid", hugo.user_id)
    assert (await ida("POST", "/v1/auth/password", {"old_password": PASSWORD, "new_password": NEW})).status == 204
    other = once[:-1] + ("a" if once[-1] != "a" else "b")
    assert (await used(stack, other)).status == 404, "the secret counts while the link is open, not its id alone"
    assert (await used(stack, once)).status == 204
    refused = [await used(stack, one) for one in (once, replaced, late, changed, other, f"{uuid4().hex}.{'x' * 43}", "x")]
    assert {one.status for one in refused} == {404} and all(message(one) == message(refused[0]) for one in refused)


async def test_of_many_who_use_one_link_at_once_one_sets_the_password(stack: Stack) -> None:
    ada = await newcomer(stack)
    grace = await join(stack, ada, role="viewer")
    token = (await made(ada, grace)).body["token"]
    answers = await asyncio.gather(*(used(stack, token, f"{NEW} {n}", gateway=n % 2) for n in range(4)))
    assert sorted(one.status for one in answers) == [204, 404, 404, 404]
    [first] = [n for n, one in enumerate(answers) if one.status == 204]
    assert (await nobody(stack).sign_in(f"{NEW} {first}", email=grace.email)).status == 200


async def test_only_who_governs_all_that_the_account_opens_makes_a_link(stack: Stack) -> None:
    ada, bob = await newcomer(stack), await newcomer(stack)
    grace, editor = await join(stack, ada, role="viewer"), await join(stack, ada, role="editor")
    assert (await made(editor, grace)).status == 403
    assert (await made(ada, bob)).status == 404, "of another workspace, like nobody"
    own = await made(ada, ada)
    assert own.status == 403 and "old one" in own.body["error"]["message"]
    early = (await made(ada, grace)).body["token"]
    invited = (await bob("POST", "/v1/invitations", {"email": grace.email, "role": "viewer"})).body["token"]
    assert (await grace("POST", "/v1/invitations/accept", {"token": invited})).status == 200
    assert (await used(stack, early)).status == 404, "made before she joined what its maker does not govern"
    refused = await made(ada, grace)
    assert refused.status == 403 and "operator" in refused.body["error"]["message"]
    second = (await bob("POST", "/v1/invitations", {"email": ada.email, "role": "admin"})).body["token"]
    assert (await ada("POST", "/v1/invitations/accept", {"token": second})).status == 200
    assert (await made(ada, grace)).status == 201, "an admin of both"


async def test_a_link_ends_when_whoever_made_it_governs_the_account_no_more(stack: Stack) -> None:
    ada = await newcomer(stack)
    grace, hugo, second = [await join(stack, ada, role=role) for role in ("viewer", "viewer", "admin")]
    removed, still = (await made(second, grace)).body["token"], (await made(ada, hugo)).body["token"]
    assert (await ada("DELETE", f"/v1/members/{second.user_id}")).status == 204
    assert (await used(stack, removed)).status == 404, "a link of an admin who was removed since"
    assert (await used(stack, still)).status == 204
    key = (await ada("POST", "/v1/api-keys", {"name": "ops", "role": "admin"})).body
    by_key = nobody(stack)
    tokens = []
    for whose in (grace, hugo):
        path = f"/v1/members/{whose.user_id}/password-reset"
        tokens.append((await by_key("POST", path, headers={"authorization": f"Bearer {key['key']}"})).body["token"])
    assert (await used(stack, tokens[0])).status == 204
    assert (await ada("DELETE", f"/v1/api-keys/{key['id']}")).status in (200, 204)
    assert (await used(stack, tokens[1])).status == 404, "of a key that was revoked since"
    late = (await ada("POST", "/v1/api-keys", {"name": "late", "role": "admin"})).body
    path = f"/v1/members/{hugo.user_id}/password-reset"
    by_late = (await by_key("POST", path, headers={"authorization": f"Bearer {late['key']}"})).body["token"]
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE burnish.api_keys SET expires_at = now() WHERE api_key_id = $1::uuid", late["id"])
    assert (await used(stack, by_late)).status == 404, "of a key that ran out since"
    by_disabled = (await made(ada, hugo)).body["token"]
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE burnish.users SET disabled_at = now() WHERE user_id = $1::uuid", ada.user_id)
    assert (await used(stack, by_disabled)).status == 404, "of an admin whose account was disabled since"


async def test_an_operators_account_and_one_without_a_password_get_no_link(stack: Stack) -> None:
    ada = await newcomer(stack)
    grace, hugo, ida, joe = [await join(stack, ada, role="viewer") for _ in range(4)]
    early, before = (await made(ada, joe)).body["token"], (await made(ada, grace)).body["token"]
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE burnish.users SET is_operator = true WHERE user_id = $1::uuid", grace.user_id)
        await connection.execute("DELETE FROM burnish.credentials WHERE user_id = $1::uuid", hugo.user_id)
        for one in (ida, joe):
            await connection.execute(
                "INSERT INTO burnish.identities (issuer, subject, user_id) VALUES ('https://idp.example', $1::text, $1::text::uuid)",
                one.user_id,
            )
    assert (await made(ada, grace)).status == 403
    assert (await made(ada, hugo)).status == 409
    beside = await made(ada, ida)
    assert beside.status == 409 and "operator" in beside.body["error"]["message"], "she would not miss a password that another one set"
    assert (await used(stack, early)).status == 404, "made before a provider let him in"
    assert (await used(stack, before)).status == 404, "made before she ran the installation"
    assert (await command(stack, "users", "reset-link", "--email", ida.email, "--url", ada.url)).exit_code == 0
    result = await command(stack, "users", "reset-link", "--email", hugo.email, "--url", ada.url)
    assert result.exit_code == 1 and "has no password" in result.output


async def test_the_operator_makes_a_link_for_anybody_at_the_command_line(stack: Stack) -> None:
    ada, bob = await newcomer(stack), await newcomer(stack)
    grace = await join(stack, ada, role="viewer")
    result = await command(stack, "users", "reset-link", "--email", grace.email.upper(), "--url", ada.url, "--json")
    assert result.exit_code == 0, result.output
    url = json.loads(result.stdout)["url"]
    assert url.startswith(f"{ada.url}/app/reset-password#")
    invited = (await bob("POST", "/v1/invitations", {"email": grace.email, "role": "viewer"})).body["token"]
    assert (await grace("POST", "/v1/invitations/accept", {"token": invited})).status == 200
    for _ in range(12):
        await nobody(stack).sign_in("a wrong one, again", email=grace.email)
    assert (await nobody(stack).sign_in(PASSWORD, email=grace.email)).status == 429
    assert (await used(stack, url.partition("#")[2])).status == 204
    assert (await nobody(stack).sign_in(NEW, email=grace.email)).status == 200, "and its failed tries are forgotten"
    logs = [(await one("GET", "/v1/audit?action=user.password")).body["data"] for one in (ada, bob)]
    assert [[(one["action"], one["actor"]) for one in log] for log in logs] == [
        [("user.password_reset", f"user:{grace.user_id}"), ("user.password_reset_made", "operator")],
        [("user.password_reset", f"user:{grace.user_id}")],
    ]
    nowhere = await command(stack, "users", "reset-link", "--email", grace.email, "--url", "burnish.example.com")
    assert nowhere.exit_code == 2 and "is no address" in nowhere.output
    unknown = await command(stack, "users", "reset-link", "--email", unknown_email(), "--url", ada.url)
    assert unknown.exit_code == 1 and "Nobody has the e-mail" in unknown.output
