"""What needs no provider: where a browser may be sent, which cookies are ours, which addresses are spoken to."""

import base64
import json
from typing import Any

import pytest
from pydantic import ValidationError

from burnish_gateway.identity_settings import IdentitySettings
from burnish_gateway.sign_in.jwt_keys import read_key_set
from burnish_gateway.sign_in.oidc_discovery import read_discovery
from burnish_gateway.sign_in.oidc_flow import CONTEXT, FLOW_S, FLOWS_MOST, FlowCookie, SpentStates, is_local_path, new_flow
from burnish_gateway.sign_in.provider_address import is_address
from burnish_shared.auth.sealing import derived_key, seal
from tests.fakes.signing import ec_signer, rsa_signer

pytestmark = pytest.mark.capability("T2")

KEY = b"k" * 32


@pytest.mark.parametrize("path", ["/", "/app/prompts", "/app/prompts?tab=1&x=%2F%2Fevil", "/a//b", "/#part", "/app/https://evil.test"])
def test_paths_of_our_own_are_followed(path: str) -> None:
    assert is_local_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "", "//evil.test", "///evil.test", "/\\evil.test", "\\\\evil.test", "/\\/evil.test", "https://evil.test", "https:evil.test",
        "javascript:alert(1)", "evil.test", "app", " /app", "/\t/evil.test", "/\n/evil.test", "/\r\nset-cookie: a=b", "/a b", "/\x00",
        "/\x7f", "/ä", "/\u2028", "/" + "a" * 600, "http:///evil.test", "/a\\b", "?next=/", "#x", ".", "..//evil.test",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_not_followed(path: str) -> None:
    assert not is_local_path(path)


