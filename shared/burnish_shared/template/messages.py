"""A prompt's messages, parsed once and rendered often (some microseconds). The result is plain data for a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.template.rendering import MAX_OUTPUT_BYTES, Budget, Filling
from burnish_shared.template.snippets import Snippet, with_snippets
from burnish_shared.template.survey import Survey, includes_of, literal_of, shows_pictures, survey
from burnish_shared.template.syntax import Include, Part, parse, parse_path
from burnish_shared.template.values import IMAGE_URL, text_of
from burnish_shared.template.variables import Variable, declare

__all__ = ["MAX_MESSAGES", "MAX_OUTPUT_BYTES", "PromptTemplate", "Rendered", "parse_messages", "parse_text"]

ROLES: Final = ("system", "developer", "user", "assistant", "placeholder")
"""`placeholder` is ours: the place where a list of messages, given as the variable `name`, is put."""

GIVEN_ROLES: Final = ("system", "developer", "user", "assistant", "tool")
"""What the messages given for a placeholder may be."""

BYTES_OF: Final = {"image_url": "url", "file": "file_data"}
"""Kinds of parts that may hold a picture or a file, and where."""

MAX_MESSAGES: Final = 200
"""Messages that a prompt holds."""

MAX_GIVEN_MESSAGES: Final = 1_000
"""Messages that a placeholder takes."""


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
    """Parsed messages. Immutable, so it may be kept and shared by any number of requests.

    `needed`: paths that are used whatever the values are. `includes`: snippets that are still to be put in; with any, it cannot be
    rendered, and says of its variables only what its own text says.
    """

    messages: tuple[Text | Placeholder, ...]
    variables: Mapping[tuple[str, ...], Variable]
    needed: frozenset[tuple[str, ...]]
    includes: tuple[Include, ...] = ()

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the placeholders for messages, in their order."""
        return tuple(dict.fromkeys(one.name for one in self.messages if isinstance(one, Placeholder)))

    @property
    def required(self) -> tuple[str, ...]:
        """Names that a caller must give whatever else is given, sorted. Within a block a variable is asked for only where it is reached."""
        needed = {one.name for path, one in self.variables.items() if path in self.needed and not one.has_default}
        return tuple(sorted(needed | {one.name for one in self.messages if isinstance(one, Placeholder) and not one.optional}))

    @property
    def literals(self) -> tuple[str, ...]:
        """Of each message what stands in it whatever is given, with the longer branch of each condition and each repetition once."""
        return tuple("" if isinstance(one, Placeholder) else literal_of(one.parts) for one in self.messages)

    def render(self, given: Mapping[str, Any]) -> Rendered:
        """The messages with `given` put in. What is put in is never read as a template again.

        A null counts as not given. Raises MissingVariables with every missing name (`details["missing"]`), InvalidField for a
        value of another type than declared, PayloadTooLarge for more than MAX_OUTPUT_BYTES of text.
        """
        budget = Budget()
        filling = Filling(self.variables, given, budget)
        filling.missing.update(self._placeholders_missing(given))
        messages: list[dict[str, Any]] = []
        for message in self.messages:
            if isinstance(message, Placeholder):
                messages.extend(_given_messages(message, given.get(message.name), budget=budget))
                filling.used |= {message.name} if given.get(message.name) is not None else set()
            else:
                content = filling.content(message.parts)
                messages.append({"role": message.role, "content": content} | ({"name": message.name} if message.name else {}))
        filling.raise_missing()
        return Rendered(messages, tuple(sorted(filling.used)))

    def _placeholders_missing(self, given: Mapping[str, Any]) -> set[str]:
        return {one.name for one in self.messages if isinstance(one, Placeholder) and not one.optional and given.get(one.name) is None}


def parse_messages(
    messages: Sequence[Mapping[str, Any]],
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    snippets: Mapping[str, Snippet] | None = None,
    slug: str | None = None,
) -> PromptTemplate:
    """Parses `[{role, content, name?}, {role: "placeholder", name, optional?}]`. Raises InvalidField naming the message at fault.

    `parameters`: declared variables (see `variables.declare`); one that no message uses asks for nothing. `snippets`: the prompts that
    are included, by the name that includes them; None leaves them open. `slug`: of the prompt itself, which no snippet may include.
    """
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise InvalidField(f"A prompt has 1 to {MAX_MESSAGES} messages, not {len(messages)}.", param="messages")
    parsed = tuple(_message(one, param=f"messages[{index}]") for index, one in enumerate(messages))
    includes = tuple(dict.fromkeys(one for text in parsed if isinstance(text, Text) for one in includes_of(text.parts)))
    given = dict(parameters or {})
    if includes and snippets is not None:
        whole, of_snippets = with_snippets({at: one.parts for at, one in enumerate(parsed) if isinstance(one, Text)}, snippets, slug=slug)
        parsed = tuple(Text(one.role, whole[at], one.name) if isinstance(one, Text) else one for at, one in enumerate(parsed))
        given = {name: {**of_snippets.get(name, {}), **given.get(name, {})} for name in {**of_snippets, **given}}
        includes = ()
    return _template(parsed, given, includes=includes)


def parse_text(text: str, *, parameters: Mapping[str, Mapping[str, Any]] | None = None) -> PromptTemplate:
    """A prompt given as one text: a single user message."""
    return parse_messages([{"role": "user", "content": text}], parameters=parameters)


def _template(
    parsed: tuple[Text | Placeholder, ...], parameters: Mapping[str, Mapping[str, Any]], *, includes: tuple[Include, ...]
) -> PromptTemplate:
    found = Survey()
    for index, message in enumerate(parsed):
        if isinstance(message, Text):
            survey(message.parts, param=f"messages[{index}].content", into=found)
    used_paths = {slot.path for slot in found.slots}
    declared = {path: one for path, one in declare(found.slots, parameters=parameters).items() if path in used_paths}
    clash = {path[0] for path in used_paths} & {one.name for one in parsed if isinstance(one, Placeholder)}
    if clash:
        raise InvalidField(f"'{min(clash)}' is both a variable and a placeholder for messages; rename one.", param="messages")
    pictures = frozenset(path for path, one in declared.items() if one.type == IMAGE_URL)
    for index, message in enumerate(parsed):
        if isinstance(message, Text) and message.role != "user" and shows_pictures(message.parts, pictures):
            raise InvalidField("A picture stands only in a message of the user.", param=f"messages[{index}].content")
    return PromptTemplate(parsed, declared, frozenset(found.needed), includes)


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


def _given_messages(placeholder: Placeholder, given: Any, *, budget: Budget) -> list[dict[str, Any]]:
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
            budget.spend(text_of(_without_bytes(message, budget)))
        except ValueError as error:
            raise InvalidField(f"A message of '{placeholder.name}' cannot be sent: {error}.", param=f"{param}[{index}]") from error
    return [dict(message) for message in given]


def _without_bytes(message: Mapping[str, Any], budget: Budget) -> Mapping[str, Any]:
    """A given message without its pictures and files, which count as those of a variable do, and not as texts."""
    content = message.get("content")
    return {**message, "content": [_part_without_bytes(part, budget) for part in content]} if isinstance(content, list) else message


def _part_without_bytes(part: Any, budget: Budget) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    field = BYTES_OF.get(kind) if isinstance(kind, str) else None
    held = part.get(kind) if field is not None else None
    if not isinstance(held, dict) or not isinstance(data := held.get(field), str) or not data.startswith("data:"):
        return part
    budget.show(data)
    return {**part, kind: {**held, field: ""}}
