"""An OpenAI-compatible server that somebody runs, as the environment names it, and what it says of itself."""

import ipaddress
import os
import re
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

URL = "BURNISH_TEST_OPENAI_BASE_URL"
MODEL = "BURNISH_TEST_OPENAI_MODEL"
EMBEDDING_MODEL = "BURNISH_TEST_OPENAI_EMBEDDING_MODEL"
KEY = "BURNISH_TEST_OPENAI_API_KEY"
CONTEXT = "BURNISH_TEST_OPENAI_CONTEXT_TOKENS"

WHY_NOT = f"set {URL} to an OpenAI-compatible server, such as http://127.0.0.1:11434/v1 of Ollama"

CONTEXT_TOKENS = 300_000
"""Taken for a server's context where neither it nor the environment says one: more than most that people run at home."""

CONTEXT_FIELDS = ("max_model_len", "context_length", "n_ctx", "context_window", "max_context_length")
"""What vLLM, OpenRouter, llama.cpp, Groq and LM Studio call it."""

APART_S = 0.2
"""Beyond any doubt more than the few milliseconds within which pieces travel together (`BURNISH_COALESCE_MS`)."""


SAYS = re.compile(rb'"content": ?"[^"]')
"""A line of a stream that brings words."""


@dataclass(frozen=True, slots=True)
class Server:
    """`base_url` ends before `/chat/completions`. `embedding_model` None: it offers none. `key` None: it asks for none."""

    base_url: str
    model: str
    embedding_model: str | None
    key: str | None
    context_tokens: int

    def network(self) -> str:
        """The networks that the egress guard must let through: the server's addresses where they are not public."""
        parts = urlsplit(self.base_url)
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
        addresses = {ipaddress.ip_address(str(one[4][0])) for one in found}
        return ",".join(["127.0.0.0/8", "::1/128", *(f"{one}/{one.max_prefixlen}" for one in addresses if not one.is_loopback)])

    async def takes_its_time(self, asked: str) -> bool:
        """Whether the pieces of a stream of its own lie apart. What comes at once is told as one piece, as a simulated model's is."""
        body = {"model": self.model, "messages": [{"role": "user", "content": asked}], "stream": True, "temperature": 0, "max_tokens": 64}
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=900)) as http:
            async with http.post(f"{self.base_url}/chat/completions", json=body) as response:
                assert response.status == 200, await response.text()
                came = [time.monotonic() async for line in response.content if SAYS.search(line)]
        return len(came) > 1 and came[-1] - came[0] > APART_S


async def find_server() -> Server | None:
    """What the environment names, asked what it has; None where it names nothing. An answer that is no list of models raises."""
    base_url = os.environ.get(URL, "").rstrip("/")
    if not base_url:
        return None
    key = os.environ.get(KEY) or None
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=60)) as http:
        async with http.get(f"{base_url}/models") as response:
            assert response.status == 200, f"{base_url}/models answered {response.status}: {await response.text()}"
            listed: list[dict[str, Any]] = (await response.json())["data"]
        names = [str(one["id"]) for one in listed]
        model = os.environ.get(MODEL) or next((one for one in names if not _embeds(one)), "")
        assert model, f"{base_url} lists no model for chats, only {names}; name one in {MODEL}"
        embedding = os.environ.get(EMBEDDING_MODEL) or next((one for one in names if _embeds(one)), model)
        async with http.post(f"{base_url}/embeddings", json={"model": embedding, "input": ["one"]}) as response:
            offers = response.status == 200
    facts = next((one for one in listed if one["id"] == model), {})
    return Server(base_url, model, embedding if offers else None, key, _context_of(facts))


def _embeds(name: str) -> bool:
    return "embed" in name.lower()


def _context_of(facts: dict[str, Any]) -> int:
    said = os.environ.get(CONTEXT) or next((facts[one] for one in CONTEXT_FIELDS if facts.get(one)), None)
    said = said or (facts.get("meta") or {}).get("n_ctx_train")
    return int(said or CONTEXT_TOKENS)
