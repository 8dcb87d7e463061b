"""Signing in through an OpenID provider that really signs, and through one that misbehaves."""

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import pytest_asyncio
from aiohttp import web
from structlog.testing import capture_logs

from burnish_gateway.sign_in.oidc_flow import FLOWS_MOST, new_flow
from burnish_gateway.sign_in.oidc_provider import OidcClient, OidcProvider
from burnish_gateway.sign_in.provider_http import ProviderHttp
from burnish_shared.errors import Unauthenticated, Unavailable
from burnish_shared.ids import new_uuid
from tests.fakes.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider
from tests.fakes.signing import SECRET, assemble, claims, ec_signer, rsa_signer, token
from tests.integration.identity.browser import Browser, Page
from tests.integration.identity.conftest import Town

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]

SESSION = "__Host-burnish_session"
FLOW = "__Host-burnish_oidc_"


def _changed(location: str, **parameters: str | None) -> str:
    """The callback's address with other parameters."""
    parts = urlsplit(location)
    given: dict[str, Any] = {name: values[0] for name, values in parse_qs(parts.query).items()} | parameters
    return f"{parts.path}?{urlencode({name: value for name, value in given.items() if value is not None})}"


def _flows(browser: Browser) -> list[str]:
    return [name for name in browser.cookies if name.startswith(FLOW)]


def _refused(page: Page, status: int = 401, *, forgets: bool = True) -> None:
    """Our own error schema, the flow that it answers forgotten, and not a word of the provider's."""
    assert page.status == status, page.text
    assert {"type", "code", "message", "request_id"} <= set(page.body["error"])
    assert "secret-detail" not in page.text and not any(one.startswith(SESSION) for one in page.set_cookies)
    assert any(one.startswith(FLOW) and "Max-Age=0" in one for one in page.set_cookies) is forgets


async def test_a_browser_signs_in_and_goes_where_it_wanted_to(town: Town) -> None:
    browser = town.browser()
    begun = await browser.get("/v1/auth/oidc/start?next=/app/prompts%3Ftab%3D2")
    asked = parse_qs(urlsplit(begun.location).query)
    assert begun.location.startswith(f"{town.provider.url}/authorize?") and asked["client_id"] == [CLIENT_ID]
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 43 and CLIENT_SECRET not in begun.location
    done = await browser.get((await browser.visit(begun.location)).location)
    assert (done.status, done.location) == (303, "/app/prompts?tab=2"), done.text
    assert SESSION in browser.cookies and not _flows(browser)
    session = await browser.get("/v1/auth/session")
    assert session.status == 200 and "ada@example.test" in session.text
    first = await town.user_of("ada", issuer=town.provider.issuer)
    await town.browser().sign_in()
    assert first is not None and await town.user_of("ada") == first


async def test_a_sign_in_may_begin_at_one_gateway_and_end_at_another(town: Town) -> None:
    browser = town.browser(town.plain)
    back = await browser.come_back()
    browser.gateway = town.linking
    assert (await browser.get(back.location)).status == 303
    browser.gateway = town.plain
    assert (await browser.get("/v1/auth/session")).status == 200


async def test_sign_ins_in_several_tabs_do_not_end_each_other(town: Town) -> None:
    browser = town.browser()
    tabs = [await browser.come_back(next_path=f"/app/{n}") for n in range(3)]
    refused = await browser.get(_changed(tabs[1].location, code="x"))
    _refused(refused)
    for n in (0, 2):
        done = await browser.get(tabs[n].location)
        assert (done.status, done.location) == (303, f"/app/{n}"), done.text
    assert not _flows(browser)
    for _ in range(FLOWS_MOST + 3):
        await browser.get("/v1/auth/oidc/start")
    assert len(_flows(browser)) == FLOWS_MOST


NOTHING_OF_IT: list[dict[str, Any]] = [
    {"email": 5}, {"email": []}, {"email": "\ud800@example.test"}, {"email": "a\0@example.test"}, {"name": {}}, {"name": "\ud800"},
    {"email_verified": "yes"}, {"email": None, "name": None, "email_verified": None},
]  # fmt: skip


@pytest.mark.parametrize("claims", NOTHING_OF_IT)
async def test_claims_of_another_type_say_nothing_and_are_no_failure_of_ours(town: Town, claims: dict[str, Any]) -> None:
    town.provider.subject = f"odd-{NOTHING_OF_IT.index(claims)}"
    town.provider.claims = claims
    done = await town.browser().sign_in()
    assert done.status == 303, done.text


async def test_a_header_of_nulls_signs_nobody_in_and_is_no_failure_of_ours(town: Town) -> None:
    headers: list[dict[str, Any]] = [{"alg": None}, {"kid": None}, {"kid": 5}, {"alg": []}, {"typ": None, "crit": None}]
    for town.provider.header in headers:
        _refused(await town.browser().sign_in())


