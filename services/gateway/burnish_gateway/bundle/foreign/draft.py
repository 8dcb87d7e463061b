"""What every reader of foreign files needs: names that are ours, texts in our template language, versions without repeats."""

import json
import re
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from burnish_gateway.bundle.foreign.reactions import Rated, Reaction
from burnish_gateway.bundle.form import PROMPTS_MOST, ItemForm
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.bundle.read_bundle import content_of
from burnish_gateway.datasets.item import EXPECTS_NOTHING, says_nothing
from burnish_gateway.models.bodies import NewModel
from burnish_shared.errors import InvalidField
from burnish_shared.prompt_settings import SETTING_FIELDS
from burnish_shared.slug import parse_folder, parse_movable_label, slug_of

VARIABLE: Final = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)[ \t]*\}\}")
ROLES: Final = frozenset({"system", "developer", "user", "assistant"})


LINE: Final = "line "
"""How the place of a row begins in a file of one object a line."""

ROUNDS_MOST: Final = 20
"""Of giving numbers: one more than references by number stand one behind another."""


NAME_MOST: Final = 200
TO_BE_JUDGED: Final = ", to be judged"
"""Behind the name of a dataset: the one for its items without a right answer."""


class CannotTake(ValueError):
    """Why a prompt of a foreign file cannot be said in our template language."""


