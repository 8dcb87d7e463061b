"""From a body of OpenAI's format to the arguments of LiteLLM's functions. Pure.

Only what is named here is passed: LiteLLM has arguments that would lead a call elsewhere, read a file, or answer without any model.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.providers import SIGNED_IN_AT_A_BROWSER

BASE_URL_HEADER: Final = "x-burnish-base-url"
TIMEOUT_HEADER: Final = "x-burnish-timeout-s"

SETTINGS: Final = frozenset(
    {
        "messages", "temperature", "max_tokens", "max_completion_tokens", "top_p", "frequency_penalty", "presence_penalty", "stop", "seed",
        "n", "reasoning_effort", "response_format", "tools", "tool_choice", "parallel_tool_calls", "logprobs", "top_logprobs", "logit_bias",
        "user", "stream", "stream_options", "input", "dimensions", "encoding_format", "thinking", "top_k", "safety_settings",
    }
)  # fmt: skip
"""Settings of a chat and of an embedding, under OpenAI's names, and a few of other formats that LiteLLM has a word for."""

KEY_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "bedrock": frozenset({"api_key", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_region_name"}),
    "azure": frozenset({"api_key", "api_version"}),
}
"""Providers whose key may be a JSON object, and its fields. None of them names a file, a profile, or an address."""

MODEL: Final = re.compile(r"[a-z0-9_]+/[A-Za-z0-9][A-Za-z0-9._:/@,=+-]*")
"""It becomes part of a provider's URL: nothing that would begin another part of one."""

LEAST_SECRET: Final = 8
"""Shorter values of a key's fields, such as a version, are no secrets."""


class BadCall(ValueError):
    """The call makes no sense; the message says why."""


def arguments_of(body: Mapping[str, Any], *, key: str | None, base_url: str | None, timeout_s: float | None) -> dict[str, Any]:
    """What `acompletion` or `aembedding` is called with. LiteLLM tries once: trying again is ours. Raises BadCall."""
    model = body.get("model")
    if not isinstance(model, str) or not MODEL.fullmatch(model) or ".." in model:
        raise BadCall("The name of the model cannot be called.")
    if model.partition("/")[0] in SIGNED_IN_AT_A_BROWSER:
        raise BadCall("This provider takes no key, but somebody who signs in at a browser, whom nobody can wait for here.")
    arguments: dict[str, Any] = {name: body[name] for name in SETTINGS if body.get(name) is not None}
    arguments |= {"model": model, "num_retries": 0, "max_retries": 0, "drop_params": True, **key_arguments(model.partition("/")[0], key)}
    if base_url is not None:
        arguments["api_base"] = base_url
    if timeout_s is not None:
        arguments["timeout"] = timeout_s
    return arguments


def key_arguments(prefix: str, key: str | None) -> dict[str, Any]:
    """A key is a text, or where a provider needs more than one, a JSON object of its fields. Raises BadCall for fields that are not its."""
    if not key:
        return {"api_key": "none"}  # without one, LiteLLM would look in its environment
    known = KEY_FIELDS.get(prefix)
    if known is None or not key.startswith("{"):
        return {"api_key": key}
    try:
        given = json.loads(key)
    except (ValueError, RecursionError):
        raise BadCall("The provider key begins like a JSON object and is none.") from None
    if not isinstance(given, dict) or not given.keys() <= known or not all(isinstance(value, str) for value in given.values()):
        raise BadCall(f"A key of this provider is a text, or a JSON object with texts in {', '.join(sorted(known))}.")
    return dict(given)


def secrets_in(arguments: Mapping[str, Any]) -> list[str]:
    """The texts of a call's key, the longest first, so that none is shown in a message."""
    named = {name for fields in KEY_FIELDS.values() for name in fields} | {"api_key"}
    found = {value for name, value in arguments.items() if name in named and isinstance(value, str)}
    for text in list(found):
        if text.startswith("{"):
            found |= set(_texts(text))
    return sorted((one for one in found if len(one) >= LEAST_SECRET), key=len, reverse=True)


def _texts(text: str) -> list[str]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [value for value in given.values() if isinstance(value, str)] if isinstance(given, dict) else []
