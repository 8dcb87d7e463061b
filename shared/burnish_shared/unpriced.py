"""What a call may ask of a provider that no price of ours names: whoever has a key there pays, and nobody else may be made to. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.contracts.executions import Price, Route
from burnish_shared.providers import wire_of

OWN_TYPE: Final = "own_type"
"""Field of a function of ours: the type by which models of Anthropic's know it, as their format has it."""

RUN_BY_CALLER: Final = re.compile(r"(?:bash|computer|memory|text_editor)_[0-9]{8}")

BUYS_MORE: Final = frozenset({"plugins", "web_search_options", "best_of", "mcp_servers"})
"""Fields beside ours that are known to make a provider charge for more than tokens."""

ASKS_THE_SAME: Final = frozenset(
    {
        # OpenAI's: how much is said, who asks, what is kept where; `service_tier` is looked at by its price.
        "verbosity", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "store", "service_tier",
        # Anthropic's, of what a model thinks and what its cache keeps (held for by its dearest rate), and the form of an answer.
        "thinking", "output_config", "output_format", "cache_control", "top_k",
        # Sampling, and where an answer ends, as vLLM, Ollama, OpenRouter, Mistral, Together, Groq and Google name them.
        "min_p", "top_a", "typical_p", "repetition_penalty", "repeat_penalty", "length_penalty", "min_tokens", "ignore_eos",
        "stop_token_ids", "bad_words", "include_stop_str_in_output", "skip_special_tokens", "spaces_between_special_tokens",
        "add_generation_prompt", "continue_final_message", "random_seed", "keep_alive",
        # How it thinks, how that is told, and which filters look on.
        "reasoning", "include_reasoning", "reasoning_format", "reasoning_split", "enable_thinking", "thinking_budget",
        "chat_template_kwargs", "prompt_mode", "safe_prompt", "safety_settings", "transforms",
        # Answers of a form that a grammar gives.
        "guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs", "grammar",
        # Of embeddings: what a vector is for, and how it comes.
        "input_type", "truncate", "truncation", "output_dtype", "embedding_type", "task", "task_type", "title", "late_chunking",
        "normalized",
    }
)  # fmt: skip
"""Fields beside ours that cost nothing but tokens, and none beyond what is held for; `service_tier` where its price is known. Whatever is
not here may buy something: searches, sound, a place or a pace that is dearer, a provider behind a provider, output that no cap of ours
counts (`prediction`)."""

USUAL_TIERS: Final = frozenset({"auto", "default", "standard_only"})
"""Classes of service that are paid by the base prices."""

CHEAPER_TIERS: Final = frozenset({"flex", "batch"})


def is_priced_tier(tier: Any, price: Price) -> bool:
    """Whether a class of service costs no more than this price says."""
    if not isinstance(tier, str):
        return tier is None
    return tier in USUAL_TIERS | CHEAPER_TIERS or any(tier == one.service_tier for one in price.tiers)


def buys_more(extra: Mapping[str, Any]) -> list[str]:
    """Names of the fields that may cost what no price names, in order."""
    return sorted(name for name, value in extra.items() if value is not None and not _is_free(name, value))


def _is_free(name: str, value: Any) -> bool:
    if name == "modalities":
        return bool(value == ["text"])
    if name == "context_management":  # what clears is free; what sums up asks the model once more, beside its cap
        edits = value.get("edits", ()) if isinstance(value, dict) and value.keys() <= {"edits"} else None
        return isinstance(edits, list | tuple) and all(isinstance(one, dict) and str(one.get("type")).startswith("clear_") for one in edits)
    return name in ASKS_THE_SAME


def run_by_caller(tool: Any) -> bool:
    """Whether it is a tool that models of Anthropic's know by its type and the caller runs, so that it costs tokens alone
    (https://docs.claude.com/en/docs/agents-and-tools/tool-use/overview).
    """
    kind = tool.get(OWN_TYPE) if isinstance(tool, dict) else None
    return isinstance(kind, str) and RUN_BY_CALLER.fullmatch(kind) is not None


def other_tool(settings: Mapping[str, Any]) -> tuple[int, Any] | None:
    """Place and type of the first tool that is no function of the caller's; a provider may run it, and charge for it."""
    for at, tool in enumerate(settings.get("tools") or ()):
        if not isinstance(tool, dict) or tool.get("type") != "function" or not isinstance(tool.get("function"), dict):
            return at, tool.get("type") if isinstance(tool, dict) else None
    return None


def unpriced(settings: Mapping[str, Any], extra: Mapping[str, Any], price: Price) -> str | None:
    """The first field of a call that costs what no price names, None: there is none. `price`: of the model that is called."""
    if (tool := other_tool(settings)) is not None:
        return f"tools[{tool[0]}].type"
    if bought := buys_more(extra):
        return bought[0]
    return None if is_priced_tier(extra.get("service_tier"), price) else "service_tier"


def may_be_given(settings: Mapping[str, Any], extra: Mapping[str, Any], *, route: Route) -> bool:
    """Whether this model may be asked as another one was: its provider has words for the tools, and the operator buys nothing unpriced."""
    if route.keys == "platform" and unpriced(settings, extra, route.price) is not None:
        return False
    if wire_of(route.provider) == "anthropic":
        return other_tool(settings) is None
    return not any(run_by_caller(tool) for tool in settings.get("tools") or ())