@dataclass(slots=True)
class Draft:
    """One prompt as it is read: (their number, content, rest of the version) in any order, and their labels by their number."""

    name: str
    versions: list[tuple[int, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Names:
    """What the prompts of the file are called here: their name → slug, and slug → their number → ours."""

    slugs: Mapping[str, str]
    numbers: Mapping[str, Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Call:
    """An execution as it is read. `prompt`: their name or id of what was run; `version`: their number. `keeps_number`: it holds here too
    where the file lacks the prompt."""

    place: str
    prompt: str | None
    version: int | None
    body: Mapping[str, Any]
    keeps_number: bool = False


@dataclass(slots=True)
class Drafts:
    """What a foreign file held. `link`: puts references to other prompts into a text, once names are known. Raises CannotTake.

    `rated`: what people said of `calls`; `scored`: the same, for a file that tells it apart from them, once the time is known.
    `names`: what its prompts are called here, once `bundle` was made. `ids`: their id of a prompt's version → its name and number.
    `of_keys`: the names of `models` that are refused → notes on keys of providers for the others.
    """

    prompts: list[Draft] = field(default_factory=list)
    datasets: list[dict[str, Any]] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    link: Callable[[str, Names], str] | None = None
    names: Names = field(default_factory=lambda: Names({}, {}))
    calls: list[Call] = field(default_factory=list)
    models: list[NewModel] = field(default_factory=list)
    ids: dict[str, tuple[str, int]] = field(default_factory=dict)
    experiments: list[dict[str, Any]] = field(default_factory=list)
    rated: list[Rated] = field(default_factory=list)
    scored: "Callable[[datetime, Notes], list[Reaction]] | None" = None
    of_keys: Callable[[Container[str]], list[str]] | None = None

    def bundle(self) -> dict[str, Any]:
        """In our form: names folded to slugs, parts before a '/' to folders, versions from 1, those that repeat another left out.

        A reference by number follows the numbers, and two versions may be the same only once their references are known: so numbers are
        given again until they stay. Raises InvalidField for more than PROMPTS_MOST prompts.
        """
        if len(self.prompts) > PROMPTS_MOST:
            raise InvalidField(f"The file holds {len(self.prompts):,} prompts; bring in at most {PROMPTS_MOST:,} at once.")
        drafts = self._named()
        numbers = {slug: {number: number for number, _, _ in one.versions} for slug, one in drafts.items()}
        names = Names({one.name: slug for slug, one in drafts.items()}, numbers)
        self._check(drafts, names)
        for _ in range(ROUNDS_MOST):
            forms = {slug: _numbered(one, self.link, names) for slug, one in drafts.items()}
            given = {slug: form.theirs for slug, form in forms.items()}
            if self.link is None or given == names.numbers:
                break
            names = Names(names.slugs, given)
        for form in forms.values() if drafts else ():
            self.notes.join(form.notes)
        self.names = Names(names.slugs, given if drafts else {})
        prompts = [self._prompt(slug, one, forms[slug]) for slug, one in drafts.items() if forms[slug].versions]
        return {"prompts": prompts, "datasets": self.datasets}

    def item(self, place: str, item: dict[str, Any]) -> list[dict[str, Any]]:
        """The item of a dataset, if it can be kept; otherwise a note. One whose right answer is blank is none; None says there is none."""
        try:
            ItemForm.model_validate(item)
        except InvalidField as error:
            self.notes.lose(f"{place or 'The item'}: left out, because of its {error.message}")
            return []
        if item["expected"] is not None and says_nothing(item["expected"]):
            self.notes.lose(f"{place or 'The item'}: left out: {EXPECTS_NOTHING}.")
            return []
        return [item]

    def sets(self, name: str, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """A dataset of the name, and one for items without a right answer: runs over those need an evaluator, which the others do not."""
        right, without = ([one for one in items if (one["expected"] is None) is is_open] for is_open in (False, True))
        apart = f"{name[: NAME_MOST - len(TO_BE_JUDGED)]}{TO_BE_JUDGED}"
        if without:
            have, come = ("1 item has", "comes") if len(without) == 1 else (f"{len(without):,} items have", "come")
            self.notes.tell(
                f"{name[:NAME_MOST]}: {have} no right answer and {come} into the dataset '{apart}'; "
                "a test run over it needs an evaluator that judges without one, such as an llm_judge."
            )
        return [{"name": one, "items": held} for one, held in ((name, right), (apart, without)) if held]

    def _named(self) -> dict[str, Draft]:
        """By slug. A name that is a slug already keeps it; the same names give the same slugs whatever order they stand in."""
        found: dict[str, Draft] = {}
        given: dict[str, int] = {}
        held = [one for one in self.prompts if one.versions]
        for one in sorted(held, key=lambda draft: (slug_of(draft.name) != draft.name, draft.name)):
            wanted = slug_of(one.name)
            slug = _free(wanted, found, given)
            found[slug] = one
            if slug != wanted:
                self.notes.tell(f"{one.name[:200]}: is called '{slug}' here, because another prompt of the file is '{wanted}'.")
        order = {id(one): at for at, one in enumerate(held)}
        return dict(sorted(found.items(), key=lambda pair: order[id(pair[1])]))

    def _check(self, drafts: Mapping[str, Draft], names: Names) -> None:
        """Leaves out settings that nobody could send, and versions whose text could not be."""
        for one in drafts.values():
            whole = [(number, self._sendable(one.name, number, content, names), rest) for number, content, rest in one.versions]
            one.versions = [(number, content, rest) for number, content, rest in whole if content is not None]

    def _sendable(self, name: str, number: int, content: dict[str, Any], names: Names) -> dict[str, Any] | None:
        kept = dict(content)
        while True:
            try:
                content_of(_linked(kept, self.link, names), version=number)
                return kept
            except CannotTake:
                return kept  # said where numbers are given
            except InvalidField as error:
                wrong = re.split(r"[.\[]", error.param or "")[0]
                if wrong not in kept or wrong in ("messages", "model"):
                    self.notes.lose(f"{name[:200]}, version {number}: left out. {error.message}")
                    return None
                self.notes.lose(f"{name[:200]}, version {number}: its '{wrong}' is not taken. {error.message}")
                for gone in (wrong, *(("output_format", "response_format") if wrong == "json_schema" else ())):
                    kept.pop(gone, None)

    def _prompt(self, slug: str, draft: Draft, form: "_Numbered") -> dict[str, Any]:
        labels = []
        for name, number in draft.labels.items():
            try:
                labels.append({"label": parse_movable_label(name), "version": form.theirs[number]})
            except (InvalidField, KeyError):
                why = "labels begin with a letter and hold no blanks, and their version has to be in the file"
                self.notes.lose(f"{slug}: the label {name[:60]!r} cannot be kept: {why}.")
        folder = draft.name.rpartition("/")[0]
        try:
            folder = parse_folder(folder)
        except InvalidField as error:
            self.notes.lose(f"{slug}: has no folder here. {error.message}")
            folder = ""
        newest = form.theirs[max(form.theirs)]
        return {"slug": slug} | draft.fields | {
            "name": draft.name[-200:] or slug, "folder": folder, "versions": form.versions, "labels": labels, "latest_version": newest,
        }  # fmt: skip


@dataclass(slots=True)
class _Numbered:
    """Versions from 1, and their number → ours."""

    versions: list[dict[str, Any]] = field(default_factory=list)
    theirs: dict[int, int] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)


def _numbered(draft: Draft, link: Callable[[str, Names], str] | None, names: Names) -> _Numbered:
    found = _Numbered()
    ours: dict[str, int] = {}
    for number, raw, rest in sorted(draft.versions, key=lambda one: one[0]):
        try:
            content = _linked(raw, link, names)
        except CannotTake as error:
            found.notes.lose(f"{draft.name[:200]}, version {number}: left out, because {error}.")
            continue
        text = json.dumps(content, sort_keys=True)
        if text not in ours:
            ours[text] = len(ours) + 1
            found.versions.append({"version": ours[text], "content": content, "base_version": len(ours) - 1 or None} | rest)
        found.theirs[number] = ours[text]
    return found


def _linked(content: dict[str, Any], link: Callable[[str, Names], str] | None, names: Names) -> dict[str, Any]:
    if link is None:
        return content
    messages = [one | {"content": link(one["content"], names)} if "content" in one else one for one in content["messages"]]
    return content | {"messages": messages}


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
    if not isinstance(role, str) or role not in ROLES or not isinstance(content, str):
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


@dataclass(frozen=True, slots=True)
class Lines:
    """A file of one object a line: each with the number of its line, from 1, blank ones counted."""

    rows: tuple[tuple[int, Any], ...]


def rows_of(value: Any, *keys: str) -> list[tuple[str, Any]]:
    """The objects of a file with their places in it: one, a list, its lines, or the lists under these keys."""
    if isinstance(value, Lines):
        return [(f"{LINE}{number}", one) for number, one in value.rows]
    lists = [(key, value[key]) for key in keys if isinstance(value, dict) and isinstance(value.get(key), list)]
    if not lists and not isinstance(value, list):
        return [("", value)]
    return [(f"{key}[{index}]", one) for key, rows in lists or [("", value)] for index, one in enumerate(rows)]


def beside_rows(value: Any, *keys: str, of_lists: Collection[str]) -> list[str]:
    """Names of the file's fields that stand beside the lists that `rows_of` reads; none where its rows stand in no such list.

    `of_lists`: what the system's lists carry of their own, such as counts of pages; nothing is lost with it.
    """
    read = {key for key in keys if isinstance(value, dict) and isinstance(value.get(key), list)}
    if not read:
        return []
    return sorted(name for name in value.keys() - read - set(of_lists) if value[name] not in (None, "", [], {}))


def at(place: str, name: str) -> str:
    return f"{place}{': ' if place.startswith(LINE) else '.'}{name}" if place else name


def list_at(row: Mapping[str, Any], name: str, place: str) -> list[Any]:
    """A list of the file; empty where there is none. Raises InvalidField naming its place."""
    given = row.get(name)
    if given is not None and not isinstance(given, list):
        raise wrong_shape(at(place, name), "a list")
    return given or []


def object_at(row: Mapping[str, Any], name: str, place: str) -> dict[str, Any]:
    """An object of the file; empty where there is none. Raises InvalidField naming its place."""
    given = row.get(name)
    if given is not None and not isinstance(given, dict):
        raise wrong_shape(at(place, name), "an object")
    return given or {}


def words_at(row: Mapping[str, Any], name: str, place: str) -> list[str]:
    """A list of words, none of them empty. Raises InvalidField naming its place."""
    words = list_at(row, name, place)
    for index, one in enumerate(words):
        if not isinstance(one, str):
            raise wrong_shape(f"{at(place, name)}[{index}]", "a text")
    return [one[:50] for one in words if one.strip()][:50]


def wrong_shape(place: str, wanted: str) -> InvalidField:
    return InvalidField(f"{place or 'The file'}: must be {wanted}.", param=place or None)


def _free(slug: str, taken: Container[str], given: dict[str, int]) -> str:
    """`given`: the number behind each beginning that was tried last, so that a file of one name over and over is read in one go."""
    begins, free = slug[:56], slug
    while free in taken:
        given[begins] = given.get(begins, 1) + 1
        free = f"{begins}-{given[begins]}"
    return free
