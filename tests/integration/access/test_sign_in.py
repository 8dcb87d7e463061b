"""Local sign-in over HTTP: cookies, CSRF, enumeration, guessing, sessions (PRODUCT T2d)."""

import pytest

from tests.embedded.stack import Stack
from tests.integration.access.browser import newcomer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]


async def test_who_signs_up_is_signed_in_as_the_admin_of_an_organization_on_the_plan_for_newcomers(stack: Stack) -> None:
    ada = await newcomer(stack, organization="Analytical Engines")
    session = (await ada("GET", "/v1/auth/session")).body
    assert session["user"] | {"id": ""} == {"id": "", "email": ada.email, "name": "New Comer", "is_operator": False}
    assert session["signed_in_by"] == "password" and session["csrf_token"] == ada.csrf_token
    (workspace,) = session["workspaces"]
    assert workspace["role"] == "admin" and workspace["is_home"] and workspace["organization_name"] == "Analytical Engines"
    organization = (await ada("GET", f"/v1/organizations/{workspace['organization_id']}")).body
    assert organization["plan"] == "free" and [one["email"] for one in organization["members"]] == [ada.email]
    credit = (await ada("GET", "/v1/credits")).body
    assert credit["balance_nusd"] == 1_000_000_000  # the free plan's base credit of a month, and no more
