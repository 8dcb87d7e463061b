"""A promptfoo configuration: prompts in it, the first provider as their model, tests as a dataset (https://promptfoo.dev/docs/configuration).

Its templates are Nunjucks. Plain variables and `{% raw %}` mean the same here; filters, conditions and files beside it cannot be taken.
"""

import itertools
import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final

from burnish_gateway.bundle.foreign.draft import (
    VARIABLE,
    CannotTake,
    Draft,
    Drafts,
    list_at,
    messages_of,
    object_at,
    said,
    settings_of,
    text_of,
    wrong_shape,
)  # fmt: skip
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.datasets.item import EXPECTS_NOTHING, says_nothing

RAW_TAG: Final = re.compile(r"\{%-?\s*+(raw|endraw)\s*+-?%\}")
EXACT: Final = ("equals", "contains", "icontains")
FILE: Final = re.compile(r"[^\s{}]+\.(txt|md|jsonl?|j2|ya?ml|csv|[cm]?[jt]s|py|rb|go|sh|bat|exe)(:\w+)?|[^\s{}]*\*[^\s{}]*")
"""promptfoo takes paths without `file://`, with a function after a colon, and patterns of them."""

PATH_MOST: Final = 1_000
"""What is longer is a text: a pattern of paths takes time with the square of its length."""

TOO_MUCH: Final = "its template uses filters, conditions or comments"

COMBINATIONS_MOST: Final = 1_000
"""Of the values of one test."""

KNOWN: Final = frozenset({"description", "prompts", "providers", "targets", "tests", "defaultTest"})

PROVIDER_KNOWN: Final = frozenset({"id", "label", "config"})
"""Of a provider. Its label names a column of promptfoo's own table and nothing else."""

PROVIDER_OPTIONS: Final = PROVIDER_KNOWN | {"prompts", "transform", "delay", "env", "inputs"}

NO_MODEL: Final = frozenset({"http", "https", "exec", "python", "ruby", "golang", "package", "webhook", "browser", "mcp", "echo"})
"""Providers that are a program or an address."""


def read(value: Any, *, model: str, name: str | None = None) -> Drafts:
    drafts = Drafts()
    if not isinstance(value, dict):
        raise wrong_shape("", "a configuration, an object with 'prompts'")
    left = value.keys() - KNOWN
    if left:
        drafts.notes.lose(f"Of the configuration these are not taken: {_listed(left)}.")
    name = str(name or value.get("description") or "promptfoo")[:150]
    provider, settings = _provider(value, model, drafts.notes)
    prompts = _prompts(value.get("prompts"))
    for number, (place, one) in enumerate(prompts, 1):
        label, text = _prompt(one)
        title = label or (f"{name} {number}" if len(prompts) > 1 else name)
        try:
            content = {"messages": _messages(text), "model": provider, **settings}
        except CannotTake as error:
            drafts.notes.lose(f"{place} ({title}): left out, because {error}.")
            continue
        drafts.prompts.append(
            Draft(title.replace("/", " "), [(1, content, {"message": "Out of a promptfoo configuration"})], {"production": 1})
        )
    drafts.datasets = _tests(value, name, drafts)
    return drafts


def _prompts(given: Any) -> list[tuple[str, Any]]:
    """With their places. An object names files: path → label."""
    if isinstance(given, dict) and not given.keys() & {"raw", "id"}:
        return [(f"prompts.{path}", {"id": path if "://" in path else f"file://{path}", "label": label}) for path, label in given.items()]
    if isinstance(given, list):
        return [(f"prompts[{index}]", one) for index, one in enumerate(given)]
    return [("prompts", given)] if given is not None else []


def _prompt(one: Any) -> tuple[str | None, Any]:
    if isinstance(one, dict):
        return str(one.get("label") or one.get("id") or "")[:200] or None, one.get("raw") or one.get("id")
    return None, one


def _messages(text: Any) -> list[dict[str, Any]]:
    if not isinstance(text, str):
        raise CannotTake("it holds no text")
    bare = text.strip()
    if re.match(r"(file|https?|exec|python|huggingface)://|exec:", text) or (len(bare) <= PATH_MOST and FILE.fullmatch(bare)):
        raise CannotTake("it stands in another file; put its text into the configuration")
    if text.lstrip().startswith("- role:"):
        raise CannotTake("its messages are written as YAML; write them as a JSON list")
    if text.lstrip().startswith("["):
        try:
            return messages_of(json.loads(text), text=_nunjucks)
        except CannotTake:
            raise
        except (ValueError, RecursionError):  # no JSON, or nested beyond what can be read: a text that begins with a bracket
            pass
    return messages_of(text, text=_nunjucks)


def _nunjucks(text: str) -> str:
    """What stands raw is meant letter for letter. In one pass over its marks: one that is never closed has everything behind it."""
    parts, at, is_raw = list[str](), 0, False
    for tag in RAW_TAG.finditer(text):
        if (tag[1] == "endraw") != is_raw:
            continue
        said = text[at : tag.start()]
        parts.append(said.replace("{{", "{{{{") if is_raw else _plain(said))
        at, is_raw = tag.end(), not is_raw
    if is_raw:
        raise CannotTake(TOO_MUCH)
    return "".join(parts) + _plain(text[at:])


