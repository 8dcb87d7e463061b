"""Every way to call the product at once: beside plain calls those of other APIs, cached, guarded, several, left and cancelled ones."""

import asyncio
import contextlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import aiohttp

from tests.chaos.ground import Ground
from tests.chaos.load import TRIES, TRY_AGAIN_S, Load, Told, with_key

MIX: Mapping[str, int] = {
    "buffered": 14, "streamed": 12, "background": 8, "feedback": 9, "chat": 6, "chat streamed": 6, "messages": 4, "messages streamed": 4,
    "responses": 4, "responses streamed": 4, "embeddings": 5, "cached": 6, "guarded": 4, "masked": 3, "fallback": 3, "several": 3,
    "compare": 3, "left": 3, "cancelled": 3,
}  # fmt: skip
"""Kinds of calls and how many of 104 each is."""

PATHS = {"chat": "/v1/chat/completions", "several": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}

ENDS = ("[DONE]", "message_stop", "response.completed", "response.incomplete")
"""Last words of a stream that is whole: of OpenAI's chats, of Anthropic's, of OpenAI's responses."""

SECRET = "project falcon"
"""What the guardrail stops."""

FEW = 40
"""Different questions among the cached calls, so that most have been asked before."""

KNOWN_TIMES = 8
"""So often in a row must the guardrail have been met before the load begins: two executors take turns."""


@dataclass(slots=True)
class Mix(Load):
    """`texts`: what streams of other APIs showed, by execution, for `assert_shown_is_booked`. `hits`: answers out of the cache."""

    kinds: Mapping[str, int] = field(default_factory=lambda: MIX)
    texts: dict[str, str] = field(default_factory=dict)
    hits: int = 0

    async def ask(self, http: aiohttp.ClientSession, kind: str, body: dict[str, Any], key: str | None) -> Told:
        name, _, streamed = kind.partition(" ")
        match name:
            case "chat" | "messages" | "responses" | "several":
                foreign = _foreign(name, body) | ({"stream": True} if streamed else {})
                return await (self._events if streamed else self._object)(http, PATHS[name], foreign, key)
            case "embeddings":
                return await self._object(
                    http, "/v1/embeddings", {"model": "simulated/embed", "input": [body["messages"][0]["content"]] * 2}, key
                )
            case "cached":
                question = f"What is parcel {number_of(body) % FEW}?"
                return await self._cached(http, body | {"messages": [{"role": "user", "content": question}], "cache": True}, key)
            case "guarded" | "masked":
                return await self._guarded(http, name, number_of(body), key)
            case "fallback":
                return await self._post(http, body | {"model": "own/broken", "fallback_models": ["simulated/chat"]}, key)
            case "compare":
                sides = {"messages": body["messages"], "models": ["simulated/chat", "simulated/reader"]}
                return await self._compare(http, sides, key)
            case "left":
                return await self._left(http, body)
            case "cancelled":
                return await self._cancelled(http, body, key or str(uuid4()))
        return await Load.ask(self, http, kind, body, key)

    async def _answer(self, http: aiohttp.ClientSession, path: str, body: dict[str, Any], key: str | None) -> tuple[Told, Any]:
        """What was told without its digest, which only the native route promises, and the parsed body of a 200."""
        try:
            async with http.post(self.url + path, json=body, headers=with_key(key)) as response:
                raw = await response.read()
                told = self.read(response.status, raw, response.headers.get("x-execution-id"))
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Told("unknown", again=True), None
        return told, json.loads(raw) if told.status == "ok" else None

    async def _object(self, http: aiohttp.ClientSession, path: str, body: dict[str, Any], key: str | None) -> Told:
        told, answer = await self._answer(http, path, body, key)
        if answer is None:
            return told
        if "id" in answer and answer["id"] != told.id:
            self.violations.append(f"{path} calls {told.id} {answer['id']}")
        if len(answer.get("choices", ())) != body.get("n", len(answer.get("choices", ()))):
            self.violations.append(f"{told.id} was asked for {body['n']} answers and has {len(answer['choices'])}")
        return Told("ok", told.id)

    async def _cached(self, http: aiohttp.ClientSession, body: dict[str, Any], key: str | None) -> Told:
        told, answer = await self._answer(http, "/v1/executions", body, key)
        if answer is not None and answer["cached"]:
            self.hits += 1
            if answer["cost_nusd"]:
                self.violations.append(f"{told.id} came out of the cache and cost {answer['cost_nusd']}")
        return told

    async def _guarded(self, http: aiohttp.ClientSession, name: str, number: int, key: str | None) -> Told:
        """A guardrail that was made before the load stops and masks whatever is started anew."""
        address = f"a{number}@example.com"
        text = f"What is {SECRET}, {number}?" if name == "guarded" else f"Write to {address}."
        told, answer = await self._answer(http, "/v1/executions", {"prompt": "guarded", "variables": {"text": text}}, key)
        if answer is not None and name == "guarded":
            self.violations.append(f"{told.id} went through the guardrail")
        if answer is not None and name == "masked" and (address not in answer["output"] or "[EMAIL" in answer["output"]):
            self.violations.append(f"{told.id} did not get its mask taken off: {answer['output']}")
        return told

    async def _compare(self, http: aiohttp.ClientSession, body: dict[str, Any], key: str | None) -> Told:
        told, answer = await self._answer(http, "/v1/executions/compare", body, key)
        if answer is None:
            return told
        if len(answer["data"]) != len(body["models"]):
            self.violations.append(f"a comparison of {len(body['models'])} has {len(answer['data'])} sides")
        first, *others = [self.failed(one["error"], None) if one.get("error") else Told("ok", one["id"]) for one in answer["data"]]
        return replace(first, others=others)

    async def _left(self, http: aiohttp.ClientSession, body: dict[str, Any]) -> Told:
        """A caller who goes away after the first words, or before."""
        told = Told("unknown")
        with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with http.post(f"{self.url}/v1/executions", json=body | {"stream": True}) as response:
                told = Told("unknown", response.headers.get("x-execution-id"))
                if self.dice.random() < 0.7:
                    await response.content.readline()
        return told

    async def _cancelled(self, http: aiohttp.ClientSession, body: dict[str, Any], key: str) -> Told:
        told = await self._post(http, body | {"mode": "background"}, key)
        if told.status != "accepted":
            return told
        for _ in range(TRIES):
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with http.post(f"{self.url}/v1/executions/{told.id}/cancel") as response:
                    if response.status == 200:
                        return told
                    if response.status not in (409, 429, 503):
                        self.violations.append(f"cancelling {told.id} was answered {response.status}: {await response.text()}")
                        return told
            await asyncio.sleep(TRY_AGAIN_S)
        return told

    async def _events(self, http: aiohttp.ClientSession, path: str, body: dict[str, Any], key: str | None) -> Told:
        """A stream in a foreign format: it says all of its text and then one end, or one error."""
        execution_id, told = None, None
        seen: list[str] = []
        try:
            async with http.post(self.url + path, json=body, headers=with_key(key)) as response:
                execution_id = response.headers.get("x-execution-id")
                if response.status != 200:
                    return self.read(response.status, await response.read(), execution_id)
                async for line in response.content:
                    if line.startswith(b"data: "):
                        if told is not None:
                            self.violations.append(f"the stream of {execution_id} at {path} went on after its end: {line!r}")
                        told = self.event(line[6:].decode().strip(), execution_id, seen)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Told("unknown", execution_id, again=True)
        if told is None:
            self.violations.append(f"the stream of {execution_id} at {path} ended without an end")
            return Told("unknown", execution_id)
        if told.status == "ok" and execution_id is not None:
            self.texts[execution_id] = "".join(seen)
        return told

    def event(self, data: str, execution_id: str | None, seen: list[str]) -> Told | None:
        """Adds to `seen`; not None: this was the end."""
        if data in ENDS:
            return Told("ok", execution_id)
        event = json.loads(data)
        kind = event.get("type")
        if kind in ENDS:
            return Told("ok", execution_id)
        if kind == "response.failed":
            return self.failed(event["response"]["error"] | {"details": {"execution_id": execution_id}}, execution_id)
        if kind == "error" and "code" in event:  # As OpenAI's responses tell it: no object of its own.
            return self.failed({"code": event["code"], "details": {"execution_id": execution_id}}, execution_id)
        if event.get("error"):
            return self.failed(event["error"], execution_id)
        if kind == "response.output_text.delta":
            seen.append(event["delta"])
        elif kind == "content_block_delta":
            seen.append(event["delta"]["text"])
        elif event.get("choices"):
            seen.append(event["choices"][0]["delta"].get("content") or "")
        return None

    async def assert_shown_is_booked(self) -> None:
        """What streams of other APIs showed is what is kept of them."""
        async with aiohttp.ClientSession(headers={"authorization": f"Bearer {self.api_key}"}) as http:
            for execution_id, text in self.texts.items():
                async with http.get(f"{self.url}/v1/executions/{execution_id}") as response:
                    kept = (await response.json())["output"]
                assert kept == text, f"the stream of {execution_id} showed {text!r}, booked is {kept!r}"


