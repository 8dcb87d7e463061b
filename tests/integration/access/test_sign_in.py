"""Local sign-in over HTTP: accounts, cookies, CSRF, who is told what (PRODUCT T2d)."""

import asyncio
from typing import Any

import pytest

from burnish_gateway.access import session_store
from burnish_gateway.access.passwords import Passwords
from burnish_gateway.sign_in import sign_in_routes
from tests.embedded.stack import Stack
from tests.integration.access.browser import PASSWORD, join, newcomer, nobody, unknown_email, until_status

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]

COOKIE = "burnish_session"


async def test_who_signs_up_is_the_admin_of_an_organization_on_the_plan_for_newcomers(stack: Stack) -> None:
    ada = await newcomer(stack, organization="Analytical Engines")
    session = (await ada("GET", "/v1/auth/session")).body
    assert session["user"] | {"id": ""} == {"id": "", "email": ada.email, "name": "New Comer", "is_operator": False}
    assert session["signed_in_by"] == "password" and session["csrf_token"] == ada.csrf_token
    (workspace,) = session["workspaces"]
    assert workspace["role"] == "admin" and workspace["is_home"] and workspace["organization_name"] == "Analytical Engines"
    organization = (await ada("GET", f"/v1/organizations/{workspace['organization_id']}")).body
    assert organization["plan"] == "free" and [one["email"] for one in organization["members"]] == [ada.email]
    credit = (await ada("GET", "/v1/credits")).body
    assert credit["balance_nusd"] == 1_000_000_000  # what the free plan gives in a month, and no more


async def test_an_email_has_one_account_however_it_is_written(stack: Stack) -> None:
    ada = await newcomer(stack)
    again = await nobody(stack)("POST", "/v1/auth/sign-up", {"email": f" {ada.email.upper()} ", "password": PASSWORD})
    assert again.status == 409 and again.body["error"]["param"] == "email"
    assert (await nobody(stack).sign_in(email=ada.email.upper())).status == 200


async def test_an_unknown_email_and_a_wrong_password_are_answered_alike(stack: Stack) -> None:
    ada = await newcomer(stack)
    wrong = await nobody(stack).sign_in("not her password", email=ada.email)
    unknown = await nobody(stack).sign_in("not her password", email=unknown_email())
    nonsense = await nobody(stack).sign_in("not her password", email="not an e-mail")
    for answer in (wrong, unknown, nonsense):
        answer.body["error"].pop("request_id")
        assert answer.status == 401 and "set-cookie" not in answer.headers
    assert wrong.body == unknown.body == nonsense.body


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(stack: Stack) -> None:
    ada = await newcomer(stack)
    answer = await nobody(stack).sign_in(email=ada.email)
    assert answer.headers["cache-control"] == "no-store"
    name, _, rest = answer.headers["set-cookie"].partition("=")
    value, *attributes = rest.split("; ")
    assert name == COOKIE and len(value) == 32 + 1 + 43
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=1209600"]


async def test_behind_https_the_cookie_is_bound_to_the_host_and_to_tls(stack: Stack) -> None:
    url = await stack.start_gateway(public_url="https://burnish.example.com", password_memory_kib=64, password_passes=1)
    try:
        ada = (await newcomer(stack)).at(url)
        answer = await ada.sign_in()
        name, _, rest = answer.headers["set-cookie"].partition("=")
        assert name == "__Host-burnish_session" and "Secure" in rest.split("; ") and "Domain" not in rest
        assert (await ada("GET", "/v1/members")).status == 200
        planted = {"cookie": f"{COOKIE}={rest.split(';')[0]}"}  # a neighbouring host could plant this name
        assert (await nobody(stack).at(url)("GET", "/v1/members", headers=planted)).status == 401
        own = {"origin": "https://burnish.example.com"}
        assert (await ada("PATCH", f"/v1/members/{ada.user_id}", {"role": "admin"}, headers=own)).status == 200
    finally:
        stack.gateways.remove(url)


async def test_each_sign_in_gets_a_token_of_its_own_and_ends_the_one_that_was_brought_along(stack: Stack) -> None:
    """Session fixation: a token that somebody else knows never becomes that of the one who signs in."""
    ada = await newcomer(stack)
    brought = dict(ada.cookies)
    await ada.sign_in()
    assert ada.cookies != brought
    former = nobody(stack)
    former.cookies = brought
    assert (await former("GET", "/v1/auth/session")).status == 401
    invented = nobody(stack)
    invented.cookies = {COOKIE: "0" * 32 + "." + "x" * 43}
    await invented.sign_in(email=ada.email)
    assert invented.cookies[COOKIE] != "0" * 32 + "." + "x" * 43


