"""What the `model` of an OpenAI-style call names: a model, or a prompt of this workspace (PRODUCT, doors). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.slug import PromptName, parse_label, parse_prompt_name, parse_slug

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
BY_ID_AND_LABEL: Final = {"prompt": "prompt.id", "label": "prompt.label", "version": "prompt.label"}

PROMPT_FIELDS: Final = ("id", "version", "label", "variables")
"""Of a prompt object. `label` is ours: OpenAI has numbers alone, which stand in `version`, and so may a label."""

SHOWN_MOST: Final = 60
"""Characters of a name that is told back."""


def target_of(model: str | None, prompt: Mapping[str, Any]) -> Target:
    """`prompt`: OpenAI's object `{id, version}`, or `{id, label}`; empty where none was sent. A null in it counts as not given.

    Raises InvalidField where nothing, two prompts, or no name is named, and for a field that no prompt object has. `auto` is a model
    that routing chooses.
    """
    named = _of_object(prompt)
    said_as = {} if named is None else _said_as(prompt)
    if model is None:
        if named is None:
            raise InvalidField("model: is needed; name a model, or a prompt as burnish::prompt::SLUG.", param="model")
        return Target(prompt=named, said_as=said_as)
    if not model.startswith(PROMPT_PREFIX):
        return Target(prompt=named, model=model, said_as=said_as)
    if named is not None:
        raise InvalidField("prompt.id: the model names a prompt already; name it once.", param="prompt.id")
    return Target(prompt=parse_prompt_name(model.removeprefix(PROMPT_PREFIX), param="model"), said_as=BY_MODEL)


def _said_as(prompt: Mapping[str, Any]) -> Mapping[str, str]:
    if prompt.get("label") is not None:
        return BY_ID_AND_LABEL
    return BY_ID if prompt.get("version") is None else BY_ID_AND_VERSION


def _of_object(prompt: Mapping[str, Any]) -> PromptName | None:
    _check_fields(prompt)
    identifier, version, label = prompt.get("id"), prompt.get("version"), prompt.get("label")
    if identifier is None:
        for name, value in (("version", version), ("label", label)):
            if value is not None:
                raise InvalidField(f"prompt.{name}: needs prompt.id beside it.", param=f"prompt.{name}")
        return None
    if not isinstance(identifier, str):
        raise InvalidField("prompt.id: must be the slug of a prompt.", param="prompt.id")
    name = identifier.removeprefix(PROMPT_PREFIX)
    if label is not None:
        if not isinstance(label, str) or version is not None or "@" in name:
            raise InvalidField("prompt.label: must be the name of a label, and no version be said beside it.", param="prompt.label")
        return PromptName(parse_slug(name, param="prompt.id"), label=parse_label(label, param="prompt.label"))
    if version is None:
        return parse_prompt_name(name, param="prompt.id")
    if isinstance(version, bool) or not isinstance(version, str | int) or "@" in name:
        raise InvalidField("prompt.version: must be a number or a label, and be said once.", param="prompt.version")
    slug = parse_slug(name, param="prompt.id")
    return parse_prompt_name(f"{slug}@{version}", param="prompt.version")


def _check_fields(prompt: Mapping[str, Any]) -> None:
    """A field that nobody reads would be taken for one that was followed: another version would answer than the caller means."""
    unknown = next((name for name, value in prompt.items() if name not in PROMPT_FIELDS and value is not None), None)
    if unknown is not None:
        shown = unknown if len(unknown) <= SHOWN_MOST else f"{unknown[:SHOWN_MOST]}…"
        raise InvalidField(f"prompt.{shown}: a prompt object has {', '.join(PROMPT_FIELDS)}; leave it out.", param=f"prompt.{shown}")
