"""How an answer looks on the native route: the whole outcome, the bare text, or the bare text with what is known of it in headers (E14)."""

import json
from typing import Any, Final, Literal

from fastapi.responses import Response

Shape = Literal["with_metadata", "raw", "headers"]

TOLD: Final = {
    "x-burnish-status": "status", "x-burnish-provider": "provider", "x-burnish-label": "label", "x-burnish-finish-reason": "finish_reason",
    "x-burnish-cost-nusd": "cost_nusd", "x-burnish-credits": "credits", "x-burnish-latency-ms": "latency_ms",
    "x-burnish-first-token-ms": "first_token_ms", "x-burnish-cached": "cached", "x-burnish-key-source": "key_source",
}  # fmt: skip
"""Header → field of the outcome. Those that are known before the answer are there in every shape: id, model, prompt, version."""

USED: Final = ("input_tokens", "output_tokens", "cached_input_tokens")


def shaped(outcome: bytes, shape: Shape, *, headers: dict[str, str]) -> Response:
    """A successful answer. `with_metadata` passes the bytes on as they are; the other two look into them."""
    if shape == "with_metadata":
        return Response(outcome, media_type="application/json", headers=headers)
    facts = json.loads(outcome)
    told = _headers(facts) if shape == "headers" else {}
    content, media_type = _bare(facts)
    return Response(content, media_type=media_type, headers=headers | told)


def _bare(facts: dict[str, Any]) -> tuple[bytes, str]:
    """All of several answers; JSON where JSON was asked for and came, tool calls where the model made some, else the text."""
    if facts.get("choices"):
        return json.dumps({"choices": facts["choices"]}, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
    if facts.get("output_json") is not None:
        return json.dumps(facts["output_json"], ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
    if facts.get("tool_calls"):
        called = {"output": facts.get("output"), "tool_calls": facts["tool_calls"]}
        return json.dumps(called, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
    return (facts.get("output") or "").encode(), "text/plain; charset=utf-8"


def headers_again(outcome: bytes) -> dict[str, str]:
    """Of a repeat, what stood in the headers of the first answer and is known of the stored one."""
    facts = json.loads(outcome)
    named = {"x-burnish-model": "model", "x-burnish-prompt": "prompt", "x-burnish-version": "version"}
    told = {header: _plain(facts[name]) for header, name in named.items() if facts.get(name) is not None}
    return told | ({"x-burnish-simulated": "true"} if facts.get("simulated") else {})


def _headers(facts: dict[str, Any]) -> dict[str, str]:
    told = {header: _plain(facts[name]) for header, name in TOLD.items() if facts.get(name) is not None}
    usage = facts.get("usage") or {}
    return told | {f"x-burnish-{name.replace('_', '-')}": str(usage[name]) for name in USED if name in usage}


def _plain(value: object) -> str:
    """A header is printable ASCII on one line; a label or a reason to end is, and so is a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "".join(one if " " <= one <= "~" else "?" for one in str(value))
