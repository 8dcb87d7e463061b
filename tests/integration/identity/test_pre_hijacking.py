"""An account that somebody made under another's e-mail gives them nothing when the owner comes (account pre-hijacking)."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from tests.fakes.signing import ISSUER, SECRET, claims, token
from tests.integration.identity.conftest import Town
from tests.pace import comes_within

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]

PASSWORD = "squatters own password"


@dataclass(slots=True)
class Squatter:
    """Whoever made an account under somebody else's e-mail. `bearer`: a token of a provider that the account is linked to as well."""

    town: Town
    email: str
    user_id: UUID
    cookie: str
    bearer: str

    async def session(self, gateway: str) -> int:
        async with self.town.stack.session.get(f"{gateway}/v1/auth/session", headers={"cookie": self.cookie}) as response:
            return response.status

    async def sign_in(self) -> int:
        return (await sent(self.town, "/v1/auth/sign-in", {"email": self.email, "password": PASSWORD}))[0]


async def sent(town: Town, path: str, body: Any) -> tuple[int, Any, str]:
    """Status, body, and the cookie that came with it."""
    async with town.stack.session.post(town.linking + path, json=body) as response:
        return response.status, await response.json(), response.headers.get("set-cookie", "").partition(";")[0]


async def squatter(town: Town, email: str, *, way: str) -> Squatter:
    """Signed up in the victim's name, or, where nobody may, invited the victim and accepted that as the victim."""
    if way == "sign_up":
        status, body, cookie = await sent(town, "/v1/auth/sign-up", {"email": email, "password": PASSWORD, "name": "Vic Tim"})
        assert status == 201, body
    else:
        invited = await (await town.stack.caller())("POST", "/v1/invitations", {"email": email, "role": "admin"})
        accepting = {"token": invited.body["token"], "password": PASSWORD, "name": "Vic Tim"}
        status, body, cookie = await sent(town, "/v1/invitations/accept", accepting)
        assert status == 200, body
    user_id = UUID(body["user"]["id"])
    subject = f"squatter-{way}"
    await town.sql("INSERT INTO identities (issuer, subject, user_id) VALUES ($1, $2, $3)", f"jwt:{ISSUER}", subject, user_id)
    made = Squatter(town, email, user_id, cookie, token(SECRET, claims(sub=subject)))
    assert [await made.session(one) for one in (town.plain, town.linking)] == [200, 200]
    assert (await town.ask(made.bearer))[0] == 200 and await made.sign_in() == 200
    return made


@pytest.mark.parametrize("way", ["sign_up", "invited"])
async def test_the_owner_of_an_e_mail_gets_nothing_of_whoever_took_it_before_and_the_other_way_round(town: Town, way: str) -> None:
    victim = f"victim-{way.replace('_', '-')}"
    theirs = await squatter(town, f"{victim}@example.test", way=way)
    town.provider.subject = victim
    browser = town.browser(town.linking)
    assert (await browser.sign_in()).status == 303
    user_id = await town.user_of(victim)
    assert user_id not in {None, theirs.user_id}
    session = (await browser.get("/v1/auth/session")).body
    assert (session["user"]["id"], session["user"]["email"], session["workspaces"]) == (str(user_id), theirs.email, [])
    assert (await browser.get("/v1/prompts")).body["error"]["code"] == "no_workspace"
    assert len(await town.sql("SELECT FROM identities WHERE user_id = $1", user_id)) == 1
    [row] = await town.sql("SELECT email, disabled_at FROM users WHERE user_id = $1", theirs.user_id)
    assert row["email"] is None and row["disabled_at"] is not None

    async with comes_within(1.2):
        for gateway in (town.plain, town.linking):
            while await theirs.session(gateway) != 401 or (await town.ask(theirs.bearer, gateway=gateway))[0] != 401:
                await asyncio.sleep(0.02)
    assert await theirs.sign_in() == 401
    assert (await browser.sign_in()).status == 303 and await town.user_of(victim) == user_id, "and so it stays"


async def test_an_owner_who_comes_through_many_doors_at_once_gets_one_account(town: Town) -> None:
    theirs = await squatter(town, "everywhere@example.test", way="many doors")
    statement = "SELECT link_identity(gen_random_uuid(), $1, 'everywhere', $2, true, 'Vic Tim') AS user_id"
    found = await asyncio.gather(*(town.sql(statement, f"https://issuer-{n}.test", theirs.email) for n in range(8)))
    users = {one[0]["user_id"] for one in found}
    assert len(users) == 1 and not users & {None, theirs.user_id}