async def test_a_cookie_that_was_tampered_with_opens_nothing(stack: Stack) -> None:
    ada, eve = await newcomer(stack), await newcomer(stack)
    own, other = ada.cookies[COOKIE], eve.cookies[COOKIE]
    flipped = own[:-1] + ("A" if own[-1] != "A" else "B")
    mixed = own.partition(".")[0] + "." + other.partition(".")[2]
    for value in (flipped, mixed, own[:-1], own + "A", own.partition(".")[0], "", ".", "x" * 5000, "\u00e4" * 76, own.upper()):
        answer = await nobody(stack)("GET", "/v1/auth/session", headers={"cookie": f"{COOKIE}={value}"})
        assert answer.status == 401, value[:50]


async def test_a_change_with_the_cookie_alone_is_refused(stack: Stack) -> None:
    ada = await newcomer(stack)
    token, path, body = ada.csrf_token, f"/v1/workspaces/{ada.workspace}", {"name": "renamed"}
    eve = await newcomer(stack)
    changes = {
        "PATCH": path,
        "POST": "/v1/auth/sign-out",
        "PUT": "/v1/prompts/x/labels/y",
        "DELETE": f"/v1/auth/memberships/{ada.workspace}",
    }
    for wrong in ("", "0" * 64, eve.csrf_token, token.upper()):
        ada.csrf_token = wrong
        for method, where in changes.items():
            refused = await ada(method, where, body)
            assert (refused.status, refused.body["error"]["code"]) == (403, "csrf"), (method, wrong)
    assert (await ada("GET", path)).body["name"] != "renamed"
    ada.csrf_token = token
    assert (await ada("PATCH", path, body)).body["name"] == "renamed"


async def test_a_change_from_a_page_of_another_origin_is_refused(stack: Stack) -> None:
    ada = await newcomer(stack)
    path, body = f"/v1/workspaces/{ada.workspace}", {"name": "renamed"}
    for origin in ("https://evil.example", "null", ada.url + ".evil.example", "http://localhost:1", "file://"):
        refused = await ada("PATCH", path, body, headers={"origin": origin})
        assert (refused.status, refused.body["error"]["code"]) == (403, "csrf"), origin
        refused = await nobody(stack)("POST", "/v1/auth/sign-in", {"email": ada.email, "password": PASSWORD}, headers={"origin": origin})
        assert (refused.status, refused.body["error"]["code"]) == (403, "csrf"), origin
    assert (await ada("PATCH", path, body, headers={"origin": ada.url})).status == 200


async def test_a_key_needs_no_csrf_token_and_counts_before_the_cookie(stack: Stack) -> None:
    ada = await newcomer(stack)
    made = await ada("POST", "/v1/api-keys", {"name": "reader", "role": "viewer"})
    ada.csrf_token, bearer = "", {"authorization": f"Bearer {made.body['key']}"}
    assert (await ada("POST", "/v1/api-keys", {"name": "more"}, headers=bearer)).body["error"]["message"].startswith("This needs the role")
    assert (await ada("GET", "/v1/auth/session", headers=bearer)).status == 403
    assert (await ada("GET", "/v1/auth/session", headers={"authorization": "Basic x"})).status == 200


async def test_no_answer_lets_another_origin_read_with_the_cookie(stack: Stack) -> None:
    ada = await newcomer(stack)
    for method in ("GET", "OPTIONS"):
        answer = await ada(method, "/v1/auth/session", headers={"origin": "https://evil.example", "access-control-request-method": "POST"})
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_signing_out_ends_the_session_at_every_gateway(stack: Stack) -> None:
    ada = await newcomer(stack)
    elsewhere = ada.at(stack.gateways[1])
    assert (await elsewhere("GET", "/v1/auth/session")).status == 200
    assert (await ada("POST", "/v1/auth/sign-out")).status == 204
    assert ada.cookies == {}
    await until_status(elsewhere, 401)


async def test_ones_sessions_are_listed_and_ended_one_by_one_and_nobody_elses(stack: Stack) -> None:
    ada, eve = await newcomer(stack), await newcomer(stack)
    other = nobody(stack, gateway=1)
    await other.sign_in(email=ada.email)
    listed = (await ada("GET", "/v1/auth/sessions")).body["data"]
    assert [one["is_this"] for one in listed] == [False, True] and listed[0]["address"] == "127.0.0.1"
    foreign = (await eve("GET", "/v1/auth/sessions")).body["data"][0]["id"]
    assert (await ada("DELETE", f"/v1/auth/sessions/{foreign}")).status == 404
    assert (await ada("DELETE", f"/v1/auth/sessions/{listed[0]['id']}")).status == 204
    await until_status(other, 401)
    assert (await eve("GET", "/v1/auth/session")).status == 200


