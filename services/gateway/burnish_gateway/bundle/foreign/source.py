"""Files of the systems that Burnish grew out of: `data/prompts/*.json` and dumps of `ai_prompts` and `ai_prompt_templates` (prompts),
`data/test_set.json` (a dataset). Runs, executions and models are counted, not taken. Rows are told apart by what they hold.

The shapes are written down in docs/guides/moving.md.
"""

from typing import Any, Final

from burnish_gateway.bundle.foreign.draft import (
    CannotTake,
    Draft,
    Drafts,
    messages_of,
    object_at,
    rows_of,
    said,
    settings_of,
    words_at,
    wrong_shape,
)  # fmt: skip
from burnish_shared.prompt_settings import SETTING_FIELDS

TEXTS: Final = ("messages", "template", "prompt_template", "user_prompt_template", "user_prompt", "prompt", "prompt_text", "template_text",
                "content", "text")  # fmt: skip
NAMES: Final = ("slug", "name", "prompt_name", "prompt_id")
ANSWERS: Final = ("expected", "expected_output", "expected_category", "label", "category", "answer")
INPUTS: Final = ("input", "text", "message", "ticket", "question", "variables")
LISTS: Final = ("prompts", "ai_prompts", "ai_prompt_templates", "items", "test_set", "test_cases", "data", "rows")
NOT_TAKEN: Final = {"ai_models": "models", "ai_prompt_executions": "executions", "executions": "executions", "runs": "runs"}
KNOWN: Final = frozenset({
    *NAMES, *TEXTS, *SETTING_FIELDS, "id", "version", "system_prompt", "model", "model_name", "change_message", "is_active", "status",
    "description", "use_case", "tags", "category", "created_at", "updated_at", "max_output_tokens", "max_completion_tokens",
})  # fmt: skip


def read(value: Any, *, model: str) -> Drafts:
    drafts = Drafts()
    prompts: dict[str, Draft] = {}
    items: list[dict[str, Any]] = []
    counted: dict[str, int] = {}
    rows = rows_of(value, *LISTS)
    if isinstance(value, dict) and rows == [("", value)] and value.keys() & NOT_TAKEN.keys():
        rows = []
    if isinstance(value, dict):
        _count_lists(drafts, value, counted, whole=not rows or rows[0][0] != "")
    for place, row in rows:
        named = next((row[name] for name in NAMES if row.get(name)), None) if isinstance(row, dict) else None
        text = next((name for name in TEXTS if row.get(name)), None) if isinstance(row, dict) else None
        answer = next((name for name in ANSWERS if row.get(name) is not None), None) if isinstance(row, dict) else None
        given = next((name for name in INPUTS if row.get(name)), None) if isinstance(row, dict) else None
        if isinstance(row, dict) and ("run_id" in row or "execution_id" in row):
            kind = "runs" if "run_id" in row else "executions"
            counted[kind] = counted.get(kind, 0) + 1
        elif named is not None and (text is not None or row.get("system_prompt")):
            _version(drafts, prompts.setdefault(str(named), Draft(str(named))), row, text=text, model=model, place=place)
        elif given is not None and answer is not None:
            items += drafts.item(place, _item(row, row[given], row[answer]))
        else:
            why = "it is neither a prompt with name and text nor an item with input and expected answer"
            drafts.notes.append(f"{place or 'The file'}{f' ({str(named)[:100]})' if named else ''}: left out: {why}.")
    drafts.notes += [f"{count} {kind} were left out: figures and what was run stay behind." for kind, count in counted.items()]
    drafts.prompts = list(prompts.values())
    if items:
        drafts.datasets = [{"name": "test_set", "items": items}]
    return drafts


def _count_lists(drafts: Drafts, value: dict[str, Any], counted: dict[str, int], *, whole: bool) -> None:
    """Counts the lists that are known and not taken; names what else stands beside the lists that are read."""
    for name, kind in NOT_TAKEN.items():
        if isinstance(value.get(name), list):
            counted[kind] = counted.get(kind, 0) + len(value[name])
    beside = sorted(value.keys() - {*LISTS, *NOT_TAKEN}) if whole else []
    if beside:
        drafts.notes.append(f"Of the file these are not taken: {', '.join(beside)[:300]}.")


def _version(drafts: Drafts, draft: Draft, row: dict[str, Any], *, text: str | None, model: str, place: str) -> None:
    written = str(row.get("version") or "").removeprefix("v")
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 10 else len(draft.versions) + 1
    try:
        messages = messages_of(_messages(row, text, place))
    except CannotTake as error:
        drafts.notes.append(f"{draft.name}, version {number}: left out, because {error}.")
        return
    parameters = object_at(row, "parameters", place)
    content = {"messages": messages, "model": str(row.get("model") or row.get("model_name") or model), **settings_of(parameters | row)}
    left = [name for name in row if name not in KNOWN and name != "parameters" and row[name] not in (None, "", [], {})]
    left += [f"parameters.{name}" for name in parameters if name not in (*SETTING_FIELDS, "max_output_tokens", "max_completion_tokens")]
    if left:
        drafts.notes.append(f"{draft.name}, version {number}: these are not taken: {', '.join(sorted(left))[:300]}.")
    draft.versions.append(
        (number, content, {"message": str(row.get("change_message") or row.get("message") or f"Version {number}")[:2000]})
    )
    if row.get("is_active") or row.get("status") in ("active", "production"):
        draft.labels["production"] = number
    draft.fields |= {name: str(row[name])[:2000] for name in ("description", "use_case") if row.get(name)}
    draft.fields |= {"tags": words_at(row, "tags", place)} if row.get("tags") else {}
    draft.fields |= {"categories": [str(row["category"])[:50]]} if row.get("category") else {}


def _messages(row: dict[str, Any], text: str | None, place: str) -> list[Any]:
    system = row.get("system_prompt")
    first = [{"role": "system", "content": system}] if isinstance(system, str) and system else []
    given = row[text] if text else []
    if not isinstance(given, str | list):
        raise wrong_shape(f"{place}.{text}" if place else str(text), "a text or a list of messages")
    return [*first, *([{"role": "user", "content": given}] if isinstance(given, str) else given)]


def _item(row: dict[str, Any], given: Any, answer: Any) -> dict[str, Any]:
    split = {"val": "validation", "dev": "validation"}.get(str(row.get("split")), row.get("split"))
    known = split if split in ("train", "validation", "test") else None
    return {"input": given if isinstance(given, dict) else said(given), "expected": said(answer), "split": known}
