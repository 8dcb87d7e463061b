"""Which passwords are taken, and how they are hashed."""

import pytest

from burnish_shared.auth.emails import fold_email, fold_new_email, mail_address
from burnish_shared.auth.passwords import MEMORY_KIB, PASSES, PasswordHashing, check_password
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("T2")

CHEAP = PasswordHashing(memory_kib=8, passes=1)


@pytest.mark.parametrize("password", ["correct horse", "ten chars!", "xyz1" * 50, "пароль-пароль", "🔑🗝🚪🧲🪛🔧🔨🪚🔩⚙️", "   spaces   "])
def test_length_counts_and_no_rule_of_composition(password: str) -> None:
    assert check_password(password, email="ada@example.com") == password


@pytest.mark.parametrize(
    "password", ["", "nine char", "x" * 201, "Ada@Example.com", "adalovelace", "PASSWORD1234", "1111111111", "1212121212", "0123456789"]
)
def test_what_anybody_would_try_first_is_refused_and_never_repeated(password: str) -> None:
    email = "adalovelace@example.com" if password == "adalovelace" else "ada@example.com"
    with pytest.raises(InvalidField) as refused:
        check_password(password, email=email, field="new_password")
    assert refused.value.param == "new_password" and (not password or password not in refused.value.message)


def test_one_password_is_the_same_however_a_keyboard_composes_it() -> None:
    stored = CHEAP.hash(check_password("caf\u00e9 am Ring", email="ada@example.com"))
    assert CHEAP.verify(stored, "cafe\u0301 am Ring") and not CHEAP.verify(stored, "cafe am Ring")


def test_a_hash_that_is_made_anew_at_a_sign_in_fits_the_password_as_it_was_typed() -> None:
    """Of what was typed, nobody has composed it then."""
    for typed in ("cafe\u0301 am Ring", "\uff50assphrase wide", "\ufb01rst and last"):
        assert CHEAP.verify(CHEAP.hash(typed), typed)


def test_each_hash_is_argon2id_with_a_salt_of_its_own_and_todays_parameters() -> None:
    hashing = PasswordHashing()
    one, two = hashing.hash("correct horse"), hashing.hash("correct horse")
    assert one != two and one.startswith(f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1$")
    assert not hashing.is_outdated(one) and hashing.is_outdated(CHEAP.hash("correct horse"))


@pytest.mark.parametrize("stored", [None, "", "plain text", "$argon2id$v=19$m=8,t=1,p=1$broken"])
def test_nothing_fits_where_no_hash_is_stored(stored: str | None) -> None:
    assert not CHEAP.verify(stored, "nobody's password")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ada@Example.COM", "ada@example.com"), ("  ada@example.com ", "ada@example.com"), ("a@b", "a@b"), ("ada+x@b.org", "ada+x@b.org"),
        ("ada", None), ("ada@", None), ("@example.com", None), ("a@b@c", None), ("a b@example.com", None), ("ada@b.org\nbcc: x@y", None),
        ("<ada@example.com>", None), ("a" * 65 + "@example.com", None), ("a@" + "b" * 253, None), ("ada@example.com\x00", None),
    ],
)  # fmt: skip
def test_an_email_is_folded_or_refused(text: str, folded: str | None) -> None:
    assert fold_email(text) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        (" O'Neil+x@Example.IE ", "o'neil+x@example.ie"), ("a@b", "a@b"), ("admin@burnish.local", "admin@burnish.local"),
        ("\u00e4@example.com", "\u00e4@example.com"), ("ada@b\u00fccher.de", "ada@b\u00fccher.de"), ("a|b/c=d@x-y.com", "a|b/c=d@x-y.com"),
        ("a..b@x.com", None), (".a@x.com", None), ("a.@x.com", None), ("a@-x.com", None), ("a@x-.com", None), ("a@x..com", None),
        ("a@x.", None), ("a@.x", None), ("a@x_y.com", None), ("a@b.c/d", None), ("a@" + "x" * 64 + ".com", None), ("a;b@x.com", None),
        ("\u00f6" * 33 + "@x.de", None), ("a\u200bb@x.com", None), ("a\u202eb@x.com", None), ("a\x7fb@x.com", None),
        ("=?utf-8?q?x?=@x.com", None), ("a@\u3002x", None), ("a@" + "\u00fc" * 60 + ".de", None), ("ada", None),
    ],
)  # fmt: skip
def test_an_email_that_is_written_down_anew_is_one_that_a_mail_server_takes(text: str, folded: str | None) -> None:
    assert fold_new_email(text) == folded


def test_a_host_with_letters_of_its_own_has_its_mail_sent_to_its_name_in_the_dns() -> None:
    assert mail_address("ada@stra\u00dfe.de") == "ada@xn--strae-oqa.de" and mail_address("\u00e4@x.de") == "\u00e4@x.de"