async def test_a_changed_password_ends_the_other_sessions(stack: Stack) -> None:
    ada = await newcomer(stack)
    other = nobody(stack, gateway=1)
    await other.sign_in(email=ada.email)
    wrong = await ada("POST", "/v1/auth/password", {"old_password": "not it at all", "new_password": "another good one"})
    assert wrong.status == 422 and wrong.body["error"]["param"] == "old_password"
    weak = await ada("POST", "/v1/auth/password", {"old_password": PASSWORD, "new_password": "password123"})
    assert weak.status == 422 and weak.body["error"]["param"] == "new_password"
    changed = await ada("POST", "/v1/auth/password", {"old_password": PASSWORD, "new_password": "another good one"})
    assert changed.status == 204
    assert (await ada("GET", "/v1/auth/session")).status == 200
    await until_status(other, 401)
    assert (await nobody(stack).sign_in(email=ada.email)).status == 401
    assert (await nobody(stack).sign_in("another good one", email=ada.email)).status == 200


async def test_of_several_changes_of_a_password_at_once_one_is_made(stack: Stack) -> None:
    ada = await newcomer(stack)
    news = [f"another good one {number}" for number in range(4)]
    answers = await asyncio.gather(*(ada("POST", "/v1/auth/password", {"old_password": PASSWORD, "new_password": new}) for new in news))
    assert sorted(one.status for one in answers)[0] == 204 and [one.status for one in answers].count(204) == 1
    assert {one.body["error"]["param"] for one in answers if one.status != 204} == {"old_password"}
    made = next(new for new, answer in zip(news, answers, strict=True) if answer.status == 204)
    assert (await nobody(stack).sign_in(made, email=ada.email)).status == 200


async def test_a_password_that_is_changed_while_somebody_signs_in_with_it_lets_nobody_in(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await newcomer(stack)
    opens = sign_in_routes.open_session

    async def once_it_was_changed(*args: Any, **more: Any) -> Any:
        changed = await ada("POST", "/v1/auth/password", {"old_password": PASSWORD, "new_password": "another good one"})
        assert changed.status == 204
        return await opens(*args, **more)

    monkeypatch.setattr(sign_in_routes, "open_session", once_it_was_changed)
    late = nobody(stack)
    assert (await late.sign_in(email=ada.email)).status == 401 and COOKIE not in late.cookies
    assert [one["is_this"] for one in (await ada("GET", "/v1/auth/sessions")).body["data"]] == [True]
    monkeypatch.undo()
    assert (await nobody(stack).sign_in("another good one", email=ada.email)).status == 200


async def test_a_password_that_is_changed_while_its_hash_is_renewed_lets_nobody_in(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash that stands there then is another password's."""
    ada = await newcomer(stack)
    renews = session_store.replace_hash

    async def once_it_was_changed(*args: Any, **more: Any) -> Any:
        monkeypatch.undo()
        changed = await ada("POST", "/v1/auth/password", {"old_password": PASSWORD, "new_password": "another good one"})
        assert changed.status == 204
        return await renews(*args, **more)

    monkeypatch.setattr(Passwords, "is_outdated", lambda self, stored: True)
    monkeypatch.setattr(session_store, "replace_hash", once_it_was_changed)
    late = nobody(stack)
    assert (await late.sign_in(email=ada.email)).status == 401 and COOKIE not in late.cookies
    assert (await nobody(stack).sign_in("another good one", email=ada.email)).status == 200


async def test_of_several_who_renew_the_hash_of_their_password_at_once_all_come_in(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them renews it; the others find a hash of the same password there."""
    ada = await newcomer(stack)
    first: list[str] = []

    def is_outdated(self: Passwords, stored: str) -> bool:
        first.append(stored)
        return stored == first[0]

    monkeypatch.setattr(Passwords, "is_outdated", is_outdated)
    answers = await asyncio.gather(*(nobody(stack).sign_in(email=ada.email) for _ in range(3)))
    assert [one.status for one in answers] == [200, 200, 200]


@pytest.mark.parametrize("password", ["short one", "x" * 201, "password123", "aaaaaaaaaaaa", "qwertyuiop"])
async def test_a_password_that_anybody_would_try_is_refused(stack: Stack, password: str) -> None:
    answer = await nobody(stack)("POST", "/v1/auth/sign-up", {"email": unknown_email(), "password": password})
    assert answer.status == 422 and answer.body["error"]["param"] == "password"
    assert password not in answer.body["error"]["message"]


async def test_the_ways_of_signing_in_are_told_to_everybody(stack: Stack) -> None:
    ways = (await nobody(stack)("GET", "/v1/auth/ways")).body
    assert ways["password"] is True and ways["sign_up"] == "open"


async def test_where_sign_up_is_not_open_nobody_makes_an_account_alone(stack: Stack) -> None:
    url = await stack.start_gateway(password_memory_kib=64, password_passes=1)
    try:
        refused = await nobody(stack).at(url)("POST", "/v1/auth/sign-up", {"email": unknown_email(), "password": PASSWORD})
        assert refused.status == 403
        ada = await newcomer(stack)
        guest = await join(stack, ada.at(url), role="viewer")
        assert (await guest.at(url)("POST", "/v1/organizations", {"name": "mine"})).status == 403
    finally:
        stack.gateways.remove(url)
