"""What makes two requests the same for the cache: everything that decides the answer, and nothing else. Pure (PROMISES E-08)."""

import hashlib
import json
from typing import Any, Final

from burnish_shared.contracts.executions import ExecutionRequest

CLAIM: Final = frozenset(
    {
        "v", "execution_id", "lane", "fence", "deadline_at", "queue_deadline_at", "hold_nusd", "account_ids", "variables", "stream",
        "timeout_s", "timeout_said", "caller", "store_content", "job_id", "request_id", "traceparent", "hops", "sent_at", "interrupted",
        "interrupted_beside_bytes",
        "upstream_started", "used_key", "cache", "fallbacks", "routing", "group_key", "retries", "retry_wait_most_s",
        "experiment",
    }
)  # fmt: skip
"""Whose request it is, when, and how it is paid and told. Variables stand in the messages already, and an arm of an
experiment is its version and its model: whom it was given to decides nothing. A field that is not named here is part
of the key: one that a later release adds may cost hits, but never gives one caller another one's answer."""

ROUTE: Final = frozenset({"price", "provider_key_id", "keys", "platform_fallback", "markup_percent"})
"""What a call costs, and with whose key. Model, provider and address stay in the key."""

PROMPT: Final = frozenset({"label", "slug"})
"""Several labels may name one version."""


def cache_key(request: ExecutionRequest) -> bytes:
    """SHA-256 over tenant, version, messages, model, provider, address and settings, in one spelling."""
    excluded: dict[str, Any] = {**dict.fromkeys(CLAIM, True), "route": set(ROUTE), "prompt": set(PROMPT), "parked": {"sequences"}}
    parts = request.model_dump(mode="json", exclude=excluded)
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).digest()
