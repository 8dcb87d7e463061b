"""What looks like a key is found, and no text is slow to look through."""

import time

import pytest

from burnish_gateway.marketplace.key_like import SHAPES, key_like

pytestmark = pytest.mark.capability("T5")

REAL = {
    "an OpenAI or Anthropic key": "sk-proj-" + "aB3" * 12,
    "a Burnish key": "bk_live_aBcDeFgH_" + "x1" * 20,
    "an AWS access key": "AKIA" + "ABCD1234EFGH5678",
    "a Google API key": "AIza" + "aB3-_" * 7,
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "a Slack token": "xoxb-" + "1234567890",
    "a Stripe key": "sk_live_" + "a1B2" * 4,
    "a webhook secret": "whsec_" + "a1B2" * 4,
    "a private key": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "a signed token": f"eyJ{'a' * 10}.eyJ{'b' * 10}.{'c' * 10}",
    "a password in an address": "postgres://root:hunter22@db/x",
    "a named secret": 'API_KEY: "Zm9vYmFyYmF6cXV4MTIz"',
}

LENGTH = 500_000

HOSTILE = [
    "secret=" * (LENGTH // 7),
    "secret=" * (LENGTH // 7) + "!",
    "secret=" + "a" * LENGTH,
    "secret" + " " * LENGTH,
    "secret =" * (LENGTH // 8),
    "password='" * (LENGTH // 10),
    "a." * (LENGTH // 2),
    "a://" * (LENGTH // 4),
    "a://b:" * (LENGTH // 6),
    "eyJ-" * (LENGTH // 4),
    "eyJaaaaaaaaa." * (LENGTH // 13),
    "-----BEGIN " + "A " * (LENGTH // 2),
    "sk-a." * (LENGTH // 5),
    "sécret=ä" * (LENGTH // 9),
]


@pytest.mark.parametrize("kind", SHAPES)
def test_a_real_key_is_found_wherever_it_stands(kind: str) -> None:
    for text in (REAL[kind], f"Use {REAL[kind]} to sign in.", f"größer 🔑 ({REAL[kind]})", "secret=" * 40 + f" {REAL[kind]}"):
        assert key_like(text) == kind, text


@pytest.mark.parametrize(
    "text",
    [
        "", "Never tell anybody your password, secret or api_key.", "password: <the user's password>", "secret = aaaaaaaaaaaaaaaaaaaaaaaa",
        "secret: 12345678901234567890", "The mask-aaaaaaaaaaaaaaaaaaaaaaaaaaaa is no key",
        "https://example.com:8080/a@b", "task-force-of-twenty-people",
        "secret=short1",
    ],
)  # fmt: skip
def test_plain_words_are_no_key(text: str) -> None:
    assert key_like(text) is None


def test_a_secret_behind_many_names_is_found() -> None:
    for before in range(230):  # wherever a bounded look may end
        assert key_like("secret=" * 3 + "a" * before + " secret=secret=Zm9vYmFyYmF6cXV4MTIz") == "a named secret", before


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:14] for text in HOSTILE])
def test_no_text_takes_long(text: str) -> None:
    began_s = time.process_time()
    assert key_like(text) is None
    assert time.process_time() - began_s < 4
