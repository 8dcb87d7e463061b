"""Every failure as the exception of OpenAI's client that an application already catches, and never a 500."""

import json
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.compat.simulator import fault

pytestmark = pytest.mark.capability("E2")

HELLO: Any = [{"role": "user", "content": "Say hello to Ada."}]


async def ask(client: AsyncOpenAI, **changes: Any) -> Any:
    return await client.chat.completions.create(**{"model": "simulated/chat", "messages": HELLO, **changes})


async def refused(client: AsyncOpenAI, exception: type[openai.APIStatusError], **changes: Any) -> openai.APIStatusError:
    """The exception that was raised: exactly of this class, with our fields in OpenAI's error object."""
    with pytest.raises(exception) as caught:
        await ask(client, **changes)
    assert type(caught.value) is exception and isinstance(caught.value.body, dict)
    assert {"message", "type", "param", "code", "request_id", "retryable"} <= set(caught.value.body)
    assert caught.value.response.headers["x-should-retry"] == str(caught.value.body["retryable"]).lower()
    return caught.value


@pytest.mark.promise("G-08")
async def test_a_wrong_key_is_an_authentication_error(client: AsyncOpenAI) -> None:
    error = await refused(client.with_options(api_key="bk_live_wrong"), openai.AuthenticationError)
    assert error.type == "authentication_error"


@pytest.mark.promise("G-17")
async def test_an_unknown_model_is_not_found(client: AsyncOpenAI) -> None:
    assert (await refused(client, openai.NotFoundError, model="absent")).code == "model_not_found"
    assert (await refused(client, openai.NotFoundError, model="burnish::chain::x")).code == "model_not_found"
    assert (await refused(client, openai.NotFoundError, model="with\nnewline")).code == "model_not_found"


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"n": 0}, "n", "invalid_field"),
        ({"n": 128}, "n", "invalid_field"),
        ({"functions": [{"name": "f"}]}, "functions", "unsupported_value"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_value"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type", "unsupported_value"),
        ({"temperature": 3}, "temperature", "invalid_field"),
        ({"messages": []}, "messages", "invalid_field"),
        ({"messages": [{"role": "root", "content": "x"}]}, "messages[0].role", "invalid_field"),
        ({"messages": [*HELLO, {"role": "user", "content": None}]}, "messages[1].content", "invalid_field"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id", "invalid_field"),
        ({"max_tokens": 0}, "max_tokens", "invalid_field"),
        ({"max_completion_tokens": 10**12}, "max_completion_tokens", "invalid_field"),
        ({"stop": ["x"] * 10_000}, "stop", "invalid_field"),
        ({"user": "u" * 201}, "user", "invalid_field"),
        ({"response_format": {"type": 1}}, "response_format.type", "invalid_field"),
        ({"model": "burnish::prompt::No Slug"}, "model", "invalid_field"),
        ({"model": "burnish::prompt::a", "extra_body": {"prompt": {"id": "b"}}}, "prompt.id", "invalid_field"),
        ({"metadata": {"variables": "{"}}, "metadata.variables", "invalid_field"),
    ],
)  # fmt: skip
@pytest.mark.promise("G-08", "G-19")
async def test_a_wrong_parameter_is_a_bad_request_that_names_it(
    client: AsyncOpenAI, changes: dict[str, Any], param: str, code: str
) -> None:
    error = await refused(client, openai.BadRequestError, **changes)
    assert (error.param, error.code) == (param, code), error


async def test_what_the_provider_refuses_is_a_bad_request(client: AsyncOpenAI) -> None:
    given, other = ({"type": "function", "function": {"name": name}} for name in "fg")
    error = await refused(client, openai.BadRequestError, tools=[given], tool_choice=other)
    assert error.code == "provider_refused" and error.response.headers["x-execution-id"]


async def test_without_credit_the_status_is_402_and_no_client_repeats_it(stack: Stack) -> None:
    poor = await stack.caller(credit_nusd=1)
    async with AsyncOpenAI(base_url=f"{poor.url}/v1", api_key=poor.key) as client:
        error = await refused(client, openai.APIStatusError)
    assert (error.status_code, error.code) == (402, "out_of_credit")


