"""What a model says besides its text and tool calls, under the names that chat completions have for it. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.contracts.executions import Beside

CHAT_NAMES: Final[Mapping[str, str]] = {
    "reasoning": "reasoning_content",
    "thinking": "thinking_blocks",
    "reasoning_details": "reasoning_details",
    "refusal": "refusal",
    "annotations": "annotations",
    "citations": "citations",
}
"""Field of `Beside` → field of a message or delta: DeepSeek's and vLLM's name, LiteLLM's, OpenRouter's, twice OpenAI's own, and ours."""

THOUGHTS: Final = frozenset({"reasoning_content", "reasoning", "thinking_blocks", "reasoning_details"})
"""Fields of a message that say what the model thought."""


def message_fields(beside: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fields of a message, or of one delta that tells all at once; empty where nothing was said besides."""
    return {} if not beside else {name: beside[field] for field, name in CHAT_NAMES.items() if beside.get(field)}


def over_whole(beside: Beside | None, *, before: str | None, after: str | None) -> Beside | None:
    """The same of a text that was changed: nobody knows any more where a part of it begins, so what was cited is cited by all of it."""
    if beside is None or not beside.citations or before == after:
        return beside
    cited = [one for span in beside.citations for one in citations_in(span)]
    return beside.model_copy(update={"citations": [{"start": 0, "end": len(after or ""), "citations": cited}]})


def citations_in(span: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = span.get("citations")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def reasoning_in(blocks: Any) -> str:
    """The text of thinking blocks."""
    listed = blocks if isinstance(blocks, list) else []
    return "\n".join(
        one["thinking"] for one in listed if isinstance(one, dict) and isinstance(one.get("thinking"), str) and one["thinking"]
    )
