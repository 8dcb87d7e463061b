"""Models of a configuration of TensorZero: each provider of `routing` is a model here, asked where the one before it fails."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import isfinite
from typing import Any, Final, TypeGuard

from burnish_gateway.bundle.foreign.draft import CannotTake, Drafts, list_at, object_at, wrong_shape
from burnish_gateway.bundle.foreign.records import MODELS_MOST
from burnish_gateway.models.bodies import NewModel
from burnish_gateway.models.known_models import facts_of, find_known
from burnish_shared.errors import InvalidField
from burnish_shared.providers import PRESETS

PROVIDERS: Final[Mapping[str, str]] = {
    "anthropic": "anthropic", "azure": "azure", "aws_bedrock": "bedrock", "deepseek": "deepseek", "fireworks": "fireworks_ai",
    "google_ai_studio_gemini": "google", "google_ai_studio": "google", "groq": "groq", "mistral": "mistral", "openai": "openai",
    "openrouter": "openrouter", "sglang": "openai_compatible", "tgi": "openai_compatible", "together": "together_ai", "vllm": "vllm",
    "xai": "xai", "hyperbolic": "litellm-hyperbolic",
}  # fmt: skip
"""TensorZero's `type` → our provider."""

NAMES: Final = ("model_name", "deployment_id", "model_id")
ADDRESSES: Final = ("api_base", "endpoint")
ELSEWHERE: Final = ("env::", "dynamic::", "path::", "path_from_env::", "sdk")
"""How a value begins that does not stand in the file."""

PRICES: Final = {
    "/usage/prompt_tokens": "input_price_nusd_per_million",
    "/usage/input_tokens": "input_price_nusd_per_million",
    "/usage/completion_tokens": "output_price_nusd_per_million",
    "/usage/output_tokens": "output_price_nusd_per_million",
    "/usage/cache_read_input_tokens": "cached_input_price_nusd_per_million",
    "/usage/cache_creation_input_tokens": "cache_write_input_price_nusd_per_million",
}
CACHED_WITHIN: Final = "/usage/prompt_tokens_details/cached_tokens"
"""Counted among the input: what it says is added to that price."""

LIMITS: Final = ("context_tokens", "output_tokens", "capabilities")
NUSD_OF_ONE: Final = 10**9
DOLLARS_MOST: Final = 1_000_000.0

TAKEN: Final = frozenset({"type", "api_key_location", "credential_location", "cost", "batch_cost", *NAMES, *ADDRESSES})
SECRETS: Final = frozenset({"api_key", "access_key_id", "secret_access_key", "session_token"})


def models_of(value: Mapping[str, Any], drafts: Drafts) -> list[NewModel]:
    """Raises InvalidField naming what has another shape; what cannot be taken is told in the notes."""
    models = object_at(value, "models", "")
    if len(models) > MODELS_MOST:
        raise InvalidField(f"models: describes {len(models):,} models; bring in at most {MODELS_MOST} at once.", param="models")
    made: dict[str, NewModel] = {}
    for name in models:
        row = object_at(models, name, "models")
        bodies = _with_limits(list(_bodies(name, row, drafts)))
        named = [(name if number == 1 else f"{name}@{number}", body) for number, body in enumerate(bodies, 1)]
        asked = {one: other for (one, _), (other, _) in pairwise(named)}
        for own, body in reversed(named):  # the one that is asked next has to be there first
            try:
                made[own] = NewModel.model_validate(
                    body | {"model": own} | ({"fallback_model": asked[own]} if asked.get(own) in made else {})
                )
            except InvalidField as error:
                drafts.notes.lose(f"models.{name[:200]}: {own[:200]} is left out. {error.message}")
        if left := sorted(row.keys() - {"routing", "providers"}):
            drafts.notes.lose(f"models.{name[:200]}: these are not taken: {', '.join(left)[:300]}.")
    return list(made.values())


def shorthand(written: str) -> tuple[str, NewModel | None]:
    """The name of a model that a variant names, and the model where TensorZero's `type::name` says one that we know."""
    kind, _, name = written.partition("::")
    name = name.removeprefix("responses::")
    provider = PROVIDERS.get(kind)
    if not name or provider is None:
        return written.rpartition("::")[2] or written, None
    if find_known(provider, name) is None:
        return name, None
    try:
        return name, NewModel.model_validate({"model": name, "provider": provider, "upstream_model": name})
    except InvalidField:
        return name, None