@pytest.mark.parametrize("keys", [[None], [{"kty": None}], [{"key_ops": None, "kid": None}], [{"key_ops": 5}], None])
async def test_whatever_the_keys_are_the_provider_is_away_at_worst(town: Town, client: "Client", keys: Any) -> None:
    town.provider.raw_keys = {"keys": keys}
    with pytest.raises(Unavailable):
        await client.sign_in(town)


FLAWS: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "n" * 43},
    "no nonce": {"nonce": None},
    "nonce is no text": {"nonce": 7},
    "another audience": {"aud": "somebody-else"},
    "several audiences and no party": {"aud": [CLIENT_ID, "somebody-else"]},
    "several audiences and another party": {"aud": [CLIENT_ID, "somebody-else"], "azp": "somebody-else"},
    "another party": {"azp": "somebody-else"},
    "another issuer": {"iss": "https://accounts.other.test"},
    "no issuer": {"iss": None},
    "expired": {"exp": int(time.time()) - 3600},
    "no expiry": {"exp": None},
    "issued in the future": {"iat": int(time.time()) + 3600},
    "no time of issue": {"iat": None},
    "not before in the future": {"nbf": int(time.time()) + 3600},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
}


IN_THE_LOG = {
    "another nonce": "nonce", "another party": "azp", "another audience": "InvalidAudienceError", "another issuer": "InvalidIssuerError",
    "expired": "expired", "no expiry": "MissingRequiredClaimError", "issued in the future": "ImmatureSignatureError",
}  # fmt: skip


@pytest.mark.parametrize("flaw", list(IN_THE_LOG))
async def test_whoever_runs_the_installation_reads_why_an_id_token_was_refused(town: Town, flaw: str) -> None:
    """What the person reads says nothing of it; without the log nobody could tell a wrong client id from a wrong clock."""
    town.provider.claims = FLAWS[flaw]
    assert await _flaws_of(town) == [IN_THE_LOG[flaw]]


async def test_whoever_runs_the_installation_reads_why_a_code_was_refused_and_no_text_of_a_stranger(town: Town) -> None:
    for said, told in (({"error": "invalid_client"}, "invalid_client"), ({"error": "<b>\n"}, "other"), ({"error": [1]}, "other")):
        town.provider.token_answer = web.json_response(said, status=401)
        assert await _flaws_of(town) == [told]
    town.provider.token_answer = web.json_response({})
    assert await _flaws_of(town) == ["no_id_token"]
    town.provider.token_answer = None
    town.provider.answer_with = {"error": "access_denied", "code": None}
    assert await _flaws_of(town) == ["access_denied"]


async def _flaws_of(town: Town) -> list[str]:
    with capture_logs() as logs:
        _refused(await town.browser().sign_in())
    return [one["flaw"] for one in logs if one["event"].startswith(("sign_in.", "token."))]


@pytest.mark.parametrize("flaw", list(FLAWS))
async def test_an_id_token_that_is_not_right_signs_nobody_in(town: Town, flaw: str) -> None:
    town.provider.claims = FLAWS[flaw]
    _refused(await town.browser().sign_in())


async def test_an_id_token_with_the_wrong_signature_signs_nobody_in(town: Town) -> None:
    now = int(time.time())
    own = town.provider.signer
    for n, forge in enumerate(
        (
            lambda body: assemble({"alg": "none"}, body, None),
            lambda body: assemble({"alg": "HS256"}, body, CLIENT_SECRET.encode()),
            lambda body: assemble({"alg": "HS256", "kid": own.kid}, body, own.public_pem),
            lambda body: assemble({"alg": "RS256", "kid": own.kid}, body, rsa_signer("other")),
            lambda body: assemble({"alg": "RS256", "kid": "other"}, body, rsa_signer("other")),
            lambda body: assemble({"alg": "RS256", "kid": "x", "jku": f"{town.provider.url}/jwks"}, body, rsa_signer("other")),
            lambda body: "no.token.atall",
            lambda body: "x" * 20_000,
        )
    ):
        browser = town.browser()
        begun = await browser.get("/v1/auth/oidc/start")
        nonce = parse_qs(urlsplit(begun.location).query)["nonce"][0]
        body = {"iss": town.provider.issuer, "sub": f"forged-{n}", "aud": CLIENT_ID, "exp": now + 300, "iat": now, "nonce": nonce}
        town.provider.id_token = forge(body)
        _refused(await browser.get((await browser.visit(begun.location)).location))
        assert await town.user_of(f"forged-{n}") is None


