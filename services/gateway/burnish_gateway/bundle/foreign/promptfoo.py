"""A promptfoo configuration: prompts in it, the first provider as their model, tests as a dataset (https://promptfoo.dev/docs/configuration).

Its templates are Nunjucks. Plain variables and `{% raw %}` mean the same here; filters, conditions and files beside it cannot be taken.
"""

import json
import re
from typing import Any, Final

from burnish_gateway.bundle.foreign.draft import VARIABLE, CannotTake, Draft, Drafts, messages_of, said, settings_of, text_of

RAW: Final = re.compile(r"\{%-?\s*raw\s*-?%\}(.*?)\{%-?\s*endraw\s*-?%\}", re.DOTALL)
EXACT: Final = ("equals", "contains", "icontains")


def read(value: Any, *, model: str) -> Drafts:
    drafts = Drafts()
    if not isinstance(value, dict):
        drafts.notes.append("The file is no configuration.")
        return drafts
    name = str(value.get("description") or "promptfoo")[:150]
    provider, settings = _provider(value.get("providers") or value.get("targets"), model)
    prompts = value.get("prompts")
    for number, one in enumerate(prompts if isinstance(prompts, list) else [prompts], 1):
        label, text = _prompt(one)
        title = label or (f"{name} {number}" if isinstance(prompts, list) and len(prompts) > 1 else name)
        try:
            content = {"messages": _messages(text), "model": provider, **settings}
        except CannotTake as error:
            drafts.notes.append(f"{title}: left out, because {error}.")
            continue
        drafts.prompts.append(
            Draft(title.replace("/", " "), [(1, content, {"message": "Out of a promptfoo configuration"})], {"production": 1})
        )
    drafts.datasets = _tests(value, name, drafts.notes)
    return drafts


def _prompt(one: Any) -> tuple[str | None, Any]:
    if isinstance(one, dict):
        return str(one.get("label") or one.get("id") or "")[:200] or None, one.get("raw") or one.get("id")
    return None, one


def _messages(text: Any) -> list[dict[str, Any]]:
    if not isinstance(text, str):
        raise CannotTake("it holds no text")
    if re.match(r"(file|https?|exec|python|huggingface)://|exec:", text):
        raise CannotTake("it stands in another file; put its text into the configuration")
    if text.lstrip().startswith("["):
        try:
            return messages_of(json.loads(text), text=_nunjucks)
        except ValueError as error:
            if isinstance(error, CannotTake):
                raise
    return messages_of(text, text=_nunjucks)


def _nunjucks(text: str) -> str:
    parts, at = [], 0
    for found in RAW.finditer(text):
        parts += [_plain(text[at : found.start()]), found[1].replace("{{", "{{{{")]
        at = found.end()
    return "".join(parts) + _plain(text[at:])


def _plain(text: str) -> str:
    if "{%" in text or "{#" in text or "{{" in VARIABLE.sub("", text):
        raise CannotTake("its template uses filters, conditions or comments")
    return text_of(text)


def _provider(given: Any, model: str) -> tuple[str, dict[str, Any]]:
    first = given[0] if isinstance(given, list) and given else given
    config = first.get("config") if isinstance(first, dict) else None
    name = first.get("id") if isinstance(first, dict) else first
    if not isinstance(name, str) or "://" in name:
        return model, {}
    kind, _, rest = name.partition(":")
    rest = rest.removeprefix("chat:").removeprefix("responses:").removeprefix("completion:").removeprefix("messages:")
    return rest or kind, settings_of(config) if isinstance(config, dict) else {}


def _tests(value: dict[str, Any], name: str, notes: list[str]) -> list[dict[str, Any]]:
    tests = value.get("tests")
    if not isinstance(tests, list):
        if tests:
            notes.append("The tests stand in another file and were left out.")
        return []
    usual = value.get("defaultTest") if isinstance(value.get("defaultTest"), dict) else {}
    items: list[dict[str, Any]] = []
    open_tests = 0
    for test in tests:
        given = ((usual or {}).get("vars") or {}) | (test.get("vars") or {}) if isinstance(test, dict) else None
        if not given or any(isinstance(one, str) and one.startswith("file://") for one in given.values()):
            notes.append("A test was left out: its variables stand in another file, or it has none.")
            continue
        expected = next((said(one["value"]) for one in test.get("assert") or () if one.get("type") in EXACT and "value" in one), None)
        open_tests += expected is None
        more = {"assert": test["assert"]} if test.get("assert") else {}
        told = {"description": test["description"]} if test.get("description") else {}
        items.append({"input": given, "expected": expected or "", "metadata": told | more})
    if open_tests:
        notes.append(f"{open_tests} tests have no exact answer: what they assert stands in the items' metadata.")
    if not items:
        return []
    return [{"name": f"{name} tests", "items": items}]
