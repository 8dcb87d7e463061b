"""What a candidate of a search stands for: a text in the place of the prompt's, or other settings. Pure.

The same candidate is measured and suggested: what `asked` gives is asked with, and what `changes` gives is what a version then says.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from burnish_optimizer.core.prompt_text import EditablePrompt, Renderer
from burnish_optimizer.search import document
from burnish_shared.errors import InvalidField
from burnish_shared.model_patterns import best_pattern
from burnish_shared.nearest_examples import NearestExamples
from burnish_shared.prompt_settings import CAPS, with_overrides

TOOL: Final = "tools."


@dataclass(frozen=True, slots=True)
class Asked:
    """How models are asked with a candidate. `model` None: the job's."""

    renderer: Renderer
    fields: Mapping[str, Any]
    """The content of a version with this candidate in it: its settings are read from here."""

    model: str | None = None


class Form(Protocol):
    """How the candidates of one job are read."""

    @property
    def start(self) -> str:
        """The candidate that stands for the version as it is."""
        ...

    def asked(self, candidate: str) -> Asked:
        """Raises InvalidField where it cannot be asked with."""
        ...

    def changes(self, candidate: str) -> dict[str, Any]:
        """The fields of a version that change over its base."""
        ...

    def lines(self, candidate: str) -> str:
        """As people compare it, line by line."""
        ...


@dataclass(frozen=True, slots=True)
class TextForm:
    """A candidate is the text of one message. `model`: whose text it is, where the version has one for it."""

    content: Mapping[str, Any]
    prompt: EditablePrompt
    model: str | None = None

    @property
    def start(self) -> str:
        return self.prompt.text

    def asked(self, candidate: str) -> Asked:
        return Asked(self.prompt.renderer(candidate), self.content)

    def changes(self, candidate: str) -> dict[str, Any]:
        messages = self.prompt.messages_with(candidate)
        variants = [dict(one) for one in self.content.get("variants") or ()]
        own = None if self.model is None else best_pattern({one["model"]: one["messages"] for one in variants}, self.model)
        if own is None:
            return {"messages": messages}
        return {"variants": [one | {"messages": messages} if one["model"] == own else one for one in variants]}

    def lines(self, candidate: str) -> str:
        return candidate


def changes_of_several(content: Mapping[str, Any], texts: Mapping[str, list[dict[str, Any]]], *, own: str) -> dict[str, Any]:
    """The fields of a version that gives each model its text: messages of `own`, a variant of each other model.

    `texts`: of every model that was searched for, also of those that keep what they have: else they would get what was measured with
    another one.
    """
    variants = [dict(one) for one in content.get("variants") or () if one["model"] not in texts]
    variants += [{"model": model, "messages": messages} for model, messages in texts.items() if model != own]
    return {"messages": texts[own], "variants": variants}


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """A candidate is a document of choices: settings by name, a model, the description of a tool. `model`: the one that answers now."""

    content: Mapping[str, Any]
    prompt: EditablePrompt
    space: Mapping[str, Sequence[Any]]
    model: str

    @property
    def start(self) -> str:
        now = dict(self.content) | {"model": self.model}
        return document({name: _now(now, name) for name in self.space})

    def asked(self, candidate: str) -> Asked:
        choices = json.loads(candidate)
        fields = dict(self.content) | self.changes(candidate)
        return Asked(self.prompt.renderer(self.prompt.text), fields, choices.get("model"))

    def changes(self, candidate: str) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        tools = [dict(one) for one in self.content.get("tools") or ()]
        for name, value in json.loads(candidate).items():
            if name.startswith(TOOL):
                one = _tool(tools, name)
                one["function"] = dict(one["function"]) | {"description": value}
                changed["tools"] = tools
            elif value != self.content.get(name):
                changed[name] = value
        if changed.keys() & CAPS:  # a cap under one name takes the place of one under the other, as the gateway sends it
            kept = with_overrides({**self.content, **changed}, changed)
            changed |= {name: None for name in CAPS - kept.keys() if self.content.get(name) is not None}
        return changed

    def lines(self, candidate: str) -> str:
        return "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(json.loads(candidate).items()))


@dataclass(frozen=True, slots=True)
class NearestForm:
    """A candidate says how many of the nearest examples of `pool` stand in each call."""

    content: Mapping[str, Any]
    prompt: EditablePrompt
    pool: Sequence[Mapping[str, str]]

    @property
    def start(self) -> str:
        return document({"examples": 0})

    def asked(self, candidate: str) -> Asked:
        chosen = NearestExamples.of(self.changes(candidate).get("examples")) or self.prompt.examples
        return Asked(replace(self.prompt, examples=chosen).renderer(self.prompt.text), self.content)

    def changes(self, candidate: str) -> dict[str, Any]:
        count = json.loads(candidate)["examples"]
        return {"examples": {"count": count, "pool": [dict(one) for one in self.pool]}} if count else {}

    def lines(self, candidate: str) -> str:
        count = json.loads(candidate)["examples"]
        return f"examples: the {count} nearest of {len(self.pool)}" if count else "examples: none for each call"


def _now(content: Mapping[str, Any], name: str) -> Any:
    if name.startswith(TOOL):
        return _tool(list(content.get("tools") or ()), name)["function"].get("description", "")
    return content.get(name)


def _tool(tools: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    """Raises InvalidField for a tool that the version does not have."""
    wanted = name.removeprefix(TOOL)
    for one in tools:
        if isinstance(one.get("function"), dict) and one["function"].get("name") == wanted:
            return one
    raise InvalidField(f"settings.space: the version has no tool {wanted[:60]!r}.", param=f"settings.space.{name[:80]}")
