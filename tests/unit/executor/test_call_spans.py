"""What spans say of a call, under the names of OpenTelemetry's conventions."""

from typing import Any
from uuid import uuid4

import pytest

from burnish_executor.core import call_spans
from burnish_executor.core.answer import Answer
from burnish_executor.core.openai_wire import read_body
from burnish_shared.contracts.executions import KeyUse
from tests.unit.executor.test_provider_answers import request

OWN = KeyUse(source="own", provider_key_id=uuid4())


def asked(*, provider: str = "openai", base_url: str = "https://api.openai.com/v1", own: bool = False, **more: Any) -> Any:
    plain = request()
    route = plain.route.model_copy(update={"provider": provider, "base_url": base_url, "own_base_url": own})
    return plain.model_copy(update={"route": route, **more})


@pytest.mark.parametrize(
    ("provider", "known_as"),
    [("google", "gcp.gemini"), ("mistral", "mistral_ai"), ("bedrock", "aws.bedrock"), ("azure", "azure.ai.openai"), ("xai", "x_ai"),
     ("openai", "openai"), ("groq", "groq"), ("of_their_own", "of_their_own")],
)  # fmt: skip
def test_a_provider_has_the_name_that_the_conventions_have_for_it(provider: str, known_as: str) -> None:
    assert call_spans.of_call(asked(provider=provider), OWN)["gen_ai.provider.name"] == known_as


def test_how_a_model_was_asked_stands_under_the_conventions_names_and_no_text_does() -> None:
    settings = {
        "temperature": 0.5, "top_p": 0.9, "seed": 7, "max_completion_tokens": 50, "n": 3, "stop": ["a text"],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
    }  # fmt: skip
    told = call_spans.of_call(asked(settings=settings, stream=True), OWN)
    expected = {"temperature": 0.5, "top_p": 0.9, "seed": 7, "max_tokens": 50, "choice.count": 3, "stream": True}
    assert told.items() >= {f"gen_ai.request.{name}": value for name, value in expected.items()}.items()
    assert (told["gen_ai.output.type"], told["server.address"], told["server.port"]) == ("json", "api.openai.com", 443)
    assert "a text" not in str(told)


def test_settings_of_odd_shapes_are_left_out() -> None:
    told = call_spans.of_call(asked(settings={"temperature": "hot", "n": "3", "response_format": "json", "max_tokens": None}), OWN)
    assert not [name for name in told if name.startswith("gen_ai.request.") and name != "gen_ai.request.model"]
    assert "gen_ai.output.type" not in told


def test_an_address_is_named_only_where_we_know_it() -> None:
    assert "server.address" not in call_spans.of_call(asked(provider="bedrock", base_url="https://bedrock-runtime.amazonaws.com"), OWN)
    own = call_spans.of_call(asked(provider="azure", base_url="http://10.0.0.1:8080/x", own=True), OWN)
    assert (own["server.address"], own["server.port"]) == ("10.0.0.1", 8080)


def test_an_answer_tells_every_reason_and_each_class_of_token_that_there_was() -> None:
    answer = read_body(
        b'{"choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"},'
        b' {"index": 1, "message": {"content": "b"}, "finish_reason": "length"}],'
        b' "usage": {"prompt_tokens": 10, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 4},'
        b' "completion_tokens_details": {"reasoning_tokens": 3}}}'
    )
    assert isinstance(answer, Answer)
    assert call_spans.of_answer(answer, first_token_s=0.25) == {
        "gen_ai.response.finish_reasons": ("stop", "length"), "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 7, "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 3,
    }  # fmt: skip
    assert call_spans.of_answer(Answer(), first_token_s=None) == {}
