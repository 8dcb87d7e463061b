"""Session tokens, their cookie, and where requests may come from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.access.session_token import CookieShape, csrf_key, csrf_token_of, is_own_origin, is_secure
from burnish_shared.auth.random_token import digest_of, fits, new_token, token_id_of

pytestmark = pytest.mark.capability("T2")


def test_a_token_names_its_session_and_fits_its_digest_only() -> None:
    one, other = new_token(), new_token()
    assert token_id_of(one.text) == one.token_id != other.token_id
    assert fits(one.text, one.digest) and not fits(one.text, other.digest) and not fits(other.text, one.digest)
    assert one.text.encode() not in one.digest and len(one.digest) == 32


@given(st.text(max_size=120))
def test_nothing_else_is_a_token(text: str) -> None:
    assert token_id_of(text) is None


@given(st.integers(0, 75), st.sampled_from("ABab01.-_ä"))
def test_a_token_with_another_character_is_no_token_or_does_not_fit(place: int, character: str) -> None:
    token = new_token()
    changed = token.text[:place] + character + token.text[place + 1 :]
    if changed != token.text:
        assert token_id_of(changed) is None or not fits(changed, token.digest) or digest_of(changed) != token.digest


def test_the_csrf_token_belongs_to_one_session_and_one_installation() -> None:
    one, other = new_token().token_id, new_token().token_id
    key = csrf_key(b"s" * 32)
    assert csrf_token_of(one, key) == csrf_token_of(one, key) != csrf_token_of(other, key)
    assert csrf_token_of(one, key) != csrf_token_of(one, csrf_key(b"t" * 32))


@pytest.mark.parametrize(
    ("origin", "host", "public_url", "is_own"),
    [
        (None, "burnish.example.com", "", True),
        ("https://burnish.example.com", "burnish.example.com", "", True),
        ("https://Burnish.Example.com", "burnish.example.COM", "", True),
        ("https://burnish.example.com", "10.0.0.7:18000", "https://burnish.example.com", True),
        ("http://burnish.example.com", "10.0.0.7:18000", "https://burnish.example.com", False),
        ("https://burnish.example.com.evil.example", "burnish.example.com", "https://burnish.example.com", False),
        ("https://evil.example", "burnish.example.com", "", False),
        ("https://burnish.example.com:444", "burnish.example.com", "", False),
        ("null", "burnish.example.com", "", False),
        ("", "", "", False),
        ("file://", "", "", False),
        ("ftp://burnish.example.com", "burnish.example.com", "", False),
        ("http://[::1", "[::1", "", False),
    ],
)
def test_only_pages_of_our_own_may_change_something(origin: str | None, host: str, public_url: str, is_own: bool) -> None:
    assert is_own_origin(origin, host=host, public_url=public_url) is is_own


@pytest.mark.parametrize(
    ("choice", "public_url", "secure"),
    [
        ("auto", "https://a.example", True),
        ("auto", "http://a.example", False),
        ("auto", "", False),
        ("always", "", True),
        ("never", "https://a", False),
    ],
)
def test_the_cookie_is_secure_where_the_address_is_https(choice: str, public_url: str, secure: bool) -> None:
    assert is_secure(choice, public_url=public_url) is secure


def test_only_the_cookie_of_our_own_name_is_read() -> None:
    plain, secure = CookieShape(is_secure=False), CookieShape(is_secure=True)
    header = "other=1; burnish_session=plain; __Host-burnish_session=bound"
    assert (plain.read(header), secure.read(header)) == ("plain", "bound")
    assert plain.read("xburnish_session=a") is None and plain.read(None) is None and plain.read("") is None
    assert secure.header("t", max_age_s=5) == "__Host-burnish_session=t; Path=/; HttpOnly; SameSite=Lax; Max-Age=5; Secure"
