"""Of an error of LiteLLM's a caller hears what the provider said, whatever LiteLLM puts around it. Messages as LiteLLM 1.109 gave them."""

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_executor.core.litellm_words import providers_words, without_secrets
from burnish_shared.logging import REDACTED

pytestmark = pytest.mark.capability("E4")

GOOGLE = json.dumps({"error": {"code": 400, "message": "Invalid value at 'temperature': 9", "status": "INVALID_ARGUMENT"}}, indent=2)
MISTRAL = '{"object": "error", "message": {"detail": [{"loc": ["body", "temperature"], "msg": "at most 1.5"}]}, "type": "invalid"}'


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (f"litellm.BadRequestError: GeminiException BadRequestError - {GOOGLE}", "Invalid value at 'temperature': 9"),
        (f"litellm.RateLimitError: litellm.RateLimitError: GeminiException - {GOOGLE}", "Invalid value at 'temperature': 9"),
        (f"litellm.ServiceUnavailableError: GeminiException - {GOOGLE}", "Invalid value at 'temperature': 9"),
        (f"litellm.BadRequestError: Vertex_ai_betaException BadRequestError - {GOOGLE.encode()!r}", "Invalid value at 'temperature': 9"),
        (f"litellm.MidStreamFallbackError: litellm.RateLimitError: Vertex_ai_betaException - {GOOGLE.encode()!r}\nOriginal exception: x",
         "Invalid value at 'temperature': 9"),
        (f"litellm.BadRequestError: MistralException - {MISTRAL}", "at most 1.5"),
        ('litellm.BadRequestError: CohereException - {"message": "between 0 and 1"}', "between 0 and 1"),
        ("litellm.AuthenticationError: AuthenticationError: MistralException - Unauthorized", "Unauthorized"),
        ("litellm.Timeout: Connection timed out. Timeout passed=1.0\nmore of it", "Connection timed out. Timeout passed=1.0"),
        ("a provider says\nmuch", "a provider says"),
        ("litellm.BadRequestError: XException - {\n  no JSON", "{ no JSON"),
        ("litellm.BadRequestError: XException - b'{'", "{"),
        ("litellm.BadRequestError: XException - []", "[]"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_providers_words_are_found(message: str, words: str) -> None:
    assert providers_words(message) == words


@given(st.sampled_from(["", "litellm.XError: XException - ", "XException - b'", 'b"']), st.text())
def test_no_message_breaks_it_and_its_words_stand_on_one_line(before: str, message: str) -> None:
    assert "\n" not in providers_words(before + message)


def test_what_is_nested_without_end_is_told_as_it_stands() -> None:
    assert providers_words("XException - " + "[" * 100_000).startswith("[[[")


SECRET = "wJalr/XUtn+FEMI=\nMDENG'bPx"
ESCAPED = SECRET.replace("/", "\\/").replace("\n", "\\n")
UNICODE = SECRET.replace("+", "\\u002B").replace("/", "\\u002f").replace("\n", "\\n")


@pytest.mark.promise("E-10")
@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"message": f"unknown key {SECRET}, sorry"}),
        f'{{"message": "unknown key {ESCAPED}, sorry"}}',
        f'{{"message": "unknown key {UNICODE}, sorry"}}',
        repr(json.dumps({"message": f"unknown key {SECRET}, sorry"}).encode()),
        repr(f'{{"message": "unknown key {ESCAPED}, sorry"}}'.encode()),
        f"unknown key {quote(SECRET, safe='')}, sorry",
    ],
)
def test_no_secret_comes_back_from_what_the_body_escaped(body: str) -> None:
    said = providers_words(without_secrets(f"litellm.BadRequestError: BedrockException - {body}", [SECRET], mark=REDACTED))
    assert said == f"unknown key {REDACTED}, sorry"
