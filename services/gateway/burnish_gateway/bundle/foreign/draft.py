"""What every reader of foreign files needs: names that are ours, texts in our template language, versions without repeats."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.errors import InvalidField
from burnish_shared.prompt_settings import SETTING_FIELDS
from burnish_shared.slug import parse_movable_label

VARIABLE: Final = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)[ \t]*\}\}")
ROLES: Final = frozenset({"system", "developer", "user", "assistant"})


class CannotTake(ValueError):
    """Why a prompt of a foreign file cannot be said in our template language."""


@dataclass(slots=True)
class Draft:
    """One prompt as it is read: (their number, content, rest of the version) in any order, and their labels by their number."""

    name: str
    versions: list[tuple[int, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Drafts:
    """What a foreign file held."""

    prompts: list[Draft] = field(default_factory=list)
    datasets: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def bundle(self) -> dict[str, Any]:
        """In our form: names folded to slugs, parts before a '/' to folders, versions from 1, those that repeat another left out."""
        taken: set[str] = set()
        prompts = [form for one in self.prompts if (form := self._prompt(one, taken)) is not None]
        return {"prompts": prompts, "datasets": self.datasets}

    def _prompt(self, draft: Draft, taken: set[str]) -> dict[str, Any] | None:
        if not draft.versions:
            return None
        folder, _, last = draft.name.rpartition("/")
        slug = _free(slug_of(last), taken)
        ours: dict[str, int] = {}
        theirs: dict[int, int] = {}
        forms: list[dict[str, Any]] = []
        for number, content, rest in sorted(draft.versions, key=lambda one: one[0]):
            text = json.dumps(content, sort_keys=True)
            if text not in ours:
                ours[text] = len(ours) + 1
                base = len(forms) or None
                forms.append({"version": ours[text], "content": content, "base_version": base} | rest)
            theirs[number] = ours[text]
        labels = []
        for name, number in draft.labels.items():
            try:
                labels.append({"label": parse_movable_label(name), "version": theirs[number]})
            except (InvalidField, KeyError):
                self.notes.append(f"{slug}: the label {name[:60]!r} cannot be kept: labels begin with a letter and hold no blanks.")
        own = {"name": draft.name[-200:] or slug, "folder": folder[:700], "versions": forms, "labels": labels}
        return {"slug": slug} | draft.fields | own


def slug_of(name: str) -> str:
    """Their name as a slug."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:63] or "prompt"


def text_of(text: str, *, variable: "re.Pattern[str]" = VARIABLE) -> str:
    """A text whose only language is `{{name}}`, in ours: double braces that are no variable stay as they are. Raises CannotTake."""
    parts, at = [], 0
    for found in variable.finditer(text):
        if found[1] == "else" or text[max(at, found.start() - 1) : found.start()] == "{":
            raise CannotTake("a '{' stands right before a variable, or a variable is called 'else'")
        parts += [text[at : found.start()].replace("{{", "{{{{"), f"{{{{{found[1]}}}}}"]
        at = found.end()
    return "".join(parts) + text[at:].replace("{{", "{{{{")


def messages_of(given: Any, *, text: Callable[[str], str] = text_of) -> list[dict[str, Any]]:
    """Messages out of a text, or out of a list of messages as OpenAI writes them. Raises CannotTake."""
    if isinstance(given, str):
        return [{"role": "user", "content": text(given)}]
    if not isinstance(given, list) or not given:
        raise CannotTake("it holds neither a text nor messages")
    return [_message(one, text) for one in given]


def _message(one: Any, text: Callable[[str], str]) -> dict[str, Any]:
    if not isinstance(one, dict):
        raise CannotTake("a message is no object")
    if one.get("type") == "placeholder":
        return {"role": "placeholder", "name": str(one.get("name", ""))}
    role, content = one.get("role"), one.get("content")
    if isinstance(content, list):
        if any(not isinstance(part, dict) or part.get("type") not in ("text", "input_text", "output_text") for part in content):
            raise CannotTake("a message holds something besides text")
        content = "\n".join(str(part.get("text", "")) for part in content)
    if role not in ROLES or not isinstance(content, str):
        raise CannotTake(f"a message of the role {str(role)[:40]!r} has no text that can be taken")
    return {"role": role, "content": text(content)}


def settings_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that both know, under our names."""
    known = {name: given[name] for name in SETTING_FIELDS if given.get(name) is not None}
    for theirs in ("max_output_tokens", "max_completion_tokens"):
        if given.get(theirs) is not None:
            known.setdefault("max_tokens", given[theirs])
    return known


def said(value: Any) -> str:
    """A value as a text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def rows_of(value: Any, *keys: str) -> Iterable[Any]:
    """The objects of a file: one, a list, or a list under one of these keys."""
    for key in keys:
        if isinstance(value, dict) and isinstance(value.get(key), list):
            return value[key]  # type: ignore[no-any-return]
    return value if isinstance(value, list) else [value]


def _free(slug: str, taken: set[str]) -> str:
    number, free = 1, slug
    while free in taken:
        number += 1
        free = f"{slug[:58]}-{number}"
    taken.add(free)
    return free
