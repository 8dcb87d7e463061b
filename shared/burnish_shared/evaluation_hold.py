"""What a call may cost at most: what must be left for it before it is sent. Pure; for executions and evaluations alike."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from burnish_shared.contracts.executions import Route
from burnish_shared.files import is_file
from burnish_shared.pricing import held_tokens, most_nusd
from burnish_shared.prompt_settings import cap_of
from burnish_shared.tokens import input_tokens_of

HOUR: Final = "1h"


def hold_nusd(
    messages: Sequence[dict[str, Any]],
    settings: Mapping[str, Any],
    route: Route,
    *,
    extra: Mapping[str, Any] | None = None,
    kind: Literal["chat", "embedding"] = "chat",
) -> int:
    """Input with its safety and the whole cap of the output, each at the dearest rate that it can come to, and the markup where the key is
    the operator's. An embedding has no output.

    Where that key is only fallen back to, the executor holds the markup before it does.
    """
    output_tokens = _output_tokens(settings, kind)
    markup_percent = route.markup_percent if route.keys == "platform" else 0
    input_tokens = input_tokens_of(messages, settings, extra=extra, kind=kind, model=route.upstream_model)
    return most_nusd(
        route.price,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        markup_percent=markup_percent,
        hour_writes=keeps_for_hour(messages, settings, extra=extra),
    )


def most_tokens(
    messages: Sequence[dict[str, Any]],
    settings: Mapping[str, Any],
    route: Route,
    *,
    extra: Mapping[str, Any] | None = None,
    kind: Literal["chat", "embedding"] = "chat",
) -> int:
    """Input with its safety, and the whole cap of the output: the tokens that `hold_nusd` prices."""
    return held_tokens(input_tokens_of(messages, settings, extra=extra, kind=kind, model=route.upstream_model)) + _output_tokens(
        settings, kind
    )


def keeps_for_hour(messages: Sequence[dict[str, Any]], settings: Mapping[str, Any], *, extra: Mapping[str, Any] | None) -> bool:
    """Whether the call asks a provider to keep some of its input for an hour, which costs twice the input."""
    return _keeps_for_hour(messages) or _keeps_for_hour(settings.get("tools") or ()) or _keeps_for_hour([extra])


def _output_tokens(settings: Mapping[str, Any], kind: str) -> int:
    most: int = 0 if kind == "embedding" else settings[cap_of(settings)] * (settings.get("n") or 1)
    return most


def _keeps_for_hour(given: Sequence[Any]) -> bool:
    """Does a message, a part of one, a tool, or the call as a whole carry Anthropic's mark for its one-hour cache?"""
    for one in given:
        mark = one.get("cache_control") if isinstance(one, dict) else None
        if isinstance(mark, dict) and mark.get("ttl") == HOUR:
            return True
        content = one.get("content") if isinstance(one, dict) else None
        if isinstance(content, list) and _keeps_for_hour(content):
            return True
        if is_file(one) and _keeps_for_hour([one["file"]]):
            return True
    return False
