"""Spans in the words of OpenInference, Langfuse and Vercel's AI SDK: what openinference-instrumentation-openai 0.1, langfuse 5.0.4 and ai
6.0.326 sent (E13)."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_gateway.imports.genai_spans import reported_of
from burnish_gateway.imports.otlp_spans import Span
from burnish_gateway.imports.reported import Reported
from burnish_shared.books.finished import json_text
from burnish_shared.contracts.executions import Status

pytestmark = pytest.mark.capability("E13")

END = 1_763_640_000_000_000_000

OPENINFERENCE: dict[str, Any] = {
    "openinference.span.kind": "LLM",
    "llm.system": "openai",
    "llm.model_name": "gpt-5-2026",
    "llm.invocation_parameters": '{"model": "gpt-5", "temperature": 0.3, "max_completion_tokens": 50, "stop": "END"}',
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Be kind",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.contents.1.message_content.type": "image",
    "llm.input_messages.1.message.contents.1.message_content.image.image.url": "https://example.com/a.png",
    "llm.input_messages.1.message.contents.0.message_content.type": "text",
    "llm.input_messages.1.message.contents.0.message_content.text": "What is this?",
    "llm.input_messages.2.message.role": "assistant",
    "llm.input_messages.2.message.tool_calls.0.tool_call.id": "c1",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "look",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments": '{"at": 1}',
    "llm.input_messages.3.message.role": "tool",
    "llm.input_messages.3.message.tool_call_id": "c1",
    "llm.input_messages.3.message.content": "a cat",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.contents.0.message_content.type": "reasoning",
    "llm.output_messages.0.message.contents.0.message_content.text": "Hm.",
    "llm.output_messages.0.message.contents.1.message_content.type": "text",
    "llm.output_messages.0.message.contents.1.message_content.text": "A cat.",
    "llm.token_count.prompt": 16,
    "llm.token_count.completion": 33,
    "llm.token_count.prompt_details.cache_read": 4,
    "llm.token_count.completion_details.reasoning": 9,
    "llm.cost.total": 7.6e-05,
    "llm.finish_reason": "stop",
    "metadata": '{"burnish.prompt": "triage", "burnish.label": "production"}',
    "session.id": "s1",
    "user.id": "ann",
}

VERCEL: dict[str, Any] = {
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.model.provider": "openai.chat",
    "ai.model.id": "gpt-5",
    "ai.prompt.messages": json.dumps(
        [
            {"role": "system", "content": "Be kind"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "What is this?"}, {"type": "file", "mediaType": "image/png", "data": "iVBO"}],
            },
            {"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "look", "input": {"at": 1}}]},
            {
                "role": "tool",
                "content": [{"type": "tool-result", "toolCallId": "c1", "toolName": "look", "output": {"type": "text", "value": "a cat"}}],
            },
        ]
    ),
    "ai.response.text": "A cat.",
    "ai.telemetry.metadata.userId": "ann",
    "ai.telemetry.metadata.sessionId": "s1",
    "ai.telemetry.metadata.burnish.prompt": "triage",
    "ai.usage.cachedInputTokens": 4,
    "gen_ai.system": "openai.chat",
    "gen_ai.request.model": "gpt-5",
    "gen_ai.request.temperature": 0.3,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 16,
    "gen_ai.usage.output_tokens": 33,
}

LANGFUSE: dict[str, Any] = {
    "langfuse.observation.type": "generation",
    "langfuse.observation.model.name": "gpt-5",
    "langfuse.observation.model.parameters": '{"temperature": 0.3, "max_tokens": "Infinity", "top_p": 1}',
    "langfuse.observation.input": json.dumps({"tools": [], "messages": [{"role": "user", "content": "What is this?"}]}),
    "langfuse.observation.output": '{"role": "assistant", "content": "A cat."}',
    "langfuse.observation.usage_details": json.dumps(
        {
            "prompt_tokens": 16,
            "completion_tokens": 33,
            "total_tokens": 49,
            "completion_tokens_details": {"reasoning_tokens": 9},
            "prompt_tokens_details": {"cached_tokens": 4},
        }
    ),
    "langfuse.observation.cost_details": '{"input": 0.00006, "output": 0.000016, "total": 7.6e-05}',
    "langfuse.observation.metadata.finish_reason": '"stop"',
    "langfuse.observation.prompt.name": "Support/Answer",
    "langfuse.observation.prompt.version": 3,
    "user.id": "ann",
    "session.id": "s1",
}

LOOKED = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}


def said(picture: str) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": "Be kind"},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": picture}}]},
        {"role": "assistant", "content": None, "tool_calls": [LOOKED]},
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ]


def span(attributes: dict[str, Any], *events: tuple[str, dict[str, Any]], error: str | None = None) -> Span:
    return Span(
        "ab" * 16, "cd" * 8, "call", END - 2_000_000, END, attributes, {"service.name": "shop"}, events, error is not None, error or ""
    )


def read(attributes: dict[str, Any], *events: tuple[str, dict[str, Any]], error: str | None = None) -> Reported:
    found = reported_of(span(attributes, *events, error=error))
    assert found is not None
    return found


def test_openinference_is_read_whole() -> None:
    found = read(OPENINFERENCE)
    assert found.messages == said("https://example.com/a.png")
    assert (found.output, found.finish_reason, found.status) == ("A cat.", "stop", Status.SUCCESS)
    assert (found.model, found.provider, found.slug, found.label) == ("gpt-5-2026", "openai", "triage", "production")
    assert (found.input_tokens, found.output_tokens, found.cached_input_tokens, found.reasoning_tokens) == (16, 33, 4, 9)
    assert (found.cost_nusd, found.end_user, found.session_id) == (76_000, "ann", "s1")
    assert found.settings == {"temperature": 0.3, "max_tokens": 50, "stop": ["END"]}


def test_what_vercels_sdk_writes_is_read_whole() -> None:
    found = read(VERCEL)
    assert found.messages == said("data:image/png;base64,iVBO")
    assert (found.output, found.finish_reason) == ("A cat.", "stop")
    assert (found.model, found.provider, found.slug) == ("gpt-5", "openai", "triage")
    assert (found.input_tokens, found.output_tokens, found.cached_input_tokens) == (16, 33, 4)
    assert (found.end_user, found.session_id, found.settings) == ("ann", "s1", {"temperature": 0.3})


def test_what_langfuses_sdk_writes_is_read_whole() -> None:
    found = read(LANGFUSE)
    assert (found.messages, found.output, found.finish_reason) == ([{"role": "user", "content": "What is this?"}], "A cat.", "stop")
    assert (found.model, found.slug, found.version, found.cost_nusd) == ("gpt-5", "support-answer", 3, 76_000)
    assert (found.input_tokens, found.output_tokens, found.cached_input_tokens, found.reasoning_tokens) == (16, 33, 4, 9)
    assert (found.end_user, found.session_id, found.settings) == ("ann", "s1", {"temperature": 0.3, "top_p": 1})


def test_metadata_at_langfuse_says_what_it_counts_for() -> None:
    told = {"langfuse.observation.metadata.burnish.prompt": '"triage"', "langfuse.observation.metadata.burnish.version": "2"}
    found = read({**LANGFUSE, **told})
    assert (found.slug, found.version) == ("triage", 2)
    found = read({**LANGFUSE, **told, "burnish.version": 4})
    assert (found.slug, found.version) == ("triage", 4)


def test_classes_of_tokens_at_langfuse_stand_beside_each_other() -> None:
    usage = {"input": 5, "input_cached_tokens": 2, "cache_creation_input_tokens": 1, "output": 6, "output_reasoning_tokens": 3, "total": 17}
    found = read({**LANGFUSE, "langfuse.observation.usage_details": json.dumps(usage)})
    assert (found.input_tokens, found.output_tokens, found.cached_input_tokens) == (8, 9, 2)
    assert (found.cache_write_input_tokens, found.reasoning_tokens) == (1, 3)


@pytest.mark.parametrize(
    ("output", "said"), [("hello", "hello"), ('{"a": 1}', '{"a": 1}'), ('{"role": "assistant", "content": null, "tool_calls": []}', None)]
)
def test_an_answer_at_langfuse_is_a_text_or_a_message(output: str, said: str | None) -> None:
    found = read({**LANGFUSE, "langfuse.observation.output": output, "langfuse.observation.input": '"Hi"'})
    assert (found.output if said is not None else None, found.messages) == (said, [{"role": "user", "content": '"Hi"'}])


def test_an_observation_that_failed_or_is_no_call_of_a_model() -> None:
    told = {"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "Error code: 429 - slow down"}
    for failed in (read({**LANGFUSE, **told}), read({**LANGFUSE, **told}, error="Error code: 429 - slow down")):
        assert (failed.status, failed.error) == (Status.RATE_LIMITED, "Error code: 429 - slow down")
    silent = read({**LANGFUSE, "langfuse.observation.level": "ERROR"})
    assert (silent.status, silent.error) == (Status.ERROR, "error")
    for kind in ("span", "event", "agent", "tool", "chain", "retriever", "evaluator", "guardrail"):
        assert reported_of(span({**LANGFUSE, "langfuse.observation.type": kind, "gen_ai.request.model": "m"})) is None


@pytest.mark.parametrize(
    ("attributes", "calls"),
    [
        (
            {
                **{name: value for name, value in OPENINFERENCE.items() if "output" not in name},
                "llm.output_messages.0.message.role": "assistant",
                "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
                "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "look",
                "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"at": 1}',
            },
            [LOOKED],
        ),
        (
            {
                **VERCEL,
                "ai.response.text": "",
                "ai.response.toolCalls": '[{"toolCallId": "c1", "toolName": "look", "input": "{\\"at\\": 1}"}]',
            },
            [LOOKED],
        ),
    ],
)
def test_an_answer_that_calls_tools(attributes: dict[str, Any], calls: list[dict[str, Any]]) -> None:
    found = read(attributes)
    assert (found.output, found.tool_calls) == (None, calls)


def of_openinference(*messages: dict[str, Any], side: str = "output", **more: Any) -> Reported:
    """With these messages on one side: each by the ends of its attributes."""
    given = {f"llm.{side}_messages.{n}.message.{name}": value for n, one in enumerate(messages) for name, value in one.items()}
    return read({**{name: value for name, value in OPENINFERENCE.items() if not name.startswith(f"llm.{side}_messages.")}, **given, **more})


def part(number: int, kind: str, text: str | None = None) -> dict[str, Any]:
    told = {"type": kind} | ({} if text is None else {"text": text})
    return {f"contents.{number}.message_content.{name}": value for name, value in told.items()}


def call(name: str, number: int = 0) -> dict[str, Any]:
    at = f"tool_calls.{number}.tool_call"
    return {f"{at}.id": "c1", f"{at}.function.name": name, f"{at}.function.arguments": '{"at": 1}'}


THOUGHT: dict[str, Any] = {"role": "assistant", **part(0, "reasoning", "Hm.")}
SAID: dict[str, Any] = {"role": "assistant", **part(0, "text", "A "), **part(1, "text", "cat.")}
HEARD = {"id": "c1", "type": "function", "function": {"name": "hear", "arguments": '{"at": 1}'}}


@pytest.mark.parametrize(
    ("messages", "output", "calls"),
    [
        ([{**SAID, **part(2, "tool_use"), **call("look")}], "A cat.", [LOOKED]),
        ([{**THOUGHT, **part(1, "tool_use"), **call("look")}], None, [LOOKED]),
        ([THOUGHT, SAID], "A cat.", None),
        ([SAID, call("look")], "A cat.", [LOOKED]),
        ([THOUGHT, call("look"), call("hear")], None, [LOOKED, HEARD]),
        ([{"content": ""}], "", None),
        ([{"content": "one"}, {"content": "two"}], "one", None),
    ],
)
def test_all_that_openinference_tells_of_an_answer_is_one_turn(
    messages: list[dict[str, Any]], output: str | None, calls: list[dict[str, Any]] | None
) -> None:
    """Anthropic's wrapper writes a part `tool_use` beside the call; OpenAI's, on Responses, a message for each item."""
    found = of_openinference(*messages)
    assert (found.output, found.tool_calls) == (output, calls)


def test_of_several_choices_the_first_is_the_answer() -> None:
    found = of_openinference(call("look"), call("hear"), **{"llm.invocation_parameters": '{"n": 2}'})
    assert (found.output, found.tool_calls) == (None, [LOOKED])


def test_what_a_tool_gave_in_parts_is_one_result() -> None:
    result = {"role": "tool", "tool_call_id": "c1"}
    picture = {"contents.1.message_content.type": "image", "contents.1.message_content.image.image.url": "https://a/b.png"}
    found = of_openinference(
        result | part(0, "text", "a ") | part(1, "text", "cat"), result | part(0, "text", "a cat") | picture, side="input"
    )
    assert [(one["role"], one["tool_call_id"]) for one in found.messages] == [("tool", "c1")] * 2
    assert found.messages[0]["content"] == "a cat"
    assert "a cat" in found.messages[1]["content"] and "https://a/b.png" in found.messages[1]["content"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("max_tokens 15040 is above what the model takes", Status.ERROR),
        ("Error code: 400 - max_tokens 4290 is too large", Status.ERROR),
        ("no timeout was given for tool 429", Status.ERROR),
        ("Error code: 504 - gone", Status.TIMEOUT),
        ("openai.APITimeoutError: gone", Status.TIMEOUT),
        ("RateLimitError", Status.RATE_LIMITED),
    ],
)
@pytest.mark.parametrize("is_error", [True, False])
def test_what_langfuse_says_of_a_failure_is_searched_at_its_head_alone(said: str, status: Status, is_error: bool) -> None:
    told = {"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": said}
    failed = read({**LANGFUSE, **told}, error=said if is_error else None)
    assert (failed.status, failed.error) == (status, said)


def test_a_version_of_langfuses_prompt_is_none_of_ours() -> None:
    assert (read(LANGFUSE).slug, read(LANGFUSE).version) == ("support-answer", 3)
    named = read({**LANGFUSE, "burnish.prompt": "triage"})
    assert (named.slug, named.version) == ("triage", None)
    assert read({**LANGFUSE, "burnish.prompt": "triage", "burnish.version": 2}).version == 2


def test_tokens_of_responses_at_langfuse_are_whole_counts_and_costs_add_up() -> None:
    usage = {
        "input_tokens": 16,
        "output_tokens": 33,
        "total_tokens": 49,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 9},
    }
    costs = {"input": 0.00006, "output": 0.000016}
    found = read(
        {**LANGFUSE, "langfuse.observation.usage_details": json.dumps(usage), "langfuse.observation.cost_details": json.dumps(costs)}
    )
    assert (found.input_tokens, found.output_tokens, found.cached_input_tokens, found.reasoning_tokens) == (16, 33, 4, 9)
    assert found.cost_nusd == 76_000


CALLING = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"at": 1}', "id": "fc_1", "status": "completed"}
TELLING = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "A cat.", "annotations": []}], "id": "m"}
THINKING = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}


@pytest.mark.parametrize(
    ("output", "said", "calls"),
    [
        ([THINKING, TELLING], "A cat.", None),
        ([TELLING, CALLING], "A cat.", [LOOKED]),
        (CALLING, None, [LOOKED]),
        ([CALLING, CALLING | {"name": "hear"}], None, [LOOKED, HEARD]),
        ([{"type": "web_search_call", "id": "ws"}, TELLING], "A cat.", None),
        (TELLING, "A cat.", None),
        ([{"role": "assistant", "content": "one"}, {"role": "assistant", "content": "two"}], "one", None),
        ({"type": "message", "text": "x"}, '{"type": "message", "text": "x"}', None),
    ],
)
def test_items_of_responses_at_langfuse_are_one_turn(output: Any, said: str | None, calls: list[dict[str, Any]] | None) -> None:
    found = read({**LANGFUSE, "langfuse.observation.output": json.dumps(output)})
    assert (found.output, found.tool_calls) == (said, calls)


def test_an_empty_answer_at_vercel_is_an_empty_text() -> None:
    assert read({**VERCEL, "ai.response.text": ""}).output == ""


def test_a_text_in_parts_beside_calls_is_kept() -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": "A cat."}], "tool_calls": [LOOKED]}
    found = read({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.completion": json.dumps([message])})
    assert (found.output, found.tool_calls) == ("A cat.", [LOOKED])


@pytest.mark.parametrize("kind", ["CHAIN", "AGENT", "TOOL", "RETRIEVER", "RERANKER", "GUARDRAIL", "EVALUATOR", "something new"])
def test_what_stands_around_a_call_of_a_model_is_left_alone(kind: str) -> None:
    assert reported_of(span({**OPENINFERENCE, "openinference.span.kind": kind, "gen_ai.request.model": "m"})) is None


@pytest.mark.parametrize("kind", ["ai.generateText", "ai.streamText", "ai.toolCall", "ai.embedMany", "something new"])
def test_what_stands_around_a_call_at_vercel_is_left_alone_whatever_it_names(kind: str) -> None:
    assert VERCEL["gen_ai.request.model"] and reported_of(span({**VERCEL, "ai.operationId": kind})) is None


def test_what_is_written_in_both_conventions_goes_by_gen_ai() -> None:
    both = {
        **OPENINFERENCE,
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.input.messages": '[{"role": "user", "content": "Hi"}]',
    }
    assert (read(both).model, read(both).messages) == ("m", [{"role": "user", "content": "Hi"}])


def test_a_call_that_failed_names_the_model_that_was_asked_and_the_class_of_the_error() -> None:
    attributes = {
        "openinference.span.kind": "LLM",
        "llm.system": "openai",
        "llm.invocation_parameters": '{"model": "gpt-5"}',
        "input.value": '{"model": "gpt-5", "messages": [{"role": "user", "content": "x"}]}',
    }
    raised = ("exception", {"exception.type": "openai.RateLimitError", "exception.message": "Error code: 429"})
    found = read(attributes, raised, error="RateLimitError: Error code: 429")
    assert (found.model, found.status, found.error) == ("gpt-5", Status.RATE_LIMITED, "RateLimitError: Error code: 429")
    assert found.messages == [{"role": "user", "content": "x"}]


def test_embeddings_and_completions_tell_their_texts() -> None:
    embedded = read(
        {
            "openinference.span.kind": "EMBEDDING",
            "embedding.model_name": "e-small",
            "embedding.embeddings.1.embedding.text": "two",
            "embedding.embeddings.0.embedding.text": "one",
            "embedding.embeddings.0.embedding.vector": [0.5],
            "llm.token_count.prompt": 2,
        }
    )
    texts = [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}]
    assert (embedded.model, embedded.input_tokens, embedded.messages, embedded.output) == ("e-small", 2, texts, None)
    several = {"ai.operationId": "ai.embedMany.doEmbed", "ai.model.id": "e-small", "ai.model.provider": "openai.embedding"}
    vercel = read({**several, "ai.values": ['"one"', '"two"'], "ai.usage.tokens": 2})
    assert (vercel.model, vercel.provider, vercel.input_tokens, vercel.messages) == ("e-small", "openai", 2, texts)
    completed = read({"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.prompts.0.prompt.text": "Once", "output.value": "upon"})
    assert (completed.messages, completed.output) == ([{"role": "user", "content": "Once"}], "upon")
    listed = read({"openinference.span.kind": "LLM", "llm.model_name": "m", "llm.prompts": ["Once"], "input.value": '{"args": ["Once"]}'})
    assert listed.messages == [{"role": "user", "content": "Once"}]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["LLM", "[", "{", "[{}]", "[[1]]"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["content", "role", "type", "toolCallId", "output", "a\0"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = [
    *OPENINFERENCE,
    *VERCEL,
    "ai.response.toolCalls",
    "ai.values",
    "input.value",
    "output.value",
    "llm.prompts.0.prompt.text",
    "llm.prompts",
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([OPENINFERENCE, VERCEL, LANGFUSE]), st.dictionaries(st.sampled_from(NAMES), VALUES | VALUES.map(json.dumps), max_size=4)
)
def test_whatever_attributes_hold_it_is_stored_or_refused(known: dict[str, Any], odd: dict[str, Any]) -> None:
    try:
        found = reported_of(span({**known, **odd}))
    except ValueError:
        return
    if found is not None:
        json_text([found.messages, found.metadata, found.settings, found.tool_calls])
        assert found.output is None or isinstance(found.output, str)
