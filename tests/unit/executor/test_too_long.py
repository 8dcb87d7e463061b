"""What providers say of an input that does not fit, and who is asked then (E9)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from burnish_executor.core.answer import Answer
from burnish_executor.core.failure import Failure, FailureKind, is_too_long, refusal_of
from burnish_executor.core.fallback import another_may_help, is_worth_asking
from burnish_executor.core.openai_wire import read_body, read_chunk
from burnish_shared.contracts.executions import ExecutionRequest, Fallback, Lane, Price, Route
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("E9")

PRICE = Price(version="t", input_nusd_per_million=1, cached_input_nusd_per_million=1, output_nusd_per_million=1)
ROUTE = Route(model="m", provider="p", upstream_model="m", base_url="http://x", price=PRICE)


def asking(**fields: Any) -> ExecutionRequest:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    return ExecutionRequest(
        **{"execution_id": new_uuid(), "workspace_id": new_uuid(), "lane": Lane.INTERACTIVE, "fence": 1, "deadline_at": now,
           "hold_nusd": 1, "account_ids": [1], "route": ROUTE, "messages": [], "settings": {}, "sent_at": now} | fields
    )  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        "the request exceeds the available context size (4096 tokens), try increasing it",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        "input is too long for requested model.",
        "Too many tokens: 140000.",
        "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens.",
        "The prompt is too long: 40177, model maximum context length: 32767",
        "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
        "The model returned the following errors: Input is too long for requested model.",
        "Unable to submit request because the input token count is 1200000 but the model supports up to 1048576.",
    ],
)
@pytest.mark.parametrize("before", ["The provider answered 400: ", "The provider answered with an error: "])
def test_an_input_that_is_too_long_is_known_by_what_providers_say(said: str, before: str) -> None:
    failure = Failure(FailureKind.REFUSED, f"{before}{said}", 400)
    assert is_too_long(failure) and another_may_help(failure, had_started=False)
    assert not another_may_help(failure, had_started=True)
    told = failure.info()
    assert "prompt is too long" in told.message and "context_length_exceeded" in told.message and said in told.message


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("no", None),
        ("Invalid 'messages[2].tool_calls[0].id': string too long. Expected a string with maximum length 40.", "string_above_max_length"),
        ("max_tokens: 9000 exceeds the maximum number of tokens for output", None),
        ("tools.0.function.name: input length must be at most 64", None),
        ("Input length must be at least 1", None),
        ("tools.0.description: 'Say when the context window is full' is not allowed", None),
    ],
)
def test_another_refusal_keeps_its_words(said: str, code: str | None) -> None:
    """Programs that read them shorten the conversation, and never show what was wrong."""
    words = f"The provider answered 400: {said}"
    assert Failure(FailureKind.REFUSED, words, 400, code=code).info().message == words


@pytest.mark.parametrize("code", ["context_length_exceeded", "exceed_context_size_error"])
def test_an_input_that_is_too_long_is_known_by_its_code(code: str) -> None:
    failure = Failure(FailureKind.REFUSED, "The provider answered 400: no", 400, code=code)
    assert is_too_long(failure) and "prompt is too long" in failure.info().message


SAID = "This model's maximum context length is 8192 tokens."


@pytest.mark.capability("E4")
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": SAID, "type": "invalid_request_error"}},
        {"error": SAID, "error_type": "validation"},
        {"object": "error", "message": SAID, "type": "BadRequestError", "param": None, "code": 400},
        [{"error": {"code": 400, "message": SAID, "status": "INVALID_ARGUMENT"}}],
        {"detail": SAID},
        {"detail": [{"loc": ["body", "messages"], "msg": SAID, "type": "value_error"}]},
        {"object": "error", "message": {"detail": [{"msg": SAID}]}, "type": "invalid_request_error"},
        {"errors": [{"message": SAID, "code": 5021}], "success": False},
        {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": SAID},
    ],
)
def test_why_it_was_refused_is_told_whatever_form_a_server_says_it_in(body: Any) -> None:
    """So its caller reads it, and a model that takes more input is asked."""
    failure = refusal_of(400, body, retry_after_s=None)
    assert failure.kind is FailureKind.REFUSED and failure.message == f"The provider answered 400: {SAID}" and is_too_long(failure)


@pytest.mark.parametrize("body", [None, [], {}, 7, "no", {"error": {}}, {"message": None}, {"detail": [[[[[[[["deep"]]]]]]]]}, [[]]])
def test_a_refusal_without_words_is_told_by_its_status(body: Any) -> None:
    words = f": {body}" if isinstance(body, str) else "."
    assert refusal_of(400, body, retry_after_s=None).message == f"The provider answered 400{words}"


def test_an_error_that_is_the_body_itself_ends_a_stream_and_a_buffered_answer() -> None:
    """As vLLM writes it."""
    body = {"object": "error", "message": SAID, "type": "BadRequestError", "code": 400}
    for read in (lambda raw: read_chunk(Answer(), raw), read_body):
        failure = read(json.dumps(body).encode())
        assert isinstance(failure, Failure) and SAID in failure.message


@pytest.mark.parametrize(
    "failure",
    [
        Failure(FailureKind.REFUSED, "The provider answered 400: Unsupported parameter: 'max_tokens'.", 400),
        Failure(FailureKind.REFUSED, "The provider answered 400: max_tokens is too large: 9000.", 400),
        Failure(FailureKind.REFUSED, "The provider answered 401: prompt is too long", 401),
        Failure(FailureKind.PROVIDER, "The provider answered 500: prompt is too long", 500),
    ],
)
def test_other_refusals_are_not_taken_for_it(failure: Failure) -> None:
    assert not is_too_long(failure)


def test_only_models_that_take_more_are_asked_then() -> None:
    too_long = Failure(FailureKind.REFUSED, "No.", 400, code="context_length_exceeded")
    down = Failure(FailureKind.UNREACHABLE, "No.")
    larger, other = (Fallback(route=ROUTE, hold_nusd=1, output_tokens=1, is_larger=one) for one in (True, False))
    assert [is_worth_asking(too_long, one, request=asking()) for one in (larger, other)] == [True, False]
    assert [is_worth_asking(down, one, request=asking()) for one in (larger, other)] == [True, True]


FUNCTION = {"type": "function", "function": {"name": "look"}}


@pytest.mark.parametrize(
    ("provider", "keys", "asked", "is_asked"),
    [
        ("openai", "platform", {"settings": {"tools": [FUNCTION]}, "extra": {"verbosity": "low"}}, True),
        ("openai", "platform", {"settings": {"tools": [FUNCTION, {"type": "browser_search"}]}}, False),
        ("openai", "platform", {"extra": {"plugins": [{"id": "web"}]}}, False),
        ("openai", "own", {"settings": {"tools": [{"type": "browser_search"}]}, "extra": {"plugins": [{"id": "web"}]}}, True),
        ("google", "own", {"settings": {"tools": [{"googleSearch": {}}]}}, True),
        ("anthropic", "own", {"settings": {"tools": [{"type": "browser_search"}]}}, False),
        ("anthropic", "own", {"settings": {"tools": [FUNCTION]}}, True),
    ],
)
def test_a_model_is_fallen_back_to_only_with_what_it_may_be_given(provider: str, keys: Any, asked: dict[str, Any], is_asked: bool) -> None:
    """A tool that a provider runs costs what no price names; a provider without a word for it would answer as if nobody had asked."""
    fallback = Fallback(route=ROUTE.model_copy(update={"provider": provider, "keys": keys}), hold_nusd=1, output_tokens=1)
    assert is_worth_asking(Failure(FailureKind.UNREACHABLE, "No."), fallback, request=asking(**asked)) is is_asked
