"""What callers are told about the text of a version: its variables, and how long it is."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.variants import ModelText
from burnish_shared.prompt_settings import DEFAULT_OUTPUT_TOKENS, cap_of
from burnish_shared.template import PromptTemplate
from burnish_shared.tokens import tokens_in_messages, tokens_in_text


class VariableAnswer(BaseModel):
    name: str
    type: str | None = None
    required: bool
    default: Any = None


class Estimated(BaseModel):
    """Of one call, from the texts alone: what its variables add is not counted. Counted by length, from above."""

    input_tokens: int
    output_tokens_most: int


def variables_of(template: PromptTemplate, variants: Sequence[ModelText]) -> list[VariableAnswer]:
    """Every variable with what is known of it; a placeholder is an array. What one text for some model asks for, the version asks for."""
    texts = [template, *(one.template for one in variants)]
    required = {name for text in texts for name in text.required}
    variables = {one.name: one for text in reversed(texts) for one in text.variables.values()}
    known = [
        VariableAnswer(name=one.name, type=one.type, required=one.name in required, default=one.default)
        for one in {**{one.name: one for one in template.variables.values()}, **variables}.values()
    ]
    placeholders = dict.fromkeys(name for text in texts for name in text.placeholders)
    return known + [VariableAnswer(name=name, type="array", required=name in required) for name in placeholders]


def estimated(content: VersionContent, template: PromptTemplate) -> Estimated:
    """Of one call with this text."""
    spoken_of = [content.settings[name] for name in ("tools", "response_format") if content.settings.get(name)]
    return Estimated(
        input_tokens=tokens_in_messages([{"content": text} for text in template.literals])
        + sum(tokens_in_text(str(one)) for one in spoken_of),
        output_tokens_most=content.settings.get(cap_of(content.settings)) or DEFAULT_OUTPUT_TOKENS,
    )