def test_a_flow_comes_back_out_of_its_cookie_for_ten_minutes() -> None:
    cookie = FlowCookie(KEY, is_secure=True)
    flow = new_flow("https://idp.test", next_path="/app", now_s=1000)
    header = cookie.header(flow)
    value = header.partition("=")[2].partition(";")[0].strip('"')
    assert header.startswith(f"__Host-burnish_oidc_{flow.state[:16]}=") and {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(
        header.split("; ")
    )
    assert flow.verifier not in header and flow.nonce not in header and len(header) < 2000
    assert cookie.read(value, issuer="https://idp.test", now_s=1000 + FLOW_S) == flow
    assert cookie.read(value, issuer="https://idp.test", now_s=1001 + FLOW_S) is None
    assert cookie.read(value, issuer="https://other.test", now_s=1000) is None
    assert FlowCookie(b"o" * 32, is_secure=True).read(value, issuer="https://idp.test", now_s=1000) is None
    [cleared] = cookie.cleared(flow.state)
    assert cleared.startswith(f"{cookie.name(flow.state)}=;") and "Max-Age=0" in cleared
    for state in (None, "", "x", "ä" * 43, "a\r\nset-cookie: b=c" * 3, flow.state + "x"):
        assert cookie.cleared(state) == ()


def test_a_browser_keeps_so_many_flows_and_gives_up_the_oldest() -> None:
    cookie = FlowCookie(KEY, is_secure=False)
    jar: dict[str, str] = {"other": "1", "burnish_oidc_gone": "x"}
    states = []
    for began_s in range(1000, 1000 + FLOWS_MOST + 3):
        for one in cookie.make_room(jar, issuer="https://idp.test", now_s=began_s):
            assert "Max-Age=0" in one
            del jar[one.partition("=")[0]]
        flow = new_flow("https://idp.test", next_path="/", now_s=began_s)
        states.append(flow.state)
        name, _, rest = cookie.header(flow).partition("=")
        jar[name] = rest.partition(";")[0]
    assert set(jar) == {"other", *(cookie.name(state) for state in states[-FLOWS_MOST:])}
    assert sum(len(value) for value in jar.values()) < 4000, "proxies commonly take 8 KiB of headers"


@pytest.mark.parametrize("value", [None, "", "x", "=", "AAAA" * 40, "ä", "\x00", "{}"])
def test_a_cookie_that_is_none_of_ours_is_no_flow(value: str | None) -> None:
    assert FlowCookie(KEY, is_secure=False).read(value, issuer="https://idp.test", now_s=0) is None


@pytest.mark.parametrize("content", [[], 1, {}, {"state": "x"}, {"issuer": "https://idp.test", "more": 1}])
def test_even_a_well_sealed_cookie_of_another_shape_is_no_flow(content: Any) -> None:
    sealed = seal(derived_key(KEY, purpose="oidc-flow"), json.dumps(content).encode(), context=CONTEXT)
    assert FlowCookie(KEY, is_secure=False).read(base64.urlsafe_b64encode(sealed).decode(), issuer="https://idp.test", now_s=0) is None


def test_states_nonces_and_verifiers_never_repeat_and_are_spent_once() -> None:
    flows = [new_flow("i", next_path="/", now_s=0) for _ in range(100)]
    texts = [text for one in flows for text in (one.state, one.nonce, one.verifier)]
    assert len(set(texts)) == 300 and all(len(one) == 43 for one in texts)
    spent = SpentStates()
    assert spent.spend("a") and not spent.spend("a") and spent.spend("b")
    assert not flows[0].is_answered_by(flows[1].state) and flows[0].is_answered_by(flows[0].state)


@pytest.mark.parametrize(
    "url", ["https://idp.test", "https://idp.test:8443/realms/x", "http://127.0.0.1:9", "http://localhost:9/x", "http://[::1]:9"]
)
def test_a_provider_is_spoken_to_over_https_or_on_this_machine(url: str) -> None:
    assert is_address(url)


@pytest.mark.parametrize(
    "url",
    ["http://idp.test", "http://127.0.0.1.evil.test", "http://localhost.evil.test", "ftp://idp.test", "https://", "idp.test", "https://u:p@idp.test",
     "https://idp.test/#x", "https://idp .test", "https://idp.test/\x00", "https://\ud800.test", "https://idp.test/ł",
     "https://idp.test:port", "http://10.0.0.1", "file:///etc/passwd", "", None, 7],
)  # fmt: skip
def test_no_other_address_of_a_provider_is_spoken_to(url: Any) -> None:
    assert not is_address(url)


def test_a_discovery_document_of_another_issuer_or_with_unsafe_places_is_not_believed() -> None:
    places = {name: f"https://idp.test/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    right = {"issuer": "https://idp.test", **places}
    found = read_discovery(right, issuer="https://idp.test")
    assert found is not None and found.takes_basic and not found.names_itself
    assert read_discovery(right, issuer="https://idp.test/") is None
    for name in places:
        for wrong in ("http://idp.test/x", "http://127.0.0.1:5432/x", None, 5, "javascript:alert(1)"):
            assert read_discovery({**right, name: wrong}, issuer="https://idp.test") is None
    posts = read_discovery({**right, "token_endpoint_auth_methods_supported": ["client_secret_post"]}, issuer="https://idp.test")
    assert posts is not None and not posts.takes_basic


ODD: list[Any] = [None, 5, "", [], {}, True, "x", "\ud800", [None], -1]


@pytest.mark.parametrize("base", [ec_signer("a").jwk, rsa_signer("b").jwk], ids=["EC", "RSA"])
def test_whatever_a_key_set_holds_it_is_read_or_passed_over(base: dict[str, Any]) -> None:
    for odd in ODD:
        assert read_key_set({"keys": odd}) == read_key_set({"keys": [odd]}) == ()
        for name in {*base, "use", "key_ops", "alg", "kid", "crv", "kty", "oth", "d"}:
            read_key_set({"keys": [{**base, name: odd}]})
    nulls = dict.fromkeys(("use", "key_ops", "alg", "d", "x5c"))
    [found] = read_key_set({"keys": [{**base, **nulls, "kid": None}]})
    assert found.kid is None, "what is null is not there"


def test_whatever_a_discovery_document_holds_it_is_read_or_refused() -> None:
    places = {name: f"https://idp.test/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    right = {"issuer": "https://idp.test", **places}
    for odd in ODD:
        for name in right:
            assert read_discovery({**right, name: odd}, issuer="https://idp.test") is None
        for name in ("token_endpoint_auth_methods_supported", "authorization_response_iss_parameter_supported"):
            assert read_discovery({**right, name: odd}, issuer="https://idp.test") is not None


CLIENT = {"oidc_client_id": "x", "oidc_client_secret": "y"}


class Settings(IdentitySettings):
    public_url: str = ""


@pytest.mark.parametrize(
    "given",
    [
        {"jwt_secret": "a-short-one"}, {"jwks_url": "http://project.supabase.test/jwks"}, {"oidc_issuer": "https://idp.test"},
        {"oidc_issuer": "https://idp.test", "oidc_client_id": "x", "oidc_client_secret": "y"},
        {"oidc_issuer": "https://idp.test", **CLIENT, "public_url": "https://b.test", "oidc_scopes": "email"},
        {"oidc_issuer": "http://idp.test", **CLIENT, "public_url": "https://b.test"},
        {"jwt_audience": ""},
    ],
)  # fmt: skip
def test_settings_that_would_not_be_safe_are_refused_at_the_start(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings(**given)  # type: ignore[arg-type]
    assert "a-short-one" not in str(refusal.value)


def test_settings_that_are_whole_are_taken() -> None:
    assert Settings(jwt_secret="").jwt_secret is None
    unset = dict.fromkeys(("jwt_secret", "jwks_url", "jwt_issuer", "oidc_issuer", "oidc_client_id", "oidc_client_secret", "public_url"), "")
    assert not Settings(**unset).oidc_issuer  # type: ignore[arg-type]  # as Compose hands down what nobody filled in
    assert Settings(oidc_issuer="https://idp.test", oidc_client_id="x", oidc_client_secret="y", public_url="https://b.test").oidc_issuer


@pytest.mark.parametrize(
    "value", [",", " , ,", "@example.com", "example.com;example.org", "*.example.com", "ada@example.com", "a.com b.com"]
)
def test_domains_of_newcomers_that_let_in_everybody_or_nobody_are_refused(value: str) -> None:
    with pytest.raises(ValidationError, match="BURNISH_OIDC_DEFAULT_DOMAINS must be domains"):
        IdentitySettings(oidc_default_domains=value)
    for right in ("", " Example.test, other.example ", "example.com,", "corp"):
        assert IdentitySettings(oidc_default_domains=right).oidc_default_domains == right
