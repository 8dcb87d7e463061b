"""Makes known_models.json of the price map that LiteLLM ships: `python -m burnish_gateway.models.make_known_models DATE`.

Run by hand when the lock file takes a newer LiteLLM; DATE is the day on which it was looked at. LiteLLM itself is not imported.
"""

import importlib.util
import json
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

MAP: Final = "model_prices_and_context_window_backup.json"
OUT: Final = Path(__file__).with_name("known_models.json")

PROVIDERS: Final = {
    "openai": "openai", "anthropic": "anthropic", "gemini": "google", "mistral": "mistral", "cohere": "cohere", "cohere_chat": "cohere",
    "deepseek": "deepseek", "groq": "groq", "xai": "xai", "together_ai": "together_ai", "fireworks_ai": "fireworks_ai",
    "cerebras": "cerebras", "deepinfra": "deepinfra", "openrouter": "openrouter", "voyage": "voyage",
}  # fmt: skip
"""LiteLLM's name → ours. Clouds whose prices depend on a region or a contract are left out, and Perplexity, which bills each search too."""

MODES: Final = {"chat": "chat", "embedding": "embeddings"}

OTHER: Final = re.compile(
    r"(^|[/:-])ft:|audio|realtime|transcribe|tts|image|search|computer-use|deep-research|moderation|robotics|live|together-ai-|fireworks-ai-"
)
"""Models that are asked otherwise than chats are, are billed by what is not tokens, or are no models but classes of prices."""

SAYS: Final = {
    "supports_function_calling": "tools", "supports_vision": "vision", "supports_response_schema": "json",
    "supports_reasoning": "reasoning", "supports_prompt_caching": "prompt_caching", "supports_pdf_input": "pdf",
}  # fmt: skip

RATES: Final = {
    "input_cost_per_token": "input_price_nusd_per_million",
    "cache_read_input_token_cost": "cached_input_price_nusd_per_million",
    "cache_creation_input_token_cost": "cache_write_input_price_nusd_per_million",
    "output_cost_per_token": "output_price_nusd_per_million",
    "output_cost_per_reasoning_token": "reasoning_price_nusd_per_million",
}

ABOVE: Final = re.compile(r"^input_cost_per_token_above_([0-9]+)k_tokens$")
CLASSES: Final = ("flex", "priority")

OUTPUT_MOST_TOKENS: Final = 1_000_000
"""More is no limit that anybody reaches, and none that a model may have here."""

NUSD_PER_MILLION: Final = Decimal(10) ** 15
"""Dollars a token → nano-dollars a million tokens."""


def known_of(name: str, facts: Mapping[str, Any], *, today: str) -> dict[str, Any] | None:
    """A model as we list it; None for one that cannot be called or priced by its tokens, or that has ended."""
    provider, does = PROVIDERS.get(facts.get("litellm_provider", "")), MODES.get(facts.get("mode", ""))
    if (
        provider is None
        or does is None
        or OTHER.search(name)
        or (facts.get("deprecation_date") or "9") <= today
        or "tiered_pricing" in facts
    ):
        return None
    context, prices = facts.get("max_input_tokens") or facts.get("max_tokens"), rates_of(facts)
    output = 1 if does == "embeddings" else facts.get("max_output_tokens")
    if does == "embeddings":
        prices.setdefault("output_price_nusd_per_million", 0)
    if not context or not output or not prices.get("input_price_nusd_per_million") or "output_price_nusd_per_million" not in prices:
        return None
    if does == "chat" and not prices["output_price_nusd_per_million"]:
        return None
    prefix = facts["litellm_provider"].removesuffix("_chat") + "/"
    model = name if provider in ("openai", "anthropic") else f"{provider}/{name.removeprefix(prefix)}"
    made = {
        "model": model, "provider": provider, "upstream_model": name.removeprefix(prefix), "context_tokens": int(context),
        "output_tokens": min(int(output), OUTPUT_MOST_TOKENS), **prices, "price_tiers": list(tiers_of(facts)),
        "capabilities": [does, *(word for flag, word in SAYS.items() if facts.get(flag))],
        "sunset_on": facts.get("deprecation_date"), "source": facts.get("source"),
    }  # fmt: skip
    return {field: value for field, value in made.items() if value not in (None, [])}


def rates_of(facts: Mapping[str, Any], suffix: str = "") -> dict[str, int]:
    given = {ours: facts.get(theirs + suffix) for theirs, ours in RATES.items()}
    return {ours: int((Decimal(repr(cost)) * NUSD_PER_MILLION).to_integral_value()) for ours, cost in given.items() if cost is not None}


def tiers_of(facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Other prices above a length, in a class of service, and both."""
    lengths = sorted(int(found[1]) for name in facts if (found := ABOVE.match(name)))
    for service in (None, *CLASSES):
        after = f"_{service}" if service else ""
        for length in (None, *lengths):
            rates = rates_of(facts, (f"_above_{length}k_tokens" if length else "") + after)
            if (service or length) and {"input_price_nusd_per_million", "output_price_nusd_per_million"} <= rates.keys():
                yield ({"above_input_tokens": length * 1000} if length else {}) | ({"service_tier": service} if service else {}) | rates


def main(today: str) -> None:
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        raise SystemExit("litellm is not installed here")
    given = json.loads((Path(spec.origin).parent / MAP).read_text())
    made = {one["model"]: one for name, facts in given.items() if (one := known_of(name, facts, today=today))}
    head = {"source": f"LiteLLM {version('litellm')}, {MAP} (MIT)", "as_of": today}
    lines = ",\n".join(json.dumps(made[model], separators=(",", ":")) for model in sorted(made))
    OUT.write_text(f'{json.dumps(head)[:-1]}, "models": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main(sys.argv[1])
