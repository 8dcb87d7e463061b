"""Prompt objects of OpenAI's Responses API (`pmpt_…`), which end there on 2026-11-30.

OpenAI offers no way to export them, so what people have is JSON that they copied: the fields of a Responses call (`instructions`, `input`,
`model`, `tools`, `text.format`, `reasoning.effort`, …) beside `id`, `name` and `version`. Variables are `{{name}}`, as ours.
"""

from typing import Any, Final

from burnish_gateway.bundle.foreign.draft import (
    CannotTake,
    Draft,
    Drafts,
    at,
    beside_rows,
    list_at,
    messages_of,
    object_at,
    rows_of,
    settings_of,
    wrong_shape,
)  # fmt: skip
from burnish_shared.prompt_settings import SETTING_FIELDS

LISTS: Final = ("data", "prompts")
KNOWN: Final = frozenset({
    *SETTING_FIELDS, "id", "name", "version", "versions", "object", "created_at", "model", "instructions", "input", "messages", "prompt",
    "tools", "text", "reasoning", "max_output_tokens", "max_completion_tokens", "is_default", "default",
})  # fmt: skip
"""Fields that are taken, and those that say nothing of how a prompt behaves."""


def read(value: Any, *, model: str) -> Drafts:
    """One object, a list, or `{"data": […]}`; an object may hold its versions in `versions`.

    Objects of one name and two ids are two prompts; one without an id is of the first prompt of its name.
    """
    drafts: Drafts = Drafts()
    if beside := beside_rows(value, *LISTS, of_lists=("object", "has_more", "first_id", "last_id")):
        drafts.notes.lose(f"Of the file these are not taken: {', '.join(beside)[:300]}.")
    prompts: dict[tuple[str, str], Draft] = {}
    ids: dict[str, str] = {}
    for place, row in rows_of(value, *LISTS):
        if not isinstance(row, dict):
            drafts.notes.lose(f"{place or 'The file'}: left out: it is no object.")
            continue
        common = {name: one for name, one in row.items() if name != "versions"}
        name = str(row.get("name") or row.get("id") or "prompt")
        their_id = str(row.get("id") or ids.get(name, ""))
        ids[name] = ids.get(name) or their_id
        draft = prompts.setdefault((name, "" if their_id == ids[name] else their_id), Draft(name))
        if "versions" not in row:
            _version(drafts, draft, row, model=model, place=place)
        for index, version in enumerate(list_at(row, "versions", place)):
            inner = f"{at(place, 'versions')}[{index}]"
            if not isinstance(version, dict):
                raise wrong_shape(inner, "an object")
            _version(drafts, draft, common | version, model=model, place=inner)
    drafts.prompts = list(prompts.values())
    return drafts


def _version(drafts: Drafts, draft: Draft, row: dict[str, Any], *, model: str, place: str) -> None:
    written = str(row.get("version") or "")
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 10 else len(draft.versions) + 1
    otherwise, left = _written_otherwise(row, place)
    try:
        messages = messages_of(_messages(row, place))
    except CannotTake as error:
        drafts.notes.lose(f"{draft.name}, version {number}: left out, because {error}.")
        return
    left += sorted(name for name in row.keys() - KNOWN if row[name] not in (None, "", [], {}))
    if left:
        drafts.notes.lose(f"{draft.name}, version {number}: these are not taken: {', '.join(left)[:300]}.")
    content = {"messages": messages, "model": str(row.get("model") or model), **settings_of(row | {"tools": None}), **otherwise}
    draft.versions.append((number, content, {"message": f"Version {number} of the prompt object {row.get('id') or draft.name}"[:2000]}))
    if row.get("is_default") or row.get("default"):
        draft.labels["production"] = number


def _messages(row: dict[str, Any], place: str) -> list[Any]:
    rest = next((name for name in ("input", "messages", "prompt") if row.get(name)), "input")
    return _said_by(row, "instructions", "system", place=place) + _said_by(row, rest, "user", place=place)


def _said_by(row: dict[str, Any], name: str, role: str, *, place: str) -> list[Any]:
    """The messages of a field: a text is one of this role."""
    given = row.get(name)
    if isinstance(given, str):
        return [{"role": role, "content": given}] if given else []
    if given is not None and not isinstance(given, list):
        raise wrong_shape(at(place, name), "a text or a list of messages")
    return given or []


def _written_otherwise(row: dict[str, Any], place: str) -> tuple[dict[str, Any], list[str]]:
    """What a Responses call writes otherwise than a chat call, and the parts of it that are not taken."""
    reasoning, text = object_at(row, "reasoning", place), object_at(row, "text", place)
    content, left = _form(object_at(text, "format", at(place, "text")), at(place, "text.format"))
    left += [f"reasoning.{name}" for name in reasoning if name != "effort" and reasoning[name] is not None]
    left += [f"text.{name}" for name in text if name != "format" and text[name] is not None]
    if reasoning.get("effort"):
        content["reasoning_effort"] = reasoning["effort"]
    tools = []
    for index, one in enumerate(list_at(row, "tools", place)):
        if not isinstance(one, dict):
            raise wrong_shape(f"{at(place, 'tools')}[{index}]", "an object")
        if one.get("type") == "function":
            tools.append(one if "function" in one else {"type": "function", "function": _function(one)})
        else:
            left.append(f"the tool {str(one.get('type'))[:60]}")
    return content | ({"tools": tools} if tools else {}), left


def _form(form: dict[str, Any], place: str) -> tuple[dict[str, Any], list[str]]:
    kind = form.get("type")
    if kind == "json_schema":
        if not isinstance(form.get("schema"), dict):
            raise wrong_shape(at(place, "schema"), "an object, the schema that the answer has")
        told = {name: form[name] for name in ("name", "schema", "strict", "description") if name in form}
        response = {"type": "json_schema", "json_schema": told}
        return {"response_format": response, "output_format": "structured", "json_schema": form["schema"]}, []
    if kind == "json_object":
        return {"response_format": {"type": "json_object"}, "output_format": "json"}, []
    return {}, [] if kind in (None, "text") else [f"text.format of the type {str(kind)[:60]}"]


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    return {name: tool[name] for name in ("name", "description", "parameters", "strict") if tool.get(name) is not None}
