"""A configuration of LiteLLM's proxy: its `model_list` becomes models of the workspace (https://docs.litellm.ai/docs/proxy/configs).

What a client calls stays what it calls. Keys and callbacks are not taken: keys are secrets, and the others are set elsewhere here. What the
file allows in a minute is a limit of keys here, so it is told, in the words in which a key takes it.
Also read is what the proxy answers at `GET /model/info`, whose list is called `data`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, pairwise
from math import isfinite
from typing import Any, Final, TypeGuard

from burnish_gateway.bundle.foreign.draft import CannotTake, Drafts, list_at, object_at, wrong_shape
from burnish_gateway.bundle.foreign.litellm_rates import FROM_ENVIRONMENT, RATES, RatesOfKeys, names_of_keys, tell_limits_of_keys
from burnish_gateway.bundle.foreign.records import MODELS_MOST
from burnish_gateway.models.bodies import MODEL_NAME, NewModel
from burnish_gateway.models.known_models import facts_of, find_known
from burnish_shared.errors import InvalidField
from burnish_shared.providers import BY_NAME, LITELLM_NAME, PRESETS

PROVIDERS: Final[Mapping[str, str]] = {
    **{name: name for name, preset in PRESETS.items() if preset.base_url or name == "azure"},
    **{preset.litellm: name for name, preset in PRESETS.items() if preset.litellm},
    "cohere_chat": "cohere", "ollama": "ollama", "ollama_chat": "ollama", "hosted_vllm": "vllm", "vllm": "vllm",
    "lm_studio": "openai_compatible", "llamafile": "openai_compatible", "xinference": "openai_compatible",
    "custom_openai": "openai_compatible", "text-completion-openai": "openai",
}  # fmt: skip
"""LiteLLM's word before the slash → our provider."""

UNSAID: Final = ("openai", "anthropic", "google", "cohere", "mistral")
"""Providers among whose models a name without a provider is looked for."""

SERVERS: Final = frozenset({"ollama", "vllm", "llama_cpp", "openai_compatible"})
"""Speak OpenAI's format below `/v1`, which LiteLLM adds where it knows better."""

PRICES: Final = {
    "input_cost_per_token": "input_price_nusd_per_million",
    "output_cost_per_token": "output_price_nusd_per_million",
    "cache_read_input_token_cost": "cached_input_price_nusd_per_million",
    "cache_creation_input_token_cost": "cache_write_input_price_nusd_per_million",
    "output_cost_per_reasoning_token": "reasoning_price_nusd_per_million",
}
NUSD_OF_ONE: Final = 10**15
"""A dollar a token, as nano-dollars for a million tokens."""

ABILITIES: Final = {
    "supports_function_calling": "tools", "supports_vision": "vision", "supports_pdf_input": "pdf", "supports_response_schema": "json",
}  # fmt: skip

SECRETS: Final = frozenset({
    "api_key", "azure_ad_token", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "vertex_credentials", "client_secret",
    "litellm_credential_name",
})  # fmt: skip
TAKEN: Final = frozenset({"model", "api_base", "base_url", "custom_llm_provider", *PRICES, *RATES}) | SECRETS
MENTIONED: Final = frozenset({"model_list", "data", "router_settings", "litellm_settings"})
SETTINGS: Final = ("litellm_settings", "router_settings")
ALIASES: Final = "model_group_alias"
OF_ROUTER: Final = frozenset({"fallbacks", "default_fallbacks", ALIASES})


def read(value: Any, *, model: str) -> Drafts:
    """`model` is for prompts, of which there are none here. Raises InvalidField naming what has another shape."""
    drafts = Drafts()
    if not isinstance(value, dict):
        raise wrong_shape("", "a configuration, an object with 'model_list'")
    key = "data" if "model_list" not in value and "data" in value else "model_list"
    rows = list_at(value, key, "")
    if len(rows) > MODELS_MOST:
        raise InvalidField(f"{key}: describes {len(rows):,} models; bring in at most {MODELS_MOST} at once.", param=key)
    _check_aliases(value, beside=len(rows))
    groups: dict[str, list[str]] = {}
    rates = RatesOfKeys()
    read_models = dict(_models(rows, key, drafts, groups=groups, rates=rates))
    aliases = _add_aliases(read_models, value, drafts, groups=groups)
    fallbacks = _fallbacks(value, groups, drafts, aliases=aliases)
    drafts.models = _in_order(read_models, fallbacks, drafts)
    drafts.of_keys = rates.told
    if keys := sorted({str(one["provider"]) for one in read_models.values() if _needs_key(one)}):
        drafts.notes.tell(f"Keys of providers are never taken from a file: add those of {', '.join(keys)} (POST /v1/provider-keys).")
    tell_limits_of_keys(object_at(value, "litellm_settings", ""), drafts.notes)
    _tell_the_rest(value, drafts)
    return drafts


