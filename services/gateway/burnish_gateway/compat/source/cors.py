"""Pages of the source systems call these paths from other origins: allowed where the operator names the origin, and nowhere else."""

from collections.abc import Awaitable
from typing import Any, Final

PATHS: Final = (
    "/start_optimization", "/submit_answer", "/generate_final_prompt", "/submit_feedback", "/prompts", "/runs", "/test-set",
    "/metrics/summary", "/suggest", "/prompt-executor", "/analyze-chat", "/enrich-content", "/functions/v1/",
)  # fmt: skip

METHODS: Final = b"GET, POST, PUT, DELETE, OPTIONS"
HEADERS: Final = b"authorization, content-type, idempotency-key, x-client-info, apikey"
EXPOSED: Final = (
    b"x-request-id, x-execution-id, retry-after, idempotent-replayed, "
    b"ratelimit-limit, ratelimit-remaining, ratelimit-reset, ratelimit-policy"
)
MAX_AGE_S: Final = b"600"


class SourceCors:
    """Answers preflights of allowed origins, and marks answers to them. No cookie is ever meant: a key is sent in a header."""

    def __init__(self, app: Any, *, origins: str) -> None:
        self.app = app
        self.origins = frozenset(one.strip().rstrip("/") for one in origins.split(",") if one.strip())

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        is_ours = self.origins and scope["type"] == "http" and _is_ours(scope["path"])
        way: Awaitable[None] = (self._answer if is_ours else self.app)(scope, receive, send)
        return way

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        own = [(b"vary", b"origin")]
        if origin not in self.origins and "*" not in self.origins:
            await self.app(scope, receive, _marked(send, own))
            return
        own += [(b"access-control-allow-origin", origin.encode("latin-1") or b"*")]
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            own += [
                (b"access-control-allow-methods", METHODS), (b"access-control-allow-headers", HEADERS),
                (b"access-control-max-age", MAX_AGE_S),
            ]  # fmt: skip
            await send({"type": "http.response.start", "status": 204, "headers": own})
            await send({"type": "http.response.body", "body": b""})
            return

        await self.app(scope, receive, _marked(send, [*own, (b"access-control-expose-headers", EXPOSED)]))


def _marked(send: Any, headers: list[tuple[bytes, bytes]]) -> Any:
    """Also an answer to another origin varies by it: what a cache keeps of it would be refused to a page that may read it."""

    async def marked(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return marked


def _is_ours(path: str) -> bool:
    return any(path == one or path.startswith(one if one.endswith("/") else f"{one}/") for one in PATHS)
