"""Fields of a call that are none of ours: what of them goes to the provider as it came, and what is refused. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.contracts.executions import Route
from burnish_shared.errors import BadRequest, InvalidField
from burnish_shared.providers import wire_of
from burnish_shared.unpriced import BUYS_MORE, USUAL_TIERS, buys_more, is_priced_tier

MOST_BYTES: Final = 65_536

MOST_FIELDS: Final = 64

OURS: Final = frozenset(
    {
        "model", "messages", "input", "stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "temperature", "top_p",
        "frequency_penalty", "presence_penalty", "stop", "stop_sequences", "seed", "reasoning_effort", "response_format", "tools",
        "tool_choice", "parallel_tool_calls", "logit_bias", "logprobs", "top_logprobs", "system", "user",
    }
)  # fmt: skip
"""Settings of ours, or what a call is held for and counted by."""

WAITED_FOR: Final = ("mode", "sync")
"""What every call of these routes is."""

ANOTHER_MODEL: Final = frozenset({"models", "route", "fallbacks"})
"""Routers of models would ask another one than is held for; `fallback_models` does it here."""

OF_THE_WAY: Final = frozenset(
    {"api_key", "api_base", "api_version", "base_url", "authorization", "headers", "extra_headers", "extra_body", "extra_query"}
)
"""Where a call goes, and by whose key. Clients and LiteLLM take these names beside the settings; no provider knows them in a body."""

IGNORED: Final = frozenset({"cache", "requirements", "usage"})
"""Fields of `/v1/executions`: no provider is to see them; and OpenRouter's wish for usage, which is always told."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "user_id": "is said as user here, or in metadata.",
    "prompt_key": "is said in metadata here.",
    "label": "is said in model here, as burnish::prompt::SLUG@LABEL.",
    "version": "is said in model here, as burnish::prompt::SLUG@N.",
    "mode": "belongs to POST /v1/executions; here a call is waited for.",
    "response_shape": "belongs to POST /v1/executions; here an answer has the shape of its format.",
}
"""Further fields of it, which would change a call if they were heard, and how that is said in a format."""

OF_MESSAGES: Final = frozenset({"mcp_servers", "container", "output_format", "inference_geo"})
"""Of Anthropic's own format, and more than how a model of Anthropic's thinks: without them the answer would be another one, or be made
where it may not be."""

OPENAIS: Final = frozenset(
    {"service_tier", "verbosity", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "store", "prediction"}
)
"""Of OpenAI's own format. A provider of another one has no word for them, and none of them changes what an answer says."""

SAMPLING: Final = frozenset({"top_k"})
"""Of Anthropic's format, and known to some providers of others; who is told it is the executor's to say (`TAKES_TOP_K`)."""

ANTHROPICS: Final = frozenset({"thinking", "top_k"})
"""What a caller who speaks OpenAI's format may ask of a model of Anthropic's besides."""


NEVER: Final = OURS | ANOTHER_MODEL | OF_THE_WAY

LITELLMS: Final = frozenset({"thinking", "top_k", "safety_settings"})
"""What LiteLLM has a word for in the formats of Google, Bedrock and others; where one of them knows no such thing, it is left out there."""

OF_A_CALL: Final[Mapping[str, str]] = {
    "store": "is said with each call, as its text is kept or not by it.",
    "cache": "is a setting of the version itself.",
    "requirements": "is a setting of the version itself.",
    "usage": "is always told; leave it out.",
}
"""What a version does not say among the fields of its provider."""


class UnsupportedParameter(BadRequest):
    """The model's provider knows no such field."""

    code = "unsupported_parameter"


