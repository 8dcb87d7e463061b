"""Prompts and dataset items as Langfuse's public API returns them (`GET /api/public/v2/prompts/{name}`, `/api/public/dataset-items`);
what was called and said is langfuse_history.py's.

Shapes: https://api.reference.langfuse.com (prompts: name, version, type, prompt, config, labels, tags, commitMessage).
"""

import re
from typing import Any, Final

from burnish_gateway.bundle.foreign.draft import (
    CannotTake,
    Draft,
    Drafts,
    Names,
    at,
    beside_rows,
    messages_of,
    object_at,
    rows_of,
    said,
    settings_of,
    text_of,
    words_at,
    wrong_shape,
)  # fmt: skip
from burnish_gateway.bundle.foreign.langfuse_history import History
from burnish_gateway.registry.field_checks import CONFIG_MOST_BYTES
from burnish_shared.json_bytes import encoded
from burnish_shared.slug import slug_of

LISTS: Final = ("data", "prompts", "items", "datasetItems", "traces", "observations", "scores")
REFERENCE: Final = re.compile(r"@@@langfusePrompt:name=([^|@]+)(?:\|(?:version=(\d+)|label=([^@|]+)))?@@@")


def read(value: Any, *, model: str) -> Drafts:
    """A prompt, a list, or `{"data": […]}`, of prompts, dataset items, traces, observations and scores in any order."""
    drafts = Drafts(link=_link)
    if beside := beside_rows(value, *LISTS, of_lists=("meta",)):
        drafts.notes.lose(f"Of the file these are not taken: {', '.join(beside)[:300]}.")
    prompts: dict[str, Draft] = {}
    items: dict[str, list[dict[str, Any]]] = {}
    history = History()
    for place, row in rows_of(value, *LISTS):
        if history.take(row, place):
            continue
        if isinstance(row, dict) and "datasetName" in row:
            items.setdefault(str(row["datasetName"])[:200] or "dataset", []).extend(_item(drafts, row, place))
        elif isinstance(row, dict) and row.get("name") and "prompt" in row:
            if not isinstance(row["name"], str):
                raise wrong_shape(at(place, "name"), "a text")
            _version(drafts, prompts.setdefault(row["name"], Draft(row["name"])), row, model=model, place=place)
        else:
            drafts.notes.lose(f"{place or 'The file'}: left out: it is neither a prompt with its text nor a dataset item, trace or score.")
    drafts.prompts = list(prompts.values())
    drafts.datasets = [one for name, rows in items.items() for one in drafts.sets(name, rows)]
    history.put_into(drafts)
    drafts.scored = history.reactions
    return drafts


def _version(drafts: Drafts, draft: Draft, row: dict[str, Any], *, model: str, place: str) -> None:
    config = object_at(row, "config", place)
    number = row.get("version", 1)
    if not isinstance(number, int) or isinstance(number, bool):
        raise wrong_shape(at(place, "version"), "a whole number")
    labels, tags = words_at(row, "labels", place), words_at(row, "tags", place)
    try:
        messages = messages_of(row["prompt"], text=_text)
    except CannotTake as error:
        drafts.notes.lose(f"{draft.name}, version {number}: left out, because {error}.")
        return
    content = {"messages": messages, "model": str(config.get("model") or model), **settings_of(config)}
    content |= _kept(drafts, draft, number, config)
    message = f"Version {number} of Langfuse" + (f": {row['commitMessage']}" if row.get("commitMessage") else "")
    draft.versions.append((number, content, {"message": message[:2000]}))
    draft.labels |= {label: number for label in labels if label != "latest"}
    draft.fields["tags"] = tags


def _kept(drafts: Drafts, draft: Draft, number: int, config: dict[str, Any]) -> dict[str, Any]:
    """The whole `config`, for an application that reads it; what of it is a setting here is one besides. Empty: there is none to keep."""
    if not config:
        return {}
    if len(encoded(config)) > CONFIG_MOST_BYTES:
        drafts.notes.lose(f"{draft.name}, version {number}: its config is not taken: it has more than {CONFIG_MOST_BYTES:,} bytes.")
        return {}
    return {"config": config}


def _text(text: str) -> str:
    """In our template language, references to other prompts as they were."""
    parts, begin = [], 0
    for found in REFERENCE.finditer(text):
        parts += [text_of(text[begin : found.start()]), found[0]]
        begin = found.end()
    return "".join(parts) + text_of(text[begin:])


def _link(text: str, names: Names) -> str:
    """References become snippets: of the prompt of that very name, by the number that the version has here."""
    return REFERENCE.sub(lambda found: _snippet(found, names), text)


def _snippet(found: "re.Match[str]", names: Names) -> str:
    name, version, label = found[1], found[2], found[3]
    slug = names.slugs.get(name, slug_of(name))
    if version is None:
        return f"{{{{> {slug}@{slug_of(label)}}}}}" if label else f"{{{{> {slug}}}}}"
    number = names.numbers.get(slug, {}).get(int(version)) if name in names.slugs and len(version) < 10 else None
    if number is None:
        raise CannotTake(f"it refers to version {version[:10]} of '{name[:100]}', which the file does not hold; put both into one file")
    return f"{{{{> {slug}@{number}}}}}"


def _item(drafts: Drafts, row: dict[str, Any], place: str) -> list[dict[str, Any]]:
    if row.get("status") == "ARCHIVED":
        drafts.notes.lose(f"{place or 'The item'}: left out: it is archived.")
        return []
    expected = row.get("expectedOutput")
    item = {
        "input": row["input"] if isinstance(row.get("input"), dict) else said(row.get("input")),
        "expected": None if expected is None else said(expected),
        "metadata": object_at(row, "metadata", place),
    }
    return drafts.item(place, item)
