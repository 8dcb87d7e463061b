"""How many answers, which tool must be called, what an answer looks like: in words that the provider would pass over. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.contracts.executions import Route
from burnish_shared.errors import InvalidField
from burnish_shared.providers import wire_of

CHOICES: Final = frozenset({"auto", "none", "required"})

ONE_ANSWER: Final = frozenset({"anthropic", "mistral", "bedrock"})
"""Providers that give one answer a call. LiteLLM, which speaks to the last two, leaves `n` out for them without a word."""

SAY_NOTHING: Final = frozenset({"auto", "none"})
"""Choices that mean the same as none where there are no tools; OpenAI refuses them there."""

FORMATS: Final = ("text", "json_object", "json_schema")


def without_idle_words(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without what speaks of tools where there are none, and changes nothing.

    Raises InvalidField where one must be called: nobody could.
    """
    choice = settings.get("tool_choice")
    if settings.get("tools") or (choice is None and "parallel_tool_calls" not in settings):
        return dict(settings)
    if choice is not None and not (isinstance(choice, str) and choice in SAY_NOTHING):
        raise InvalidField("tool_choice: there are no 'tools' to choose from; leave it out, or say which there are.", param="tool_choice")
    return {name: value for name, value in settings.items() if name not in ("tool_choice", "parallel_tool_calls")}


def check_words(settings: Mapping[str, Any], *, route: Route) -> None:
    """Raises InvalidField naming the field. A provider of OpenAI's format hears every word, and refuses by itself what it does not know."""
    if (settings.get("n") or 1) > 1 and route.provider in ONE_ANSWER:
        raise InvalidField(f"n: the provider of {route.model!r} gives one answer a call; send the request as often as needed.", param="n")
    if wire_of(route.provider) != "anthropic":
        return
    choice, wanted = settings.get("tool_choice"), settings.get("response_format")
    if choice is not None and not _is_choice(choice):
        taken = 'auto, none, required, {"type": "function", "function": {"name": …}} or allowed_tools'
        raise InvalidField(f"tool_choice: the provider of {route.model!r} knows {taken}.", param="tool_choice")
    if wanted is None:
        return
    if wanted.get("type") not in FORMATS:
        raise InvalidField(f"response_format.type: must be one of {', '.join(FORMATS)}.", param="response_format.type")
    if wanted["type"] == "json_schema" and not isinstance(wanted.get("json_schema"), dict):
        raise InvalidField("response_format.json_schema: must hold a name and a schema.", param="response_format.json_schema")


def _is_choice(choice: Any) -> bool:
    if not isinstance(choice, dict):
        return choice in CHOICES
    if choice.get("type") == "allowed_tools":
        return isinstance(choice.get("allowed_tools"), dict)
    return isinstance(choice.get("function"), dict) and isinstance(choice["function"].get("name"), str)
