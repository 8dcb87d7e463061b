"""Which answers say how much of the tightest rate is left (docs/guides/money.md)."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.stack import Caller, Stack

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("B3")]

GUIDE = Path(__file__).parents[3] / "docs/guides/money.md"
SAID = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "ratelimit-policy")
HELLO = [{"role": "user", "content": "Say hello."}]
NATIVE = {"model": "simulated/chat", "messages": HELLO, "overrides": {"max_tokens": 20}}
CALL = {"model": "simulated/chat", "max_tokens": 20, "messages": HELLO}

BODIES: dict[str, Any] = {
    "/v1/executions": NATIVE,
    "/v1/executions/compare": {"models": ["simulated/chat", "simulated/reader"], "messages": HELLO},
    "/v1/chat/completions": CALL,
    "/v1/completions": {"model": "simulated/chat", "prompt": "Say hello.", "max_tokens": 20},
    "/v1/embeddings": {"model": "simulated/embed", "input": "hello"},
    "/v1/responses": {"model": "simulated/chat", "input": "Say hello.", "max_output_tokens": 20},
    "/v1/messages": CALL,
    "/prompt-executor": {"prompt_id": "rated"},
}


async def test_every_route_that_answers_with_an_execution_says_what_is_left_of_the_rate(stack: Stack, caller: Caller) -> None:
    made = await caller(
        "POST", "/v1/prompts", {"slug": "rated", "template": "Say hello.", "model": "simulated/chat", "label": "production"}
    )
    assert made.status == 201, made.body
    lacking, streamed = {}, {}
    for path, body in BODIES.items():
        answer = await caller("POST", path, body)
        assert answer.status == 200, (path, answer.body)
        lacking[path] = [name for name in SAID if name not in answer.headers]
        if path in ("/v1/embeddings", "/prompt-executor"):
            continue
        answer = await caller("POST", path, body | {"stream": True})
        streamed[path] = [name for name in SAID if name not in answer.headers]
    assert not any(lacking.values()), lacking
    assert not any(streamed.values()), streamed
    queued = await caller("POST", "/v1/executions", NATIVE | {"mode": "background"})
    assert queued.status == 202 and all(name in queued.headers for name in SAID)
    sentence = re.search(r"^Answers of (.*?) say how much of the tightest rate is left", GUIDE.read_text(), re.MULTILINE)
    assert sentence is not None
    assert set(re.findall(r"`(/[^`]+)`", sentence[1])) >= set(BODIES), "the guide names all of them"


async def test_other_routes_are_limited_by_caller_and_say_what_is_left(stack: Stack, caller: Caller) -> None:
    answer = await caller("GET", "/v1/prompts")
    assert answer.status == 200 and all(name in answer.headers for name in SAID)
    assert int(answer.headers["ratelimit-remaining"]) < int(answer.headers["ratelimit-limit"])
    missing = await caller("GET", "/v1/prompts/absent")
    assert missing.status == 404 and "ratelimit-remaining" in missing.headers
    run = await caller("POST", "/v1/executions", NATIVE)
    assert run.headers["ratelimit-limit"] != answer.headers["ratelimit-limit"], "executions tell of their own limit"