@pytest.mark.promise("G-16")
async def test_a_spent_rate_is_a_rate_limit_error_with_a_time_to_wait(caller: Caller) -> None:
    made = await caller("POST", "/v1/api-keys", {"name": "slow", "role": "viewer", "rate_limit_per_minute": 1})
    async with AsyncOpenAI(base_url=f"{caller.url}/v1", api_key=made.body["key"], max_retries=0) as client:
        await ask(client)
        error = await refused(client, openai.RateLimitError)
    assert error.code == "rate_limited" and int(error.response.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("script", "streamed", "exception", "code"),
    [
        ("error,status=400", False, openai.BadRequestError, "provider_refused"),
        ("error,status=400", True, openai.BadRequestError, "provider_refused"),
        ("error,status=500", False, openai.InternalServerError, "provider_failed"),
        # Last: until then the provider is left alone. The next test starts another executor, which knows nothing of it.
        ("rate_limited,retry_after=30", False, openai.RateLimitError, "provider_rate_limited"),
        ("rate_limited,retry_after=30", True, openai.RateLimitError, "provider_rate_limited"),
    ],
)
async def test_what_fails_at_once_has_its_status_streamed_or_not(
    client: AsyncOpenAI, stack: Stack, script: str, streamed: bool, exception: type[openai.APIStatusError], code: str
) -> None:
    """On a busy machine a failure may come later than the headers, which a stream waits for half a second here: one waits longer."""
    if streamed:
        client = client.with_options(base_url=f"{await stack.start_gateway(headers_wait_s=60.0)}/v1")
    async with fault(stack, script):
        error = await refused(client, exception, stream=streamed)
    assert error.code == code and error.response.headers["x-execution-id"]
    assert code != "provider_rate_limited" or error.response.headers["retry-after"] == "30"


@pytest.mark.promise("G-09")
async def test_without_an_executor_the_status_is_503_streamed_or_not(caller: Caller, stack: Stack) -> None:
    await stack.stop_executor(stack.executors[-1])
    try:
        gateway = await stack.start_gateway(dispatch_give_up_s=0.3)
        async with AsyncOpenAI(base_url=f"{gateway}/v1", api_key=caller.key, max_retries=0) as client:
            errors = [await refused(client, openai.InternalServerError, stream=streamed) for streamed in (False, True)]
    finally:
        await stack.start_executor()
    assert [(one.status_code, one.code) for one in errors] == [(503, "unavailable")] * 2


@pytest.mark.promise("G-13")
async def test_what_fails_in_the_middle_ends_the_stream_as_an_error_after_the_text_that_came(
    client: AsyncOpenAI, caller: Caller, stack: Stack
) -> None:
    async with fault(stack, "cut,after=4"):
        stream = await ask(client, stream=True)
        seen, text = 0, ""
        with pytest.raises(openai.APIError) as caught:
            async for chunk in stream:
                seen, text = seen + 1, text + (chunk.choices[0].delta.content or "")
        raw = (await caller("POST", "/v1/chat/completions", {"model": "simulated/chat", "messages": HELLO, "stream": True})).raw
    assert caught.value.code == "stream_cut_off" and caught.value.type == "provider_error" and text
    events = raw.decode().rstrip().split("\n\n")
    assert b"[DONE]" not in raw and [json.loads(event[6:]).get("error") is not None for event in events].index(True) == len(events) - 1


def message(**changes: Any) -> dict[str, Any]:
    return {"model": "simulated/chat", "messages": [{"role": "user", "content": "x", **changes}]}


