"""The part of a prompt version that a search may edit, and the messages that come of an edited text. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from burnish_shared.editable import editable_index
from burnish_shared.errors import InvalidField
from burnish_shared.model_patterns import best_pattern
from burnish_shared.nearest_examples import NearestExamples
from burnish_shared.template import parse_messages
from burnish_shared.template.snippets import Snippet


@dataclass(frozen=True, slots=True)
class EditablePrompt:
    """The messages of a version, one of which is the text that edits change: the first system message, else the first of all."""

    messages: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Mapping[str, Any]]
    index: int
    snippets: Mapping[str, Snippet] = field(default_factory=dict)
    examples: NearestExamples | None = None
    """Those that the version chooses for each call."""

    @classmethod
    def of(cls, content: Mapping[str, Any], *, snippets: Mapping[str, Snippet] | None = None, model: str | None = None) -> "EditablePrompt":
        """From the content of a version: its text for `model` where it has one. Raises InvalidField where no message has a text.

        `snippets`: what its texts include, as it stood when the work began.
        """
        messages = tuple(messages_for(content, model))
        index = editable_index(messages)
        if index is None:
            raise InvalidField("The prompt has no text that could be edited.", param="messages")
        return cls(
            messages=messages,
            parameters=content.get("parameters") or {},
            index=index,
            snippets=snippets or {},
            examples=NearestExamples.of(content.get("examples")),
        )

    @property
    def fingerprint_text(self) -> str:
        """The text, and with snippets also which versions they are: other snippets make another question of the same text."""
        included = " ".join(f"{name}={one.version}" for name, one in sorted(self.snippets.items()))
        return f"{self.text}\0{included}" if included else self.text

    @property
    def text(self) -> str:
        content: str = self.messages[self.index]["content"]
        return content

    def messages_with(self, text: str) -> list[dict[str, Any]]:
        """The messages of a version whose editable text is `text`; everything else byte for byte as it was."""
        return [dict(message) | ({"content": text} if index == self.index else {}) for index, message in enumerate(self.messages)]

    def renderer(self, text: str) -> "Renderer":
        """What turns items into requests for this text. Raises InvalidField where the text is no valid template."""
        return Renderer.of(self.messages_with(text), parameters=self.parameters, snippets=self.snippets, examples=self.examples)


def messages_for(content: Mapping[str, Any], model: str | None) -> list[Mapping[str, Any]]:
    """The messages that a version asks this model with."""
    variants = {one["model"]: one["messages"] for one in content.get("variants") or ()}
    best = None if model is None else best_pattern(variants, model)
    return list(content["messages"] if best is None else variants[best])


@dataclass(frozen=True, slots=True)
class Renderer:
    """Puts an item's input where the prompt wants it: into its variables, or, where it has none, as the user's message."""

    template: Any
    sole_variable: str | None
    has_variables: bool
    examples: NearestExamples | None = None

    @classmethod
    def of(
        cls,
        messages: list[dict[str, Any]],
        *,
        parameters: Mapping[str, Mapping[str, Any]],
        snippets: Mapping[str, Snippet] | None = None,
        examples: NearestExamples | None = None,
    ) -> "Renderer":
        template = parse_messages(messages, parameters=parameters, snippets=snippets or {})
        names = sorted({path[0] for path in template.variables} | set(template.placeholders))
        required = sorted({name.split(".")[0] for name in template.required})
        sole = "input" if "input" in names else required[0] if len(required) == 1 else names[0] if len(names) == 1 else None
        return cls(template=template, sole_variable=sole, has_variables=bool(names), examples=examples)

    def messages_for(self, given: str | Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The messages and the variables that went into them. Raises InvalidField or MissingVariables where the input does not fit."""
        messages, variables = self._rendered(given)
        return messages if self.examples is None else self.examples.put_into(messages, variables), variables

    def _rendered(self, given: str | Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        if not isinstance(given, str):
            variables = dict(given)
            return self.template.render(variables).messages, variables
        if not self.has_variables:
            return [*self.template.render({}).messages, {"role": "user", "content": given}], {}
        if self.sole_variable is None:
            raise InvalidField("The prompt has several variables: an item's input must name each of them.", param="input")
        variables = {self.sole_variable: given}
        return self.template.render(variables).messages, variables
