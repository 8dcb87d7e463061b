"""Accept a suggestion with a text that somebody edited (PRODUCT O6): what a search must keep, they keep too. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from burnish_shared.editable import editable_index
from burnish_shared.errors import InvalidField
from burnish_shared.prompt_contract import Contract, breach, variables_in
from burnish_shared.template import parse_messages


def with_text(
    content: dict[str, Any], *, base: Mapping[str, Any], text: str, locked: Sequence[str], rules: Sequence[str]
) -> dict[str, Any]:  # fmt: skip
    """The fields that change over `base` with this text in the message that the search changed; `content` itself where it is that text.

    Raises InvalidField for a text that says what stands already, that breaks what must stay, or is no template, and where the suggestion
    changes no text, or those of several models.
    """
    index = editable_index(base["messages"])
    messages = content.get("messages")
    if messages is None or content.get("variants") or index is None or index >= len(messages):
        raise InvalidField(
            "text: this suggestion changes no text, or those of several models. Accept it without a text, or save what you want of it as "
            "a version.",
            param="text",
        )
    if messages[index]["content"] == text:
        return content
    edited = [dict(one) | ({"content": text} if number == index else {}) for number, one in enumerate(messages)]
    if len(content) == 1 and edited == [dict(one) for one in base["messages"]]:
        raise InvalidField("text: the version that it would improve says exactly this. Reject the suggestion instead.", param="text")
    start: str = base["messages"][index]["content"]
    stated = {line.strip() for line in start.split("\n")}
    contract = Contract(locked=tuple(locked), rules=tuple(rule for rule in rules if rule.strip() in stated))
    reason = breach(contract, start, text)
    if reason is not None:
        raise InvalidField(f"text: it {breach_in_words(reason, start, text)}, which must stay as it is.", param="text")
    try:
        parse_messages(edited, parameters=content.get("parameters", base.get("parameters")))
    except InvalidField as error:
        raise InvalidField(f"text: {error.message}", param="text") from None
    return {**content, "messages": edited}


def breach_in_words(reason: str, start: str, text: str) -> str:
    """What a text breaks, with the variables that it lacks or brings."""
    if reason != "changes the variables":
        return {"nothing is left of the prompt": "is empty"}.get(reason, reason)
    before, after = variables_in(start), variables_in(text)
    parts = (("lacks", before - after), ("brings", after - before))
    return f"{reason}: it " + " and ".join(f"{how} {', '.join(sorted(names))[:200]}" for how, names in parts if names)
