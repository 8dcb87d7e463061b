"""Prompt objects of OpenAI's Responses API (`pmpt_…`), which end there on 2026-11-30.

OpenAI offers no way to export them, so what people have is JSON that they copied: the fields of a Responses call (`instructions`, `input`,
`model`, `tools`, `text.format`, `reasoning.effort`, …) beside `id`, `name` and `version`. Variables are `{{name}}`, as ours.
"""

from typing import Any

from burnish_gateway.bundle.foreign.draft import CannotTake, Draft, Drafts, messages_of, rows_of, settings_of


def read(value: Any, *, model: str) -> Drafts:
    """One object, a list, or `{"data": […]}`; an object may hold its versions in `versions`."""
    drafts: Drafts = Drafts()
    prompts: dict[str, Draft] = {}
    for row in rows_of(value, "data", "prompts"):
        if not isinstance(row, dict):
            drafts.notes.append("Something was left out: it is no object.")
            continue
        nested = row.get("versions")
        versions = [one for one in nested if isinstance(one, dict)] if isinstance(nested, list) else [row]
        common = {name: one for name, one in row.items() if name != "versions"}
        for version in versions:
            whole = common | version
            name = str(row.get("name") or row.get("id") or "prompt")
            _version(drafts, prompts.setdefault(name, Draft(name)), whole, model)
    drafts.prompts = list(prompts.values())
    return drafts


def _version(drafts: Drafts, draft: Draft, row: dict[str, Any], model: str) -> None:
    written = str(row.get("version") or "")
    number = int(written) if written.isdigit() and len(written) < 10 else len(draft.versions) + 1
    try:
        messages = _messages(row)
    except CannotTake as error:
        drafts.notes.append(f"{draft.name}, version {number}: left out, because {error}.")
        return
    content = {"messages": messages, "model": str(row.get("model") or model), **settings_of(row), **_written_otherwise(row)}
    draft.versions.append((number, content, {"message": f"Version {number} of the prompt object {row.get('id') or draft.name}"[:2000]}))
    if row.get("is_default") or row.get("default"):
        draft.labels["production"] = number


def _messages(row: dict[str, Any]) -> list[dict[str, Any]]:
    instructions = row.get("instructions")
    first = [{"role": "system", "content": instructions}] if isinstance(instructions, str) else list(instructions or ())
    rest = row.get("input") or row.get("messages") or row.get("prompt") or []
    return messages_of([*first, *([{"role": "user", "content": rest}] if isinstance(rest, str) else rest)])


def _written_otherwise(row: dict[str, Any]) -> dict[str, Any]:
    """What a Responses call writes otherwise than a chat call."""
    content: dict[str, Any] = {}
    reasoning, text = row.get("reasoning"), row.get("text")
    if isinstance(reasoning, dict) and reasoning.get("effort"):
        content["reasoning_effort"] = reasoning["effort"]
    form = text.get("format") if isinstance(text, dict) else None
    if isinstance(form, dict) and form.get("type") == "json_schema":
        told = {name: form[name] for name in ("name", "schema", "strict", "description") if name in form}
        content |= {
            "response_format": {"type": "json_schema", "json_schema": told},
            "output_format": "structured",
            "json_schema": form["schema"],
        }
    elif isinstance(form, dict) and form.get("type") == "json_object":
        content |= {"response_format": {"type": "json_object"}, "output_format": "json"}
    tools = [one for one in row.get("tools") or () if isinstance(one, dict) and one.get("type") == "function"]
    if tools:
        content["tools"] = [one if "function" in one else {"type": "function", "function": _function(one)} for one in tools]
    return content


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    return {name: tool[name] for name in ("name", "description", "parameters", "strict") if tool.get(name) is not None}
