"""A prompt's messages, parsed once and rendered often (some microseconds). The result is plain data for a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.errors import InvalidField, MissingVariables, PayloadTooLarge
from burnish_shared.template.syntax import Part, Slot, parse, parse_path
from burnish_shared.template.values import text_of, type_of
from burnish_shared.template.variables import ABSENT, Variable, declare, find

ROLES: Final = ("system", "developer", "user", "assistant", "placeholder")
"""`placeholder` is ours: the place where a list of messages, given as the variable `name`, is put."""

GIVEN_ROLES: Final = ("system", "developer", "user", "assistant", "tool")
"""What the messages given for a placeholder may be."""

MAX_MESSAGES: Final = 200
"""Messages that a prompt holds."""

MAX_GIVEN_MESSAGES: Final = 1_000
"""Messages that a placeholder takes."""

MAX_OUTPUT_BYTES: Final = 1_048_576
"""Rendered text of all messages together, in UTF-8 (PROMISES 4.5)."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message whose text is a template."""

    role: str
    parts: tuple[Part, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Placeholder:
    """The place of a list of messages. An optional one may be absent, and is then nothing."""

    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Rendered:
    """Messages as a model takes them, and the names of the variables that went into them (given ones and defaults), sorted."""

    messages: list[dict[str, Any]]
    used: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """Parsed messages. Immutable, so it may be kept and shared by any number of requests."""

    messages: tuple[Text | Placeholder, ...]
    variables: Mapping[tuple[str, ...], Variable]

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the placeholders for messages, in their order."""
        return tuple(dict.fromkeys(one.name for one in self.messages if isinstance(one, Placeholder)))

    @property
    def required(self) -> tuple[str, ...]:
        """Names that a caller must give, sorted."""
        needed = {variable.name for variable in self.variables.values() if not variable.has_default}
        return tuple(sorted(needed | {one.name for one in self.messages if isinstance(one, Placeholder) and not one.optional}))

    def render(self, given: Mapping[str, Any]) -> Rendered:
        """The messages with `given` put in. What is put in is never read as a template again.

        A null counts as not given. Raises MissingVariables with every missing name (`details["missing"]`), InvalidField for a
        value of another type than declared, PayloadTooLarge for more than MAX_OUTPUT_BYTES of text.
        """
        texts = self._texts(given)
        used = {".".join(path) for path in texts}
        messages: list[dict[str, Any]] = []
        budget = _Budget(MAX_OUTPUT_BYTES)
        for message in self.messages:
            if isinstance(message, Placeholder):
                taken = _given_messages(message, given.get(message.name), budget=budget)
                messages.extend(taken)
                used |= {message.name} if given.get(message.name) is not None else set()
            else:
                content = _filled(message.parts, texts=texts, budget=budget)
                messages.append({"role": message.role, "content": content} | ({"name": message.name} if message.name else {}))
        return Rendered(messages, tuple(sorted(used)))

    def _texts(self, given: Mapping[str, Any]) -> dict[tuple[str, ...], str]:
        """The text of each variable that is used, or every name that is missing."""
        texts: dict[tuple[str, ...], str] = {}
        missing: list[str] = []
        for path, variable in self.variables.items():
            value = find(path, given)
            if value is ABSENT:
                if not variable.has_default:
                    missing.append(variable.name)
                    continue
                value = variable.default
            elif variable.type is not None and type_of(value) != variable.type:
                raise _bad_value(variable, f"must be a {variable.type}, not a {type_of(value)}")
            try:
                texts[path] = text_of(value)
            except ValueError as error:
                raise _bad_value(variable, f"cannot be written as text: {error}") from error
        missing += [one.name for one in self.messages if isinstance(one, Placeholder) and not one.optional and given.get(one.name) is None]
        if missing:
            names = sorted(set(missing))
            raise MissingVariables(f"These variables are missing: {', '.join(names)}.", param="variables", details={"missing": names})
        return texts


def parse_messages(messages: Sequence[Mapping[str, Any]], *, parameters: Mapping[str, Mapping[str, Any]] | None = None) -> PromptTemplate:
    """Parses `[{role, content, name?}, {role: "placeholder", name, optional?}]`. Raises InvalidField naming the message at fault.

    `parameters`: declared variables (see `variables.declare`); one that no message uses asks for nothing.
    """
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise InvalidField(f"A prompt has 1 to {MAX_MESSAGES} messages, not {len(messages)}.", param="messages")
    parsed = tuple(_message(one, param=f"messages[{index}]") for index, one in enumerate(messages))
    slots = [part for one in parsed if isinstance(one, Text) for part in one.parts if isinstance(part, Slot)]
    declared = declare(slots, parameters=parameters or {})
    used_paths = {slot.path for slot in slots}
    clash = {path[0] for path in used_paths} & {one.name for one in parsed if isinstance(one, Placeholder)}
    if clash:
        raise InvalidField(f"'{min(clash)}' is both a variable and a placeholder for messages; rename one.", param="messages")
    return PromptTemplate(parsed, {path: variable for path, variable in declared.items() if path in used_paths})


def parse_text(text: str, *, parameters: Mapping[str, Mapping[str, Any]] | None = None) -> PromptTemplate:
    """A prompt given as one text: a single user message."""
    return parse_messages([{"role": "user", "content": text}], parameters=parameters)


def _bad_value(variable: Variable, why: str) -> InvalidField:
    return InvalidField(f"The variable '{variable.name}' {why}.", param=f"variables.{variable.name}")


class _Budget:
    """Counts down the bytes that may still be put out, before they are joined, so that a small template cannot make a huge text."""

    __slots__ = ("left",)

    def __init__(self, size_bytes: int) -> None:
        self.left = size_bytes

    def spend(self, text: str) -> None:
        self.left -= len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if self.left < 0:
            raise PayloadTooLarge(f"The rendered prompt is larger than {MAX_OUTPUT_BYTES:,} bytes.", param="variables")


def _message(message: Mapping[str, Any], *, param: str) -> Text | Placeholder:
    role, name = message.get("role"), message.get("name")
    if role not in ROLES:
        raise InvalidField(f"A role is one of {', '.join(ROLES)}, not {str(role)[:40]!r}.", param=f"{param}.role")
    if role == "placeholder":
        if not isinstance(name, str) or len(parse_path(name, param=f"{param}.name")) != 1:
            raise InvalidField("A placeholder's name is one variable name, such as 'history'.", param=f"{param}.name")
        return Placeholder(name, bool(message.get("optional", False)))
    content = message.get("content")
    if not isinstance(content, str):
        raise InvalidField("A message needs its text in 'content'.", param=f"{param}.content")
    return Text(str(role), parse(content, param=f"{param}.content"), str(name) if name else None)


def _filled(parts: tuple[Part, ...], *, texts: Mapping[tuple[str, ...], str], budget: _Budget) -> str:
    filled: list[str] = []
    for part in parts:
        text = part if isinstance(part, str) else texts[part.path]
        budget.spend(text)
        filled.append(text)
    return "".join(filled)


def _given_messages(placeholder: Placeholder, given: Any, *, budget: _Budget) -> list[dict[str, Any]]:
    """The list that a caller gave, checked and passed on as it is."""
    if given is None:
        return []
    param = f"variables.{placeholder.name}"
    if not isinstance(given, list) or len(given) > MAX_GIVEN_MESSAGES:
        raise InvalidField(f"'{placeholder.name}' takes a list of at most {MAX_GIVEN_MESSAGES:,} messages.", param=param)
    for index, message in enumerate(given):
        if not isinstance(message, dict) or message.get("role") not in GIVEN_ROLES:
            roles = ", ".join(GIVEN_ROLES)
            raise InvalidField(f"Each message of '{placeholder.name}' is an object with a role out of {roles}.", param=f"{param}[{index}]")
        if not isinstance(message.get("content"), str | list | None):
            why = f"The content of a message of '{placeholder.name}' is text, parts or null."
            raise InvalidField(why, param=f"{param}[{index}].content")
        try:
            budget.spend(text_of(message))
        except ValueError as error:
            raise InvalidField(f"A message of '{placeholder.name}' cannot be sent: {error}.", param=f"{param}[{index}]") from error
    return [dict(message) for message in given]