def number_of(body: dict[str, Any]) -> int:
    """A number that belongs to the call, so that a repeat under the same key asks the same."""
    return zlib.crc32(body["messages"][0]["content"].encode())


def _foreign(name: str, body: dict[str, Any]) -> dict[str, Any]:
    match name:
        case "messages":
            return body | {"max_tokens": 200}
        case "responses":
            return {"model": body["model"], "input": body["messages"][0]["content"]}
        case "several":
            return body | {"n": 2}
    return body


async def prepare(place: Ground) -> None:
    """A model that always fails, a prompt with guardrails; returns when every executor knows them."""
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {place.api_key}"}) as http:

        async def post(path: str, body: dict[str, Any]) -> int:
            async with http.post(place.url + path, json=body) as response:
                assert response.status in (200, 201, 422), await response.text()
                return response.status

        simulator = f"http://127.0.0.1:{place.state()['ports']['simulator']}/v1"
        await post("/v1/models", {
            "model": "own/broken", "provider": "lab", "upstream_model": "fault/error,status=500", "base_url": simulator,
            "context_tokens": 100_000, "output_tokens": 4096, "input_price_nusd_per_million": 1_000_000_000,
            "output_price_nusd_per_million": 1_000_000_000,
        })  # fmt: skip
        await post("/v1/prompts", {"slug": "guarded", "template": "{{text}}", "model": "simulated/chat"})
        for name, settings in (("no falcons", {"kind": "deny", "phrases": [SECRET]}), ("no addresses", {"kind": "personal_data"})):
            assert await post("/v1/guardrails", {"name": name, "settings": settings, "sides": ["in"], "prompts": ["guarded"]}) == 201
        async with asyncio.timeout(120):
            stopped = 0
            while stopped < KNOWN_TIMES:
                status = await post("/v1/executions", {"prompt": "guarded", "variables": {"text": SECRET}})
                stopped = stopped + 1 if status == 422 else 0