def _plain(text: str) -> str:
    if "{%" in text or "{#" in text or "{{" in VARIABLE.sub("", text):
        raise CannotTake(TOO_MUCH)
    return text_of(text)


def _provider(value: dict[str, Any], model: str, notes: Notes) -> tuple[str, dict[str, Any]]:
    key = "providers" if value.get("providers") else "targets"
    given = value.get(key)
    several = given if isinstance(given, list) else [given]
    if len(several) > 1:
        notes.lose(f"{key}: the first of {len(several)} is the model of the prompts; the others are not taken.")
    first = several[0] if several else None
    if first is None:
        return model, {}
    name, options = _named(first)
    config = object_at(options, "config", f"{key}[0]")
    beside = [option for option, one in options.items() if option not in PROVIDER_KNOWN and one not in (None, {}, [])]
    if beside:
        notes.lose(f"{key}: of the first these are not taken: {_listed(beside)}.")
    kind, _, rest = name.partition(":")
    if not name or "://" in name or kind in NO_MODEL:
        dropped = f" Of its config nothing is taken: {_listed(config)}." if config else ""
        notes.lose(f"{key}: the model is not named in it, so prompts have '{model}'.{dropped}")
        return model, {}
    rest = rest.removeprefix("chat:").removeprefix("responses:").removeprefix("completion:").removeprefix("messages:")
    settings = settings_of(config)
    left = config.keys() - settings.keys() - {"max_output_tokens", "max_completion_tokens"}
    if left:
        notes.lose(f"{key}: of its config these are not taken: {_listed(left)}.")
    return rest or kind, settings


def _named(provider: Any) -> tuple[str, dict[str, Any]]:
    """The name of a provider, empty where it has none, and its options: written as a name, `{id, config}`, or `{name: {config}}`."""
    if isinstance(provider, str):
        return provider, {}
    if not isinstance(provider, dict):
        return "", {}
    name = provider.get("id")
    if isinstance(name, str):
        return name, provider
    first, options = next(iter(provider.items()), ("", None))
    if isinstance(first, str) and first not in PROVIDER_OPTIONS and isinstance(options, dict | None):
        return first, options or {}
    return "", provider


def _listed(names: Iterable[Any]) -> str:
    """In YAML they may be numbers."""
    return ", ".join(sorted(map(str, names)))[:300]


def _tests(value: dict[str, Any], name: str, drafts: Drafts) -> list[dict[str, Any]]:
    tests, usual = value.get("tests"), value.get("defaultTest")
    if not isinstance(tests, list):
        if tests:
            drafts.notes.lose("tests: stand in another file and were left out.")
        return []
    if isinstance(usual, str):
        drafts.notes.lose("defaultTest: stands in another file and was left out.")
        usual = None
    shared, always = _test({} if usual is None else usual, "defaultTest")
    items: list[dict[str, Any]] = []
    for index, test in enumerate(tests):
        place = f"tests[{index}]"
        own, asserted = _test(test, place) if isinstance(test, dict) else (None, [])
        given = None if own is None or shared is None else shared | own
        if not given or any(isinstance(one, str) and one.startswith("file://") for one in given.values()):
            drafts.notes.lose(f"{place}: left out: its variables stand in another file, or it has none.")
            continue
        asserted = [*always, *asserted]
        expected = next((said(one["value"]) for one in asserted if one.get("type") in EXACT and "value" in one), None)
        if expected is not None and says_nothing(expected):
            drafts.notes.lose(f"{place}: left out: {EXPECTS_NOTHING}; give it an assertion 'equals' with the right answer.")
            continue
        told = {key: one for key, one in (("description", test.get("description")), ("assert", asserted)) if one}
        for each in _combinations(given, place, drafts, whole=_keeps_lists(test) or _keeps_lists(usual)):
            items += drafts.item(place, {"input": each, "expected": expected, "metadata": told})
    return drafts.sets(f"{name} tests", items)


def _test(test: Any, place: str) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Its variables (None: they stand in another file) and what it asserts. Raises InvalidField naming what has another shape."""
    if not isinstance(test, dict):
        raise wrong_shape(place, "an object")
    asserted = list_at(test, "assert", place)
    for index, one in enumerate(asserted):
        if not isinstance(one, dict):
            raise wrong_shape(f"{place}.assert[{index}]", "an object with a 'type'")
    given = test.get("vars")
    return None if isinstance(given, str) or _are_files(given) else object_at(test, "vars", place), asserted


def _keeps_lists(test: Any) -> bool:
    options = test.get("options") if isinstance(test, dict) else None
    return isinstance(options, dict) and options.get("disableVarExpansion") is True


def _combinations(given: dict[str, Any], place: str, drafts: Drafts, *, whole: bool) -> list[dict[str, Any]]:
    """A variable with a list of values stands for as many tests; several, for each combination. `whole`: a list is a value."""
    lists = {} if whole else {key: one for key, one in given.items() if isinstance(one, list)}
    many = math.prod(len(one) for one in lists.values())
    if not 0 < many <= COMBINATIONS_MOST:
        drafts.notes.lose(f"{place}: left out: its values make {many:,} combinations; 1 to {COMBINATIONS_MOST:,} are taken.")
        return []
    return [given | dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def _are_files(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)