CORPUS: dict[str, Any] = {
    "ten thousand messages": {"model": "simulated/chat", "messages": HELLO * 10_000},
    "too many messages": {"model": "simulated/chat", "messages": HELLO * 10_001},
    "messages null": {"model": "simulated/chat", "messages": None},
    "messages missing": {"model": "simulated/chat"},
    "messages of texts": {"model": "simulated/chat", "messages": ["x"]},
    "model missing": {"messages": HELLO},
    "model a number": {"model": 1, "messages": HELLO},
    "model long": {"model": "m" * 100_000, "messages": HELLO},
    "model with a lone surrogate in JSON": b'{"model": "\\ud800", "messages": []}',
    "content a number": message(content=1),
    "content nested": message(content=[{"type": "text", "text": {"text": "x"}}]),
    "content empty list": message(content=[]),
    "content of nulls": message(content=[None]),
    "content part without type": message(content=[{"text": "x"}]),
    "image without url": message(content=[{"type": "image_url", "image_url": {}}]),
    "image of a text": message(content=[{"type": "image_url", "image_url": "http://x"}]),
    "image of 20 MiB": message(content=[{"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 20 * 2**20}}]),
    "a megabyte of emoji": message(content="😀" * 250_000),
    "900 kB of text": message(content="y" * 900_000),
    "glitch text": message(content=" SolidGoldMagikarp\u202e\u200b" * 100),
    "tool calls that name one another": {
        "model": "simulated/chat",
        "messages": [
            {"role": "assistant", "tool_calls": [{"id": "a"}, {"id": "a"}]},
            {"role": "tool", "tool_call_id": "a", "content": "a"},
        ],
    },
    "tool calls no list": {"model": "simulated/chat", "messages": [{"role": "assistant", "tool_calls": {"a": 1}}]},
    "function role": {"model": "simulated/chat", "messages": [{"role": "function", "name": "f", "content": "x"}]},
    "max_tokens negative": message() | {"max_tokens": -1},
    "max_tokens a float": message() | {"max_tokens": 1.5},
    "max_tokens beyond 64 bits": message() | {"max_tokens": 2**63},
    "stream a text": message() | {"stream": "true"},
    "stream a number": message() | {"stream": 1},
    "stream_options odd": message() | {"stream": True, "stream_options": {"include_usage": "yes", "chunk_include_usage": []}},
    "stream_options a list": message() | {"stream": True, "stream_options": []},
    "stream_options without stream": message() | {"stream_options": {"include_usage": True}},
    "logit_bias huge": message() | {"logit_bias": {str(token): 100 for token in range(100_000)}},
    "logit_bias of texts": message() | {"logit_bias": {"1": "x"}},
    "user of a megabyte": message() | {"user": "u" * 900_000},
    "temperature NaN": b'{"model": "simulated/chat", "messages": [{"role": "user", "content": "x"}], "temperature": NaN}',
    "temperature 1e400": b'{"model": "simulated/chat", "messages": [{"role": "user", "content": "x"}], "temperature": 1e400}',
    "temperature a text": message() | {"temperature": "0"},
    "tools no objects": message() | {"tools": [1]},
    "tools odd": message() | {"tools": [{}]},
    "tools many": message() | {"tools": [{"type": "function", "function": {"name": "f"}}] * 129},
    "tool_choice odd": message() | {"tool_choice": {"type": []}},
    "response_format a text": message() | {"response_format": "json"},
    "response_format without schema": message() | {"response_format": {"type": "json_schema"}},
    "metadata a list": message() | {"metadata": []},
    "metadata of anything": message() | {"metadata": {"a": None, "b": [1], "session_id": 7, "app": ""}},
    "metadata many": message() | {"metadata": {str(number): "x" for number in range(101)}},
    "prompt a text": message() | {"prompt": "greet"},
    "prompt.id a number": message() | {"prompt": {"id": 1}},
    "prompt.version alone": message() | {"prompt": {"version": 1}},
    "prompt.version true": message() | {"prompt": {"id": "a", "version": True}},
    "prompt version 0": message() | {"model": "burnish::prompt::a@0"},
    "prompt version beyond": message() | {"model": "burnish::prompt::a@99999999999"},
    "prompt without a name": message() | {"model": "burnish::prompt::"},
    "variables a list": message() | {"variables": []},
    "variables deep": message() | {"metadata": {"variables": "[" * 5000}},
    "keys twice": b'{"model": "simulated/chat", "model": "simulated/chat", "messages": [{"role": "user", "content": "x"}]}',
    "no JSON": b"{",
    "a list": b"[]",
    "nothing": b"",
    "not UTF-8": b'{"model": "\xff"}',
    "U+0000": b'{"model": "simulated/chat", "messages": [{"role": "user", "content": "\\u0000"}]}',
    "deep": b'{"messages":' + b"[" * 100_000,
}
"""PROMISES 4.3, and what else came to mind."""


TOO_LARGE = {"image of 20 MiB"}


@pytest.mark.promise("G-06", "G-19", "G-20")
async def test_no_request_of_the_corpus_is_a_server_error_and_a_refusal_leaves_nothing_behind(stack: Stack, caller: Caller) -> None:
    statuses: dict[str, int] = {}
    for name, body in CORPUS.items():
        answer = await caller("POST", "/v1/chat/completions", raw=body if isinstance(body, bytes) else json.dumps(body).encode())
        statuses[name] = answer.status
        assert answer.status in (200, 400, 404, 413), (name, answer.status, answer.raw[:500])
        assert answer.status == 200 or set(answer.body["error"]) >= {"message", "type", "param", "code"}
    assert {name for name, status in statuses.items() if status == 413} == TOO_LARGE
    async with as_superuser(stack.urls["superuser"]) as connection:
        rows = await connection.fetchval("SELECT count(*) FROM executions WHERE workspace_id = $1", caller.workspace.workspace_id)
        holds = await connection.fetchval("SELECT count(*) FROM holds WHERE workspace_id = $1", caller.workspace.workspace_id)
    reached = {name for name, status in statuses.items() if status == 200} | {"response_format without schema", "tool_choice odd"}
    assert holds == 0 and rows <= len(reached), statuses


@pytest.mark.promise("G-19")
async def test_everything_that_openais_client_can_send_is_taken(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="simulated/chat", messages=HELLO, frequency_penalty=0.5, presence_penalty=0.5, logit_bias={"50256": -100}, logprobs=True,
        top_logprobs=2, max_completion_tokens=64, metadata={"k": "v"}, modalities=["text"], n=1, parallel_tool_calls=False,
        prediction={"type": "content", "content": "x"}, prompt_cache_key="k", reasoning_effort="low", safety_identifier="s", seed=1,
        service_tier="auto", stop=None, store=True, temperature=0.2, top_p=0.9, user="u", verbosity="low", web_search_options={},
        extra_body={"something": {"quite": ["new"]}},
    )  # fmt: skip
    assert answer.choices[0].message.content


TOO_LONG: Any = [{"role": "user", "content": "word " * 300_000}]


async def test_an_input_that_is_too_long_for_its_model_has_the_code_and_words_that_programs_look_for(
    client: AsyncOpenAI, caller: Caller
) -> None:
    """CrewAI, LangChain, LiteLLM and Anthropic's tools shorten the conversation then; they took it for any other refusal."""
    error = await refused(client, openai.BadRequestError, messages=TOO_LONG)
    assert (error.code, error.type) == ("context_length_exceeded", "invalid_request_error")
    assert "prompt is too long" in error.message and "context_length_exceeded" in error.message
    with pytest.raises(openai.APIError) as streamed:  # its status is told already where so long a text took the machine long to read
        async for _ in await ask(client, messages=TOO_LONG, stream=True):
            pass
    with pytest.raises(openai.BadRequestError) as response:
        await client.responses.create(model="simulated/chat", input=TOO_LONG)
    assert [one.value.code for one in (streamed, response)] == ["context_length_exceeded"] * 2
    message = await caller("POST", "/v1/messages", {"model": "simulated/chat", "max_tokens": 20, "messages": TOO_LONG})
    assert (message.status, message.body["error"]["type"]) == (400, "invalid_request_error")
    assert "prompt is too long" in message.body["error"]["message"]
    native = await caller("POST", "/v1/executions", {"model": "simulated/chat", "messages": TOO_LONG})
    assert (native.status, native.body["error"]["code"]) == (400, "provider_refused")
