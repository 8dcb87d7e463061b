"""Where a person belongs who comes through the OpenID provider for the first time (BURNISH_OIDC_DEFAULT_WORKSPACE)."""

from typing import Any
from uuid import UUID

import pytest

from burnish_shared.ids import new_uuid
from tests.fakes.identity_provider import CLIENT_ID, CLIENT_SECRET
from tests.integration.identity.browser import PUBLIC
from tests.integration.identity.conftest import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]


async def gateway(town: Town, workspace_id: UUID, **settings: Any) -> str:
    url = await town.stack.start_gateway(
        public_url=PUBLIC, oidc_issuer=town.provider.url, oidc_client_id=CLIENT_ID, oidc_client_secret=CLIENT_SECRET,
        oidc_default_workspace=str(workspace_id), **settings,
    )  # fmt: skip
    town.stack.gateways.remove(url)
    return url


async def memberships(town: Town, subject: str) -> list[tuple[Any, ...]]:
    user_id = await town.user_of(subject)
    rows = await town.sql("SELECT workspace_id, role, invited_by FROM members WHERE user_id = $1", user_id)
    return [tuple(row) for row in rows]


async def test_a_newcomer_belongs_to_the_workspace_that_the_operator_named_and_once_removed_stays_out(town: Town) -> None:
    home = await town.workspace()
    here = await gateway(town, home.workspace_id, oidc_default_role="editor")
    town.provider.subject = "new-hand"
    browser = town.browser(here)
    assert (await browser.sign_in()).status == 303
    assert await memberships(town, "new-hand") == [(home.workspace_id, "editor", "system:oidc")]
    assert (await browser.get("/v1/prompts")).status == 200, "without an invitation"
    [entry] = await town.sql("SELECT actor, action FROM audit_log WHERE workspace_id = $1 AND object_kind = 'member'", home.workspace_id)
    assert tuple(entry) == ("system:oidc", "member.added")
    await town.sql("DELETE FROM members WHERE workspace_id = $1", home.workspace_id)
    assert (await town.browser(here).sign_in()).status == 303
    assert await memberships(town, "new-hand") == []


async def test_elsewhere_and_with_an_account_of_before_one_belongs_nowhere(town: Town) -> None:
    home = await town.workspace()
    here = await gateway(town, home.workspace_id, oidc_link_by_email=True)
    town.provider.subject = "early"
    assert (await town.browser(town.plain).sign_in()).status == 303, "no such setting there"
    assert (await town.browser(here).sign_in()).status == 303
    assert await memberships(town, "early") == [], "known before"
    local = new_uuid()
    await town.sql("INSERT INTO users (user_id, email, email_verified_at) VALUES ($1, 'hired@example.test', now())", local)
    town.provider.subject = "hired"
    assert (await town.browser(here).sign_in()).status == 303
    assert await town.user_of("hired") == local and await memberships(town, "hired") == []


@pytest.mark.parametrize(
    ("subject", "claims", "role"),
    [
        ("of-the-house", {"email": "Of.The@Example.Test"}, "viewer"),
        ("of-another", {"email": "somebody@example.test.evil.example"}, None),
        ("unverified", {"email_verified": False}, None),
        ("without-any", {"email": None}, None),
    ],
)
async def test_domains_narrow_it_to_verified_e_mails(town: Town, subject: str, claims: dict[str, Any], role: str | None) -> None:
    home = await town.workspace()
    here = await gateway(town, home.workspace_id, oidc_default_domains=" Example.test, other.example ")
    town.provider.subject, town.provider.claims = subject, claims
    assert (await town.browser(here).sign_in()).status == 303
    assert await memberships(town, subject) == ([(home.workspace_id, role, "system:oidc")] if role else [])


async def test_a_workspace_that_is_suspended_or_not_there_keeps_nobody_from_signing_in(town: Town) -> None:
    home = await town.workspace()
    await town.sql("UPDATE workspaces SET suspended_at = now() WHERE workspace_id = $1", home.workspace_id)
    for subject, workspace_id in (("to-nobody", new_uuid()), ("to-the-suspended", home.workspace_id)):
        town.provider.subject = subject
        assert (await town.browser(await gateway(town, workspace_id)).sign_in()).status == 303
        assert await memberships(town, subject) == []
