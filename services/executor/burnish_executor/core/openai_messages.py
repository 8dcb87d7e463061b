"""Messages as a provider of OpenAI's format takes them: thoughts only where they are known, and no marks of Anthropic's. Pure."""

from typing import Any, Final

from burnish_executor.core.asides import KEPT_WITH_CALLS
from burnish_executor.core.file_parts import has_files, in_openais_words
from burnish_shared.beside import THOUGHTS, reasoning_in
from burnish_shared.contracts.executions import ExecutionRequest

STRICT: Final = frozenset({"openai", "groq", "cerebras", "xai", "perplexity"})
"""They refuse a field that they do not know, have no use for what a model thought before, and take images and files from a user alone."""

NOT_OPENAIS: Final = frozenset({"thinking_blocks", "is_error", "cache_control"})


SHOWN_BELOW: Final = {"type": "text", "text": "The result is shown in the next message."}


def messages_for(request: ExecutionRequest) -> list[dict[str, Any]]:
    """The messages as they came, where nothing is to be changed."""
    is_strict, shows_files = request.route.provider in STRICT, has_files(request.messages)
    messages = [in_openais_words(one) for one in request.messages] if shows_files else request.messages
    if request.spoken != "openai":
        return _shown_by_users([_of_anthropics(one, is_strict=is_strict) for one in messages])
    if not is_strict:
        return _shown_by_users(messages) if shows_files else messages
    return _shown_by_users(
        [one if THOUGHTS.isdisjoint(one) else {name: value for name, value in one.items() if name not in THOUGHTS} for one in messages]
    )


def _shown_by_users(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What tools show follows their results as a message of the user: chat completions take texts alone from a tool.

    Source: https://platform.openai.com/docs/api-reference/chat/create, the content of a tool message.
    """
    made: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    for message in messages:
        if shown and message.get("role") != "tool":
            made.append({"role": "user", "content": shown})
            shown = []
        parts = message.get("content")
        shows = [part for part in parts if _is_shown(part)] if message.get("role") == "tool" and isinstance(parts, list) else []
        texts = [part for part in parts or [] if not _is_shown(part)] if shows else []
        shown = shown + shows
        made.append(message | {"content": texts or [SHOWN_BELOW]} if shows else message)
    return [*made, {"role": "user", "content": shown}] if shown else made


def _is_shown(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") in ("image_url", "file")


def _of_anthropics(message: dict[str, Any], *, is_strict: bool) -> dict[str, Any]:
    """Thoughts without a signature came from a provider of this format, which may want them back; signed ones are Anthropic's alone."""
    made = {name: value for name, value in message.items() if name not in NOT_OPENAIS}
    if isinstance(made.get("content"), list):
        unknown = {*NOT_OPENAIS, "citations"} if is_strict else {"citations"}
        made["content"] = [{name: value for name, value in part.items() if name not in unknown} for part in made["content"]]
    if calls := made.get("tool_calls"):
        made["tool_calls"] = [{name: call[name] for name in ("id", "type", "function", *KEPT_WITH_CALLS) if name in call} for call in calls]
    blocks = message.get("thinking_blocks") or []
    unsigned = reasoning_in([one for one in blocks if not one.get("signature")])
    return made | ({"reasoning_content": unsigned} if unsigned and not is_strict else {})
