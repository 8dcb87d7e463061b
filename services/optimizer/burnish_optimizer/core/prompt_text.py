"""The part of a prompt version that a search may edit, and the messages that come of an edited text. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.template import parse_messages

SYSTEM_ROLES: Final = ("system", "developer")


@dataclass(frozen=True, slots=True)
class EditablePrompt:
    """The messages of a version, one of which is the text that edits change: the first system message, else the first of all."""

    messages: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Mapping[str, Any]]
    index: int

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "EditablePrompt":
        """From the content of a version. Raises InvalidField where no message has a text."""
        messages = tuple(content["messages"])
        texts = [index for index, message in enumerate(messages) if isinstance(message.get("content"), str)]
        if not texts:
            raise InvalidField("The prompt has no text that could be edited.", param="messages")
        system = [index for index in texts if messages[index].get("role") in SYSTEM_ROLES]
        return cls(messages=messages, parameters=content.get("parameters") or {}, index=(system or texts)[0])

    @property
    def text(self) -> str:
        content: str = self.messages[self.index]["content"]
        return content

    def messages_with(self, text: str) -> list[dict[str, Any]]:
        """The messages of a version whose editable text is `text`; everything else byte for byte as it was."""
        return [dict(message) | ({"content": text} if index == self.index else {}) for index, message in enumerate(self.messages)]

    def renderer(self, text: str) -> "Renderer":
        """What turns items into requests for this text. Raises InvalidField where the text is no valid template."""
        return Renderer.of(self.messages_with(text), parameters=self.parameters)


@dataclass(frozen=True, slots=True)
class Renderer:
    """Puts an item's input where the prompt wants it: into its variables, or, where it has none, as the user's message."""

    template: Any
    sole_variable: str | None
    has_variables: bool

    @classmethod
    def of(cls, messages: list[dict[str, Any]], *, parameters: Mapping[str, Mapping[str, Any]]) -> "Renderer":
        template = parse_messages(messages, parameters=parameters)
        names = sorted({path[0] for path in template.variables} | set(template.placeholders))
        required = sorted({name.split(".")[0] for name in template.required})
        sole = "input" if "input" in names else required[0] if len(required) == 1 else names[0] if len(names) == 1 else None
        return cls(template=template, sole_variable=sole, has_variables=bool(names))

    def messages_for(self, given: str | Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The messages and the variables that went into them. Raises InvalidField or MissingVariables where the input does not fit."""
        if not isinstance(given, str):
            variables = dict(given)
            return self.template.render(variables).messages, variables
        if not self.has_variables:
            return [*self.template.render({}).messages, {"role": "user", "content": given}], {}
        if self.sole_variable is None:
            raise InvalidField("The prompt has several variables: an item's input must name each of them.", param="input")
        variables = {self.sole_variable: given}
        return self.template.render(variables).messages, variables
