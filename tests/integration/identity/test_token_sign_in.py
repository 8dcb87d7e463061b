"""A Supabase project's tokens at a running gateway: who they make one, and how soon a change here bites."""

import time
from typing import Any

import pytest

from tests.fakes.signing import ISSUER, SECRET, claims, ec_signer, token
from tests.integration.identity.conftest import Town
from tests.pace import comes_within

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]


async def test_a_token_makes_a_user_at_first_sight_whose_rights_are_memberships(town: Town) -> None:
    text = token(SECRET, claims(sub="first-sight", role="service_role", app_metadata={"role": "admin"}))
    status, body = await town.ask(text)
    assert (status, body["error"]["code"]) == (403, "no_workspace")
    assert (await town.ask(text))[0] == 403
    user_id = await town.user_of("first-sight", issuer=f"jwt:{ISSUER}")
    assert user_id is not None
    users = await town.sql("SELECT email, name FROM users WHERE user_id = $1", user_id)
    assert [tuple(one) for one in users] == [(None, "ada@example.test")]
    await town.join(user_id, await town.workspace(), "viewer")
    await town.until(text, 200)
    for key in (SECRET, town.project.signer):  # whoever of the issuer signed, it is the same user
        assert (await town.ask(token(key, claims(sub="first-sight"))))[0] == 200
    status, body = await town.ask(text, "/v1/api-keys")
    assert status == 403 and "admin" in body["error"]["message"]


@pytest.mark.promise("T-01")
async def test_role_removal_and_a_disabled_user_bite_within_a_second_though_the_token_is_remembered(town: Town) -> None:
    text = token(SECRET, claims(sub="short-lived"))
    await town.ask(text)
    user_id = await town.user_of("short-lived")
    assert user_id is not None
    workspace = await town.workspace()
    await town.join(user_id, workspace, "admin")
    await town.until(text, 200)
    assert (await town.ask(text, "/v1/api-keys"))[0] == 200
    await town.join(user_id, workspace, "viewer")
    async with comes_within(1.2):
        while (await town.ask(text, "/v1/api-keys"))[0] != 403:
            pass
    await town.sql("DELETE FROM members WHERE user_id = $1", user_id)
    await town.changed("member", user_id)
    assert await town.until(text, 403) < 1.2
    await town.sql("UPDATE users SET disabled_at = now() WHERE user_id = $1", user_id)
    await town.changed("user", user_id)
    assert await town.until(text, 401) < 1.2


async def test_a_user_without_an_e_mail_here_accepts_the_invitation_whose_token_they_hold(town: Town) -> None:
    admin = await town.stack.caller()
    text = token(SECRET, claims(sub="invited"))
    assert (await town.ask(text))[0] == 403
    invited = await admin("POST", "/v1/invitations", {"email": "invited@example.test", "role": "editor"})
    assert invited.status == 201, invited.body
    body = {"token": invited.body["token"]}
    for status in (200, 404):  # once
        accepted = await admin("POST", "/v1/invitations/accept", body, headers={"authorization": f"Bearer {text}"})
        assert accepted.status == status, accepted.body
    assert (await town.ask(text))[0] == 200
    assert (await town.ask(text, "/v1/api-keys"))[0] == 403


async def test_an_expired_token_is_told_so_and_every_other_flaw_alike(town: Town) -> None:
    now = int(time.time())
    status, body = await town.ask(token(SECRET, claims(exp=now - 40)))
    assert (status, body["error"]["code"]) == (401, "token_expired")
    flawed: list[tuple[int, Any]] = [
        await town.ask(one)
        for one in (
            token("another-secret-of-at-least-thirty-two-bytes"), token(SECRET, claims(aud="else")), token(SECRET, claims(sub=None)),
            token(town.project.signer, header={"kid": "nobody"}), "x" * 9000, "a.b.c",
        )
    ]  # fmt: skip
    assert {(status, body["error"]["code"], body["error"]["message"]) for status, body in flawed} == {
        (401, "unauthenticated", "This token is not valid here.")
    }


async def test_keys_are_read_once_for_many_tokens(town: Town) -> None:
    await town.ask(token(town.project.signer, claims(sub="warm")))
    before = town.project.counts["/jwks"]
    for n in range(20):
        assert (await town.ask(token(town.project.signer, claims(sub="warm", jti=str(n)))))[0] == 403
        assert (await town.ask(token(ec_signer("unknown"), claims(jti=str(n)))))[0] == 401
    assert town.project.counts["/jwks"] <= before + 1


async def test_an_api_key_and_a_token_are_told_apart(town: Town) -> None:
    caller = await town.stack.caller()
    assert (await town.ask(caller.key))[0] == 200
    status, body = await town.ask("bk_live_nonsense")
    assert status == 401 and "API key" in body["error"]["message"]
