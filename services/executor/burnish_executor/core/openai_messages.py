"""Messages as a provider of OpenAI's format takes them: thoughts only where they are known, and no marks of Anthropic's. Pure."""

from typing import Any, Final

from burnish_executor.core.asides import KEPT_WITH_CALLS
from burnish_shared.beside import THOUGHTS, reasoning_in
from burnish_shared.contracts.executions import ExecutionRequest

REFUSE_THOUGHTS: Final = frozenset({"openai", "groq", "cerebras", "xai", "perplexity"})
"""They refuse a message with a field that they do not know, or have no use for what a model thought before."""

NOT_OPENAIS: Final = frozenset({"thinking_blocks", "is_error", "cache_control"})


def messages_for(request: ExecutionRequest) -> list[dict[str, Any]]:
    """The messages as they came, where nothing is to be changed."""
    refuses = request.route.provider in REFUSE_THOUGHTS
    if request.spoken == "openai":
        if not refuses or not any(not THOUGHTS.isdisjoint(one) for one in request.messages):
            return request.messages
        return [{name: value for name, value in one.items() if name not in THOUGHTS} for one in request.messages]
    return [_of_anthropics(one, refuses=refuses) for one in request.messages]


def _of_anthropics(message: dict[str, Any], *, refuses: bool) -> dict[str, Any]:
    """Thoughts without a signature came from a provider of this format, which may want them back; signed ones are Anthropic's alone."""
    made = {name: value for name, value in message.items() if name not in NOT_OPENAIS}
    if calls := made.get("tool_calls"):
        made["tool_calls"] = [{name: call[name] for name in ("id", "type", "function", *KEPT_WITH_CALLS) if name in call} for call in calls]
    blocks = message.get("thinking_blocks") or []
    unsigned = reasoning_in([one for one in blocks if not one.get("signature")])
    return made | ({"reasoning_content": unsigned} if unsigned and not refuses else {})