def checked_extra(given: Mapping[str, Any], *, route: Route, spoken: str) -> dict[str, Any]:
    """What goes to this provider. Raises InvalidField, UnsupportedParameter, naming the field.

    With the operator's key only what is known to cost nothing more. Where that key is but fallen back to, it is not, with anything else.
    """
    extra = {name: value for name, value in given.items() if name not in IGNORED and value is not None and (name, value) != WAITED_FOR}
    on_operator = route.keys == "platform" or route.platform_fallback
    bought = set(buys_more(extra)) if route.keys == "platform" else extra.keys() & BUYS_MORE if on_operator else set()
    for name in sorted(extra.keys() & (NEVER | ELSEWHERE.keys()) | bought):
        raise UnsupportedParameter(f"{name}: {_why_not(name)}", param=name)
    if not isinstance(extra.get("store", True), bool):
        raise InvalidField("store: must be true or false.", param="store")
    tier = extra.get("service_tier")
    if tier is not None and not isinstance(tier, str):
        raise InvalidField("service_tier: must be text, such as auto.", param="service_tier")
    wire = wire_of(route.provider)
    if wire != "openai" and spoken == "openai":
        extra = _known(extra, ANTHROPICS if wire == "anthropic" else LITELLMS, route=route)
    elif wire != spoken:
        _refuse_messages_own(extra, route=route)
        sampling = {name: extra[name] for name in SAMPLING & extra.keys()}
        extra = sampling if spoken == "anthropic" else _known(extra, frozenset(), route=route)
    tier = extra.get("service_tier")
    if on_operator and not is_priced_tier(tier, route.price):
        raise UnsupportedParameter(
            f"service_tier: {str(tier)[:40]!r} has no price for {route.model!r}; add it to its tiers.", param="service_tier"
        )
    if len(extra) > MOST_FIELDS or len(json.dumps(extra)) > MOST_BYTES:
        raise InvalidField(f"extra: at most {MOST_FIELDS} fields and {MOST_BYTES} bytes may go to a provider besides ours.", param="extra")
    return extra


def check_saved(extra: Mapping[str, Any] | None) -> None:
    """What a version may keep for its provider, whichever that is. Raises InvalidField naming the field, such as `extra.model`."""
    given = extra or {}
    for name in sorted(given.keys() & (NEVER | ELSEWHERE.keys() | OF_A_CALL.keys())):
        raise InvalidField(f"extra.{name}: {OF_A_CALL.get(name) or _why_not(name)}", param=f"extra.{name}")
    tier = given.get("service_tier")
    if tier is not None and not isinstance(tier, str):
        raise InvalidField("extra.service_tier: must be text, such as auto.", param="extra.service_tier")
    if len(given) > MOST_FIELDS or len(json.dumps(given)) > MOST_BYTES:
        raise InvalidField(f"extra: at most {MOST_FIELDS} fields and {MOST_BYTES} bytes may go to a provider besides ours.", param="extra")


def _refuse_messages_own(extra: dict[str, Any], *, route: Route) -> None:
    if unknown := sorted(extra.keys() & OF_MESSAGES):
        raise UnsupportedParameter(
            f"{unknown[0]}: the provider of {route.model!r} does not speak Anthropic's format and knows no such field; leave it out.",
            param=unknown[0],
        )


def _why_not(name: str) -> str:
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    if name in OURS:
        return "is a setting of its own, not one of extra."
    if name in OF_THE_WAY:
        return "says where a call goes or by whose key, which is said by the model and its provider key."
    if name in ANOTHER_MODEL:
        return "could ask another model than the one that is paid for; name others in fallback_models."
    return "has a price that is not known here, or may have one; add a provider key of your own to use it, or leave it out."


def _known(extra: dict[str, Any], known: frozenset[str], *, route: Route) -> dict[str, Any]:
    """What another format has a word for. A class of service that would be paid otherwise is not passed over in silence."""
    unknown = sorted(extra.keys() - known - OPENAIS)
    if extra.get("service_tier") not in (None, *USUAL_TIERS):
        unknown.append("service_tier")
    if unknown:
        listed = ", ".join(unknown[:10])
        raise UnsupportedParameter(
            f"{listed}: the provider of {route.model!r} does not speak OpenAI's format and knows no such field; leave it out.",
            param=unknown[0],
        )
    return {name: extra[name] for name in known & extra.keys()}
