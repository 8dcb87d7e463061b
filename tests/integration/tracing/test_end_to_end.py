"""One trace from the request of a caller through NATS to the model and to the webhook, as an OTLP collector sees it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.embedded.installation import Installation
from tests.fakes.receiver import Receiver, receiving
from tests.fakes.span_sink import Span, spans_of
from tests.fakes.trace_collector import TraceCollector, trace_collector

THEIRS = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
TRACEPARENT = f"00-{THEIRS}-{PARENT}-01"

SECRET_WORDS = "The canary sings of a parcel"

PATIENCE_S = 90.0
"""Spans are sent every five seconds, or every BSP_DELAY_MS here; a busy machine takes longer."""

BSP_DELAY_MS = "200"


@dataclass
class Site:
    """A running installation whose services send their spans to `collector`."""

    url: str
    headers: dict[str, str]
    collector: TraceCollector
    receiver: Receiver

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any, Any]:
        async with aiohttp.ClientSession(headers=self.headers | headers) as http, http.post(self.url + path, json=body) as response:
            return response.status, await response.text(), response.headers

    async def until(self, enough: Callable[[list[Span]], bool]) -> list[Span]:
        """Every span so far, once they are enough."""
        async with asyncio.timeout(PATIENCE_S):
            while not enough(spans := spans_of(self.collector.bodies)):
                await asyncio.sleep(0.05)
        return spans


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with trace_collector() as collector, receiving() as receiver:
        environment = {"BURNISH_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": BSP_DELAY_MS}
        installation = Installation(tmp_path_factory.mktemp("traced") / "home", environment=environment)
        connection = await asyncio.to_thread(installation.up, replicas="analytics=0,optimizer=0")
        try:
            made = Site(connection["url"], {"authorization": f"Bearer {connection['api_key']}"}, collector, receiver)
            status, answer, _ = await made.post("/v1/webhooks/endpoints", {"url": receiver.url(), "events": ["execution.completed"]})
            assert status == 201, answer
            yield made
        finally:
            await asyncio.to_thread(installation.down)


def call(**more: Any) -> dict[str, Any]:
    return {"model": "simulated/chat", "messages": [{"role": "user", "content": SECRET_WORDS}], **more}


def one(spans: list[Span], trace_id: str, name: str) -> Span:
    [found] = [span for span in spans if span.trace_id == trace_id and span.name == name]
    return found


def names_in(spans: list[Span], trace_id: str) -> set[str]:
    return {span.name for span in spans if span.trace_id == trace_id}


CHAIN = ("POST /v1/executions", "execute", "chat chat", "webhook attempt")


async def test_a_callers_trace_goes_through_nats_to_the_model_and_to_the_webhook(site: Site) -> None:
    status, answer, headers = await site.post("/v1/executions", call(mode="background"), traceparent=TRACEPARENT)
    assert status == 202, answer
    spans = await site.until(lambda spans: set(CHAIN) <= names_in(spans, THEIRS))
    request, execute, chat, webhook = (one(spans, THEIRS, name) for name in CHAIN)
    assert (request.parent, execute.parent, chat.parent, webhook.parent) == (PARENT, request.span_id, execute.span_id, execute.span_id)
    services = [span.service for span in (request, execute, chat, webhook)]
    assert services == ["burnish-gateway", "burnish-executor", "burnish-executor", "burnish-webhooks"]
    assert [span.kind for span in (request, execute, chat, webhook)] == ["server", "consumer", "client", "client"]
    assert request.attributes == {"http.request.method": "POST", "http.route": "/v1/executions", "http.response.status_code": 202}
    assert execute.attributes.items() >= {"burnish.execution_id": headers["x-execution-id"], "burnish.lane": "background"}.items()
    assert execute.attributes["burnish.status"] == "success" and not execute.failed
    assert webhook.attributes["http.response.status_code"] == 200 and webhook.attributes["burnish.event_type"] == "execution.completed"
    [told] = [one for one in site.receiver.requests if headers["x-execution-id"].encode() in one.body]
    assert told.headers["traceparent"] == f"00-{THEIRS}-{webhook.span_id}-01"


async def test_a_span_of_a_model_call_has_the_genai_attributes_and_no_text(site: Site) -> None:
    trace_id = "1" * 32
    status, answer, _ = await site.post("/v1/executions", call(), traceparent=f"00-{trace_id}-{PARENT}-01")
    assert status == 200, answer
    spans = await site.until(lambda spans: {"chat chat", "POST /v1/executions"} <= names_in(spans, trace_id))
    chat = one(spans, trace_id, "chat chat")
    told = json.loads(answer)
    address, port = chat.attributes["server.address"], chat.attributes["server.port"]
    assert chat.attributes == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "simulated", "gen_ai.request.model": "chat",
        "gen_ai.request.max_tokens": chat.attributes["gen_ai.request.max_tokens"], "server.address": address, "server.port": port,
        "burnish.model": "simulated/chat", "burnish.key_source": "none",
        "gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": told["usage"]["input_tokens"],
        "gen_ai.usage.output_tokens": told["usage"]["output_tokens"],
    }  # fmt: skip
    assert (address, port > 0) == ("127.0.0.1", True)
    assert not chat.failed and chat.seconds > 0
    assert not any(SECRET_WORDS.encode() in body or told["output"].encode() in body for body in site.collector.bodies)


async def test_spans_name_prompt_version_label_and_conversation(site: Site) -> None:
    trace_id = "6" * 32
    prompt = {"slug": "traced", "messages": call()["messages"], "model": "simulated/chat", "temperature": 0.25}
    status, answer, _ = await site.post("/v1/prompts", prompt)
    assert status == 201, answer
    asked = {"prompt": "traced", "session_id": "conversation-7", "stream": True}
    status, answer, _ = await site.post("/v1/executions", asked, traceparent=f"00-{trace_id}-{PARENT}-01")
    assert status == 200, answer
    spans = await site.until(lambda spans: {"chat chat", "execute"} <= names_in(spans, trace_id))
    named = {
        "gen_ai.prompt.name": "traced", "burnish.prompt": "traced", "burnish.version": 1, "burnish.label": "production",
        "gen_ai.conversation.id": "conversation-7",
    }  # fmt: skip
    execute, chat = one(spans, trace_id, "execute"), one(spans, trace_id, "chat chat")
    assert execute.attributes.items() >= named.items() and chat.attributes.items() >= named.items()
    assert chat.attributes["gen_ai.request.temperature"] == 0.25 and chat.attributes["gen_ai.request.stream"] is True
    assert 0 < chat.attributes["gen_ai.response.time_to_first_chunk"] <= chat.seconds
    assert not any(SECRET_WORDS.encode() in body for body in site.collector.bodies)


async def test_an_execution_that_fails_says_so_in_both_its_spans(site: Site) -> None:
    trace_id = "7" * 32
    model = {
        "model": "far", "upstream_model": "theirs", "provider": "vllm", "base_url": "https://model.invalid/v1", "context_tokens": 1000,
        "output_tokens": 100, "input_price_nusd_per_million": 0, "output_price_nusd_per_million": 0,
    }  # fmt: skip
    status, answer, _ = await site.post("/v1/models", model)
    assert status == 201, answer
    status, answer, _ = await site.post("/v1/executions", call(model="far"), traceparent=f"00-{trace_id}-{PARENT}-01")
    assert status >= 500, answer
    code = json.loads(answer)["error"]["code"]
    spans = await site.until(lambda spans: {"execute", "chat theirs"} <= names_in(spans, trace_id))
    execute, chat = one(spans, trace_id, "execute"), next(span for span in spans if span.name == "chat theirs")
    assert (execute.failed, execute.attributes["error.type"], execute.attributes["burnish.status"]) == (True, code, "error")
    assert (chat.failed, chat.attributes["error.type"]) == (True, code)
    assert (chat.attributes["burnish.model"], chat.attributes["server.address"], chat.attributes["server.port"]) == (
        "far",
        "model.invalid",
        443,
    )


async def test_a_call_without_a_trace_gets_one_and_says_which(site: Site) -> None:
    status, answer, headers = await site.post("/v1/chat/completions", call())
    assert status == 200, answer
    execution_id = headers["x-execution-id"]
    spans = await site.until(
        lambda spans: (
            any(span.attributes.get("burnish.execution_id") == execution_id and span.parent for span in spans)
            and any(span.name == "POST /v1/chat/completions" for span in spans)
        )
    )
    [execute] = [span for span in spans if span.attributes.get("burnish.execution_id") == execution_id]
    request = one(spans, execute.trace_id, "POST /v1/chat/completions")
    assert request.parent == "" and execute.parent == request.span_id
    async with aiohttp.ClientSession(headers=site.headers) as http, http.get(f"{site.url}/v1/executions/{execution_id}") as response:
        assert (await response.json())["trace_id"] == execute.trace_id


async def test_a_call_that_fails_says_so_in_its_span(site: Site) -> None:
    trace_id = "2" * 32
    status, answer, _ = await site.post("/v1/executions", call(model="simulated/fault"), traceparent=f"00-{trace_id}-{PARENT}-01")
    assert status in (404, 422), answer
    spans = await site.until(lambda spans: "POST /v1/executions" in names_in(spans, trace_id))
    request = one(spans, trace_id, "POST /v1/executions")
    assert request.attributes["http.response.status_code"] == status and not request.failed
    assert names_in(spans, trace_id) == {"POST /v1/executions"}


async def test_who_does_not_want_to_be_traced_is_not(site: Site) -> None:
    trace_id = "3" * 32
    status, answer, headers = await site.post("/v1/executions", call(), traceparent=f"00-{trace_id}-{PARENT}-00")
    assert status == 200, answer
    later = "5" * 32
    await site.post("/v1/executions", call(), traceparent=f"00-{later}-{PARENT}-01")
    spans = await site.until(lambda spans: {"POST /v1/executions", "execute"} <= names_in(spans, later))
    assert names_in(spans, trace_id) == set()
    async with aiohttp.ClientSession(headers=site.headers) as http:
        async with http.get(f"{site.url}/v1/executions/{headers['x-execution-id']}") as response:
            assert (await response.json())["trace_id"] == trace_id
