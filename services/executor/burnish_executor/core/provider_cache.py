"""Marks what a provider may keep in a cache of its own: the first messages of a prompt, which are the same in every call. Pure (E10)."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from burnish_shared.contracts.executions import ExecutionRequest

EPHEMERAL: Final = {"type": "ephemeral"}
"""Anthropic's mark: what stands up to here, tools and instructions included, is kept for five minutes after its last use."""

KEEPS_BY_KEY: Final = frozenset({"openai"})
"""Providers that take `prompt_cache_key`. They find equal prefixes by themselves; the key leads equal ones to one machine."""


def marked(messages: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The messages with a mark at the end of the first `count`; as they are where nothing is to be kept or a mark has no place."""
    made = list(messages)
    if not 0 < count <= len(made):
        return made
    last, content = made[count - 1], made[count - 1].get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) and content else content
    if isinstance(parts, list) and parts and isinstance(parts[-1], dict) and parts[-1].get("type") == "text":
        made[count - 1] = {**last, "content": [*parts[:-1], {**parts[-1], "cache_control": EPHEMERAL}]}
    return made


def prompt_cache_key(request: ExecutionRequest) -> str | None:
    """The same for all calls of a version, and of nobody else; None where the provider knows no such thing or nothing is to be kept."""
    if not request.cacheable_messages or request.prompt is None or request.route.provider not in KEEPS_BY_KEY:
        return None
    named = f"{request.workspace_id}|{request.prompt.prompt_id}|{request.prompt.version}"
    return hashlib.sha256(named.encode()).hexdigest()[:32]