def _bodies(name: str, row: Mapping[str, Any], drafts: Drafts) -> Iterator[dict[str, Any]]:
    """Of each provider that is asked, in order."""
    place = f"models.{name[:200]}"
    providers = object_at(row, "providers", place)
    for told in list_at(row, "routing", place):
        if not isinstance(told, str):
            raise wrong_shape(f"{place}.routing", "a list of names")
        where = f"{place}.providers.{told[:200]}"
        try:
            yield _body(object_at(providers, told, f"{place}.providers"), where, drafts)
        except CannotTake as error:
            drafts.notes.lose(f"{where}: left out, because {error}.")


def _with_limits(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Providers of one model serve the same: one at an address of its own, of which we know nothing, has the limits of the first that we
    know. Azure takes its list prices, too."""
    known = next((found for one in bodies if (found := find_known(one["provider"], one["upstream_model"])) is not None), None)
    if known is None:
        return bodies
    facts = {name: value for name, value in facts_of(known).items() if value is not None}
    limits = {name: facts[name] for name in LIMITS if name in facts}
    prices = {name: value for name, value in facts.items() if name.endswith("_price_nusd_per_million")}
    return [(limits | (prices if one["provider"] == "azure" else {}) | one) if one.get("base_url") else one for one in bodies]


def _body(row: Mapping[str, Any], where: str, drafts: Drafts) -> dict[str, Any]:
    """Raises CannotTake."""
    kind = row.get("type")
    provider = PROVIDERS.get(kind) if isinstance(kind, str) else None
    if provider is None:
        raise CannotTake(f"no provider here is its type {str(kind)[:60]!r}; add the model by POST /v1/models")
    upstream = next((row[one] for one in NAMES if isinstance(row.get(one), str)), None)
    if upstream is None:
        raise CannotTake("it names no model")
    address = next((row[one] for one in ADDRESSES if row.get(one)), "")
    if not isinstance(address, str) or address.startswith(ELSEWHERE):
        raise CannotTake("its address does not stand in the file; write it there")
    body: dict[str, Any] = {"provider": provider, "upstream_model": upstream}
    if address:
        body["base_url"] = address
        if provider == "openai":
            body["provider"] = "openai_compatible"
        elif provider == "anthropic":
            body["base_url"] = address.rstrip("/").removesuffix("/messages")
    elif provider not in PRESETS or not PRESETS[provider].base_url:
        raise CannotTake(f"a model of {provider!r} needs an address")
    body |= _prices(row, where, drafts)
    if left := sorted(row.keys() - TAKEN - SECRETS):
        drafts.notes.lose(f"{where}: these are not taken: {', '.join(left)[:300]}.")
    return body


def _prices(row: Mapping[str, Any], where: str, drafts: Drafts) -> dict[str, int]:
    """Of its `cost`; what is counted otherwise than by tokens of OpenAI's or Anthropic's words is told."""
    dollars: dict[str, float] = {}
    within: float | None = None
    left = []
    for one in list_at(row, "cost", where):
        pointer = one.get("pointer", one.get("pointer_nonstreaming")) if isinstance(one, dict) else None
        rate = one.get("cost_per_million") if isinstance(one, dict) else None
        if _is_rate(rate) and pointer == CACHED_WITHIN:
            within = rate
        elif _is_rate(rate) and rate >= 0 and isinstance(pointer, str) and pointer in PRICES:
            dollars[PRICES[pointer]] = rate
        else:
            left.append(str(pointer)[:100])
    if within is not None and "input_price_nusd_per_million" in dollars:
        dollars["cached_input_price_nusd_per_million"] = max(0.0, dollars["input_price_nusd_per_million"] + within)
    if left:
        drafts.notes.lose(f"{where}: of its cost these are not taken: {', '.join(left)[:300]}.")
    if not {"input_price_nusd_per_million", "output_price_nusd_per_million"} <= dollars.keys():
        return {}
    return {name: round(rate * NUSD_OF_ONE) for name, rate in dollars.items()}


def _is_rate(value: Any) -> TypeGuard[float]:
    """TOML knows numbers that are none, and such without end."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and abs(value) <= DOLLARS_MOST