async def test_what_a_provider_says_when_it_refuses_stays_behind(town: Town) -> None:
    for answer, status in (
        (web.json_response({"error": "invalid_grant", "error_description": "secret-detail"}, status=400), 401),
        (web.json_response({"error": "secret-detail"}), 401),
        (web.json_response({"id_token": 7}), 401),
        (web.json_response({"note": "secret-detail"}, status=500), 503),
        (web.Response(text="<html>secret-detail"), 503),
        (web.json_response(["secret-detail"]), 503),
        (web.Response(body=b'{"id_token": "' + b"x" * 300_000 + b'"}'), 503),
        (web.Response(status=302, headers={"location": f"{town.provider.url}/jwks"}), 503),
    ):
        town.provider.token_answer = answer
        _refused(await town.browser().sign_in(), status)
    town.provider.token_answer = None
    for error in ("access_denied", "<script>secret-detail</script>"):
        town.provider.answer_with = {"code": None, "error": error, "error_description": "secret-detail"}
        _refused(await town.browser().sign_in())


async def test_an_answer_is_taken_once_and_by_the_browser_that_asked(town: Town) -> None:
    browser, victim = town.browser(), town.browser()
    back = await browser.come_back()
    cookies = dict(browser.cookies)
    _refused(await victim.get(back.location))  # login CSRF: somebody else's answer in the victim's browser
    other = town.browser()
    await other.come_back()
    _refused(await other.get(back.location))
    assert (await browser.get(back.location)).status == 303
    browser.cookies = cookies
    _refused(await browser.get(back.location))  # the same answer again, cookie and all
    elsewhere = town.browser(town.linking)
    elsewhere.cookies = cookies
    _refused(await elsewhere.get(back.location))  # where the state was not seen the provider's code is spent


async def test_a_person_who_is_refused_arrives_at_the_page_that_says_so(town: Town) -> None:
    browser = town.browser()
    at_start = await browser.get("/v1/auth/oidc/start?next=//evil.test", headers={"accept": "text/html", "x-request-id": "r1"})
    assert (at_start.status, at_start.location) == (303, "/app/sign-in?error=invalid_field&request_id=r1"), at_start.text
    back = await browser.come_back()
    at_end = await browser.get(back.location + "x", headers={"accept": "text/html", "x-request-id": "r2"})
    assert (at_end.status, at_end.location) == (303, "/app/sign-in?error=unauthenticated&request_id=r2"), at_end.text
    assert any(one.startswith(FLOW) and "Max-Age=0" in one for one in at_end.set_cookies)
    assert SESSION not in browser.cookies


async def test_state_and_cookie_that_were_tampered_with_are_refused(town: Town) -> None:
    for parameters in ({"state": "x"}, {"state": None}, {"state": "ä" * 43}, {"code": None}, {"code": ""}, {"code": "x" * 5000}):
        browser = town.browser()
        location = _changed((await browser.come_back()).location, **parameters)
        _refused(await browser.get(location), forgets="state" not in parameters)
        assert len(_flows(browser)) == ("state" in parameters)
    for cookie in ("", "x", "A" * 400):
        browser = town.browser()
        back = await browser.come_back()
        browser.cookies[_flows(browser)[0]] = cookie
        _refused(await browser.get(back.location))


async def test_an_answer_of_another_provider_is_refused(town: Town) -> None:
    """Mix-up (RFC 9207): this provider promises to name itself."""
    for iss in ("https://attacker.test", None, town.provider.issuer + "/"):
        browser = town.browser()
        _refused(await browser.get(_changed((await browser.come_back()).location, iss=iss)))


@pytest.mark.parametrize(
    "path", ["//evil.test", "https://evil.test", "/%5Cevil.test", "/%09/evil.test", "%20/", "evil", "/%0d%0aset-cookie:a"]
)
async def test_nobody_is_sent_to_somebody_elses_page(town: Town, path: str) -> None:
    page = await town.browser().get(f"/v1/auth/oidc/start?next={path}")
    assert page.status == 422 and page.body["error"]["param"] == "next" and not page.location


async def test_an_account_of_the_same_e_mail_is_joined_only_where_both_sides_say_so(town: Town) -> None:
    local = new_uuid()
    await town.sql("INSERT INTO users (user_id, email, email_verified_at) VALUES ($1, 'grace@example.test', now())", local)
    town.provider.subject = "grace"
    page = await town.browser(town.plain).sign_in()
    _refused(page, 403)
    assert await town.user_of("grace") is None
    town.provider.claims = {"email_verified": False}
    assert (await town.browser(town.linking).sign_in()).status == 303
    stranger = await town.user_of("grace")
    assert stranger not in {None, local}
    assert [one["email"] for one in await town.sql("SELECT email FROM users WHERE user_id = $1", stranger)] == [None]
    town.provider.claims = {"sub": "grace-2", "email_verified": "true"}
    assert (await town.browser(town.linking).sign_in()).status == 303
    assert await town.user_of("grace-2") not in {None, local}
    town.provider.claims = {"sub": "grace-3", "email": "GRACE@example.test"}
    assert (await town.browser(town.linking).sign_in()).status == 303
    assert await town.user_of("grace-3") == local


