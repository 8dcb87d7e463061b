"""What the `model` of an OpenAI-style call names: a model, or a prompt of this workspace (PRODUCT, doors). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.slug import PromptName, parse_prompt_name

PROMPT_PREFIX = "burnish::prompt::"


@dataclass(frozen=True, slots=True)
class Target:
    """At least one is set. With both, `model` stands for the model of the prompt's version."""

    prompt: PromptName | None = None
    model: str | None = None
    said_as: Mapping[str, str] = field(default_factory=dict, compare=False)
    """By which fields of the caller's body the prompt is named, for refusals: of `prompt`, `label` and `version`."""


BY_MODEL: Final = {"prompt": "model", "label": "model", "version": "model"}
BY_ID: Final = {"prompt": "prompt.id", "label": "prompt.id", "version": "prompt.id"}
BY_ID_AND_VERSION: Final = {"prompt": "prompt.id", "label": "prompt.version", "version": "prompt.version"}


def target_of(model: str | None, prompt: Mapping[str, Any]) -> Target:
    """`prompt`: OpenAI's object `{id, version}`, empty where none was sent.

    Raises InvalidField where nothing, two prompts, or no name is named. `auto` is a model that routing chooses.
    """
    named = _of_object(prompt)
    said_as = {} if named is None else BY_ID if prompt.get("version") is None else BY_ID_AND_VERSION
    if model is None:
        if named is None:
            raise InvalidField("model: is needed; name a model, or a prompt as burnish::prompt::SLUG.", param="model")
        return Target(prompt=named, said_as=said_as)
    if not model.startswith(PROMPT_PREFIX):
        return Target(prompt=named, model=model, said_as=said_as)
    if named is not None:
        raise InvalidField("prompt.id: the model names a prompt already; name it once.", param="prompt.id")
    return Target(prompt=parse_prompt_name(model.removeprefix(PROMPT_PREFIX), param="model"), said_as=BY_MODEL)


def _of_object(prompt: Mapping[str, Any]) -> PromptName | None:
    identifier, version = prompt.get("id"), prompt.get("version")
    if identifier is None:
        if version is not None:
            raise InvalidField("prompt.version: needs prompt.id beside it.", param="prompt.version")
        return None
    if not isinstance(identifier, str):
        raise InvalidField("prompt.id: must be the slug of a prompt.", param="prompt.id")
    name = identifier.removeprefix(PROMPT_PREFIX)
    if version is None:
        return parse_prompt_name(name, param="prompt.id")
    if isinstance(version, bool) or not isinstance(version, str | int) or "@" in name:
        raise InvalidField("prompt.version: must be a number or a label, and be said once.", param="prompt.version")
    return parse_prompt_name(f"{name}@{version}", param="prompt.version")
