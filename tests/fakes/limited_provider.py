"""An OpenAI-compatible provider over real HTTP that counts what each key does in a window, and refuses what is beyond its limit."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.keyed_provider import TEXT


@dataclass
class LimitedProvider:
    """`requests`, `tokens`: allowed in any minute, by key; `says`: it tells so in its headers, as OpenAI does.

    `arrived`: when each call came, by key, those that were refused too. Every answer costs `answer_tokens`.
    """

    requests: int | None = None
    tokens: int | None = None
    says: bool = True
    port: int = 0
    answer_tokens: int = 100
    answer_s: float = 0.0
    window_s: float = 60.0
    refused: int = 0
    arrived: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _counted: dict[str, deque[tuple[float, int]]] = field(default_factory=lambda: defaultdict(deque))

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def most_in_a_window(self, key: str) -> int:
        """Most calls that arrived within any window, refused ones too."""
        moments = self.arrived[key]
        return max((sum(at <= one < at + self.window_s for one in moments) for at in moments), default=0)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        await request.read()
        now = time.monotonic()
        self.arrived[key].append(now)
        counted = self._counted[key]
        while counted and counted[0][0] <= now - self.window_s:
            counted.popleft()
        used, spent = len(counted), sum(tokens for _, tokens in counted)
        over_requests = self.requests is not None and used >= self.requests
        over_tokens = self.tokens is not None and spent + self.answer_tokens > self.tokens
        if over_requests or over_tokens:
            self.refused += 1
            wait_s = counted[0][0] + self.window_s - now if counted else self.window_s
            headers = {"retry-after": f"{wait_s:.3f}", **self._headers(used, spent)}
            return web.json_response({"error": {"message": "Too many.", "code": "rate_limit_exceeded"}}, status=429, headers=headers)
        counted.append((now, self.answer_tokens))
        if self.answer_s:
            await asyncio.sleep(self.answer_s)
        usage = {"prompt_tokens": self.answer_tokens - 1, "completion_tokens": 1, "total_tokens": self.answer_tokens}
        choice = {"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}
        return web.json_response({"choices": [choice], "usage": usage}, headers=self._headers(used + 1, spent + self.answer_tokens))

    def _headers(self, used: int, spent: int) -> dict[str, str]:
        found: dict[str, str] = {}
        both = (("requests", self.requests, used), ("tokens", self.tokens, spent))
        for name, limit, taken in both if self.says else ():
            if limit is not None:
                found[f"x-ratelimit-limit-{name}"] = str(limit)
                found[f"x-ratelimit-remaining-{name}"] = str(max(0, limit - taken))
                found[f"x-ratelimit-reset-{name}"] = f"{self.window_s * taken / limit:.3f}s"
        return found


@asynccontextmanager
async def serving_within_limits(**settings: int | float | bool | None) -> AsyncIterator[LimitedProvider]:
    """Listens on a free port of 127.0.0.1."""
    provider = LimitedProvider(**settings)  # type: ignore[arg-type]
    app = web.Application()
    app.router.add_post("/v1/chat/completions", provider.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.port = runner.addresses[0][1]
    try:
        yield provider
    finally:
        await runner.cleanup()