async def test_the_same_subject_of_another_issuer_is_somebody_else(town: Town) -> None:
    """Who may sign the project's tokens cannot speak for the OpenID provider."""
    town.provider.subject = "twin"
    await town.browser().sign_in()
    await town.ask(token(SECRET, claims(sub="twin", iss=town.provider.issuer)))
    users = {one["user_id"] for one in await town.sql("SELECT user_id FROM identities WHERE subject = 'twin'")}
    assert len(users) == 2


async def test_a_disabled_user_is_not_signed_in(town: Town) -> None:
    town.provider.subject = "left"
    assert (await town.browser().sign_in()).status == 303
    user_id = await town.user_of("left")
    assert user_id is not None
    await town.sql("UPDATE users SET disabled_at = now() WHERE user_id = $1", user_id)
    await town.changed("user", user_id)
    for _ in range(60):
        page = await town.browser().sign_in()
        if page.status == 401:
            break
    _refused(page)


class Client:
    """Our side alone, without a gateway around it: for providers that behave otherwise from the start."""

    def __init__(self, provider: IdentityProvider) -> None:
        self.http = ProviderHttp()
        self.side = OidcProvider.over(
            OidcClient(
                issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, scopes="openid", links_by_email=False,
                redirect_uri="https://burnish.test/v1/auth/oidc/callback",
            ),
            http=self.http,
        )  # fmt: skip
        self.now_s = 1000.0
        self.side.keys.now_s = self.side.discovery.now_s = lambda: self.now_s

    async def sign_in(self, town: Town) -> str:
        flow = new_flow(self.side.client.issuer, next_path="/", now_s=0)
        back = await town.browser().visit(await self.side.authorization_url(flow))
        return (await self.side.exchange(parse_qs(urlsplit(back.location).query)["code"][0], flow)).subject


@pytest_asyncio.fixture(loop_scope="session")
async def client(town: Town) -> AsyncIterator[Client]:
    made = Client(town.provider)
    yield made
    await made.side.close()
    await made.http.close()


async def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(town: Town, client: Client) -> None:
    town.provider.takes = "client_secret_post"
    try:
        assert await client.sign_in(town) == "ada"
    finally:
        town.provider.takes = "client_secret_basic"


async def test_a_rotated_key_of_the_provider_is_found_and_a_removed_one_is_not_believed(town: Town, client: Client) -> None:
    old, new = town.provider.signer, ec_signer("idp-2")
    assert await client.sign_in(town) == "ada"
    client.now_s += 31
    town.provider.signer, town.provider.published = new, [old.jwk, new.jwk]
    assert await client.sign_in(town) == "ada"
    client.now_s += 31
    town.provider.signer, town.provider.published = rsa_signer("idp-3"), [new.jwk]
    for signer in (rsa_signer("idp-3"), old):
        town.provider.signer = signer
        with pytest.raises(Unauthenticated):
            await client.sign_in(town)


async def test_while_the_provider_is_away_people_are_told_to_come_again_and_what_is_known_serves(town: Town, client: Client) -> None:
    town.provider.is_away = True
    before = town.provider.counts.get("/.well-known/openid-configuration", 0)
    for _ in range(10):
        with pytest.raises(Unavailable):
            await client.sign_in(town)
    assert town.provider.counts["/.well-known/openid-configuration"] == before + 1
    town.provider.is_away = False
    client.now_s += 3
    assert await client.sign_in(town) == "ada"
    town.provider.is_away = True
    client.now_s += 80_000
    flow = new_flow(client.side.client.issuer, next_path="/", now_s=0)
    assert (await client.side.authorization_url(flow)).startswith(town.provider.url)
    with pytest.raises(Unavailable):
        await client.side.exchange("code", flow)
    client.now_s += 10_000
    with pytest.raises(Unavailable):
        await client.side.authorization_url(flow)


@pytest.mark.parametrize("said", [{"issuer": "https://somebody.else.test"}, {"token_endpoint": "http://somebody.else.test/token"}])
async def test_a_provider_that_calls_itself_otherwise_or_sends_us_elsewhere_is_not_used(
    town: Town, client: Client, said: dict[str, str]
) -> None:
    town.provider.discovery = said
    with pytest.raises(Unavailable):
        await client.sign_in(town)