def _models(
    rows: list[Any], key: str, drafts: Drafts, *, groups: dict[str, list[str]], rates: RatesOfKeys
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name → the body of the model. A second deployment of a name is `NAME@2`, or the next that no other has, asked where the first fails:
    `groups` gets the names of each one's deployments, in order, `rates` what they may be asked in a minute."""
    taken = {row["model_name"] for row in rows if isinstance(row, dict) and isinstance(row.get("model_name"), str)}
    for index, row in enumerate(rows):
        place = f"{key}[{index}]"
        if not isinstance(row, dict) or not isinstance(row.get("model_name"), str):
            raise wrong_shape(place, "an object with 'model_name' and 'litellm_params'")
        name = row["model_name"]
        try:
            body = _body(row, place, drafts)
            named = name if name not in groups else next(one for one in (f"{name}@{number}" for number in count(2)) if one not in taken)
            model = NewModel.model_validate(body | {"model": named})
        except CannotTake as error:
            drafts.notes.lose(f"{place} ({name[:200]}): left out, because {error}.")
            continue
        except InvalidField as error:
            drafts.notes.lose(f"{place} ({name[:200]}): left out. {error.message}")
            continue
        groups.setdefault(name, []).append(named)
        taken.add(named)
        rates.add(named, row, body, place=f"{place} ({name[:200]})", notes=drafts.notes)
        if _lacks_limits(model):
            drafts.notes.tell(
                f"{place} ({name[:200]}): we do not know this model; say how much it takes and answers with in 'model_info', as "
                f"max_input_tokens and max_output_tokens. A proxy looks both up in a list of its own: GET /model/info has them."
            )
        yield named, body


def _lacks_limits(model: NewModel) -> bool:
    """Of which neither the file nor what we know says them; it is refused."""
    if model.context_tokens is not None and model.output_tokens is not None:
        return False
    return bool(model.base_url) or find_known(model.provider, model.upstream_model, model.model) is None


def _body(row: Mapping[str, Any], place: str, drafts: Drafts) -> dict[str, Any]:
    """Of one deployment. Raises CannotTake, InvalidField."""
    params, info = object_at(row, "litellm_params", place), object_at(row, "model_info", place)
    written = params.get("model")
    if not isinstance(written, str) or not written:
        raise wrong_shape(f"{place}.litellm_params.model", "a text")
    if "*" in written or "*" in row["model_name"]:
        raise CannotTake("it stands for many models; add a provider's known ones on the page, or by POST /v1/models each")
    provider, upstream = _parted(written, params)
    body: dict[str, Any] = {"provider": provider, "upstream_model": upstream}
    address = params.get("api_base") or params.get("base_url") or ""
    if not isinstance(address, str):
        raise CannotTake("its address ('api_base') is no text")
    if address.startswith(FROM_ENVIRONMENT):
        raise CannotTake(f"its address stands in the variable {address.removeprefix(FROM_ENVIRONMENT)[:100]}; write it into the file")
    if address:
        if provider == "openai":
            body["provider"] = "openai_compatible"
        is_bare = provider in SERVERS and not address.rstrip("/").endswith("/v1")
        body["base_url"] = f"{address.rstrip('/')}/v1" if is_bare else address
    elif provider not in PRESETS or not PRESETS[provider].base_url:
        raise CannotTake(f"a model of {provider!r} needs an address ('api_base')")
    body |= _limits(params, info) | _prices(params, info)
    if address and isinstance(base := info.get("base_model"), str):
        body = _known(base) | body
    left = sorted(str(name) for name in params if name not in TAKEN and params[name] is not None)
    if left:
        drafts.notes.lose(f"{place} ({row['model_name'][:200]}): these are not taken: {', '.join(left)[:300]}.")
    return body


def _parted(written: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """Our provider, and its own name for the model. Raises CannotTake."""
    told = params.get("custom_llm_provider")
    prefix, slash, rest = written.partition("/")
    if isinstance(told, str) and told in PROVIDERS:
        return PROVIDERS[told], rest if slash and prefix == told else written
    if slash and prefix in PROVIDERS:
        return PROVIDERS[prefix], rest
    if slash and LITELLM_NAME.fullmatch(prefix):
        return f"{BY_NAME}{prefix}", rest
    found = next((one for one in UNSAID if find_known(one, written) is not None), None)
    if found is None:
        raise CannotTake(f"{written[:200]!r} names no provider and is no model that we know; write 'provider/{written[:200]}'")
    return found, written


def _limits(params: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    most_in, most_out = info.get("max_input_tokens"), info.get("max_output_tokens")
    for ours, value in (("context_tokens", most_in or info.get("max_tokens")), ("output_tokens", most_out or info.get("max_tokens"))):
        if _is_number(value):
            made[ours] = int(value)
    able = [word for field, word in ABILITIES.items() if info.get(field) is True]
    if info.get("mode") == "embedding":
        made["capabilities"] = ["embeddings"]
        made.setdefault("output_tokens", 1)
    elif able or info.get("mode") in ("chat", "completion", "responses"):
        made["capabilities"] = ["chat", *able]
    return made


def _prices(params: Mapping[str, Any], info: Mapping[str, Any]) -> dict[str, int]:
    """Both of input and output, or none: LiteLLM takes one that is not said for nothing."""
    said = {ours: params.get(theirs, info.get(theirs)) for theirs, ours in PRICES.items()}
    found = {name: round(min(max(value, -1.0), 10.0) * NUSD_OF_ONE) for name, value in said.items() if _is_number(value)}
    if found:
        found = {"input_price_nusd_per_million": 0, "output_price_nusd_per_million": 0} | found
    return found


def _is_number(value: Any) -> TypeGuard[float]:
    """YAML knows numbers that are none, and such without end."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _known(base: str) -> dict[str, Any]:
    """What is known of the model that a deployment at an address of its own is one of, as `base_model` names it: limits and list prices."""
    upstream = base.rpartition("/")[2]
    known = next((one for provider in UNSAID if (one := find_known(provider, upstream)) is not None), None)
    if known is None:
        return {}
    facts = {name: value for name, value in facts_of(known).items() if name not in ("upstream_model", "sunset_at") and value is not None}
    return facts | {"notes": f"As {base[:100]} at its maker. {facts['notes']}"}


def _settings(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is said of groups of models, wherever: LiteLLM reads it in both places."""
    for place in SETTINGS:
        yield from object_at(value, place, "").items()


def _check_aliases(value: Mapping[str, Any], *, beside: int) -> None:
    """Before any of them is looked at: each becomes a model, and there are `beside` others. Raises InvalidField."""
    for place in SETTINGS:
        given = object_at(value, place, "").get(ALIASES)
        if isinstance(given, dict) and beside + len(given) > MODELS_MOST:
            param = f"{place}.{ALIASES}"
            told = f"{param}: has {len(given):,} aliases, each of which becomes a model, beside {beside:,} models"
            raise InvalidField(f"{told}; bring in at most {MODELS_MOST} at once.", param=param)


def _add_aliases(
    models: dict[str, dict[str, Any]], value: Mapping[str, Any], drafts: Drafts, *, groups: dict[str, list[str]]
) -> dict[str, str]:
    """Alias → the group that it stands for, of those that became models."""
    taken: dict[str, str] = {}
    for name, given in _settings(value):
        if name != ALIASES or not isinstance(given, dict):
            continue
        for alias, target in given.items():
            other = target.get("model") if isinstance(target, dict) else target
            if not isinstance(other, str) or alias in models or other not in models:
                told = f"{alias[:200]!r} is left out: {str(other)[:200]!r} is no model of the file, or the name is taken"
                drafts.notes.lose(f"model_group_alias: {told}.")
                continue
            made = models[other] | {"notes": f"What LiteLLM called an alias of {other}."}
            try:
                NewModel.model_validate(made | {"model": alias})
            except InvalidField as error:
                drafts.notes.lose(f"model_group_alias: {alias[:200]!r} is left out. {error.message}")
            else:
                models[alias] = made
                taken[alias] = other
                groups[alias] = [alias]
    return taken


def _fallbacks(value: Mapping[str, Any], groups: Mapping[str, list[str]], drafts: Drafts, *, aliases: Mapping[str, str]) -> dict[str, str]:
    """Model → the one that is asked when it fails: first the next deployment of its name, then the first that the file names."""
    asked: dict[str, str] = {}
    for name, given in _settings(value):
        if name == "fallbacks":
            for pair in given if isinstance(given, list) else []:
                for model, others in pair.items() if isinstance(pair, dict) else ():
                    named = [one for one in others if isinstance(one, str)] if isinstance(others, list) else []
                    if named:
                        asked[str(model)] = named[0]
                    if len(named) > 1:
                        drafts.notes.lose(
                            f"fallbacks of {model}: a model has one here; {', '.join(named[1:])[:200]} are left out. Name several in a"
                            " version's or a call's fallback_models."
                        )
        elif name == "default_fallbacks" and isinstance(given, list) and given and isinstance(given[0], str):
            asked = {model: given[0] for model in groups if model != given[0]} | asked
    made: dict[str, str] = {}
    for group, members in groups.items():
        for one, following in pairwise(members):
            made[one] = following
        if len(members) > 1:
            drafts.notes.lose(f"{group}: calls are not spread over its {len(members)} deployments; the next is asked where one fails.")
        if group in asked:
            made[members[-1]] = asked[group]
    return made | _behind_aliases(aliases, groups, asked, drafts)


def _behind_aliases(
    aliases: Mapping[str, str], groups: Mapping[str, list[str]], asked: Mapping[str, str], drafts: Drafts
) -> dict[str, str]:
    """An alias is the first deployment of its group: behind it come the others, or what its group falls back to."""
    made: dict[str, str] = {}
    for alias, group in aliases.items():
        further, own = groups[group][1:], asked.get(alias)
        if further:
            made[alias] = further[0]
            if own not in (None, asked.get(group)):
                drafts.notes.lose(f"fallbacks of {alias}: {own} is left out; the further deployments of {group} are asked.")
        elif own is None and group in asked:
            made[alias] = asked[group]
    return made


def _in_order(models: Mapping[str, dict[str, Any]], fallbacks: Mapping[str, str], drafts: Drafts) -> list[NewModel]:
    """Each behind the one that it falls back to, which has to be there first; the last of a circle has none."""
    made: dict[str, NewModel] = {}

    def add(name: str, way: tuple[str, ...]) -> None:
        other = fallbacks.get(name)
        if other in (*way, name):
            drafts.notes.lose(f"fallbacks: {other} is not asked when {name} fails, as it falls back there itself.")
            other = None
        if other is not None and (len(other) > 200 or not re.match(MODEL_NAME, other)):
            drafts.notes.lose(f"fallbacks: {other[:200]!r} is not asked when {name} fails, as no model here can be called so.")
            other = None
        if other is not None and other in models and other not in made:
            add(other, (*way, name))
        made[name] = NewModel.model_validate(models[name] | {"model": name} | ({} if other is None else {"fallback_model": other}))

    for name in models:
        if name not in made:
            add(name, ())
    return list(made.values())


def _needs_key(body: Mapping[str, Any]) -> bool:
    preset = PRESETS.get(body["provider"])
    return preset is None or preset.needs_key


def _tell_the_rest(value: Mapping[str, Any], drafts: Drafts) -> None:
    """What stands in the file beside models, by its names alone: there may be secrets in it."""
    left = [str(name) for name in value if name not in MENTIONED]
    left += [f"{place}.{name}" for place in SETTINGS for name in _names(value.get(place))]
    if left:
        drafts.notes.lose(f"Of the configuration these are not taken: {', '.join(sorted(left))[:500]}.")


def _names(settings: Any) -> Iterable[str]:
    if not isinstance(settings, dict):
        return []
    return [str(name) for name in settings if name not in OF_ROUTER and name not in names_of_keys(settings)]
