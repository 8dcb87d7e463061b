"""Files of the systems that Burnish grew out of: `data/prompts/*.json` and dumps of `ai_prompts` and `ai_prompt_templates` (prompts),
`data/test_set.json` (a dataset), `data/runs/*.json` and dumps of `ai_prompt_executions` and `ai_models` (records.py). Rows are told apart
by the table that they stand in, or by what they hold.

The shapes are written down in docs/guides/moving.md.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

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
from burnish_gateway.bundle.foreign.reactions import rated_of
from burnish_gateway.bundle.foreign.records import OUTPUT_MOSTS, TIMES, WINDOWS, read_call, read_model, read_run
from burnish_shared.errors import InvalidField
from burnish_shared.prompt_settings import SETTING_FIELDS

TEXTS: Final = ("messages", "template", "prompt_template", "user_prompt_template", "user_prompt", "prompt", "prompt_text", "template_text",
                "content", "text")  # fmt: skip
NAMES: Final = ("slug", "name", "prompt_name", "prompt_id")
ANSWERS: Final = ("expected", "expected_output", "expected_category", "label", "category", "answer")
INPUTS: Final = ("input", "text", "message", "ticket", "question", "variables")
LISTS: Final = ("prompts", "ai_prompts", "ai_prompt_templates", "items", "test_set", "test_cases", "data", "rows")
TABLES: Final[dict[str, Literal["call", "run", "model", "experiment"]]] = {
    "ai_prompt_executions": "call", "executions": "call", "runs": "run", "ai_models": "model", "models": "model",
    "ai_prompt_experiments": "experiment", "experiments": "experiment",
}  # fmt: skip
KNOWN: Final = frozenset({
    *NAMES, *TEXTS, *SETTING_FIELDS, "id", "version", "system_prompt", "model", "model_name", "change_message", "is_active", "status",
    "description", "use_case", "tags", "category", "created_at", "updated_at", "max_output_tokens", "max_completion_tokens",
})  # fmt: skip


CALL_ALONE: Final = ("output", "response", "completion", "execution_time_ms", "rendered_prompt")
"""What a row of a list without a name says beside a time, where it is a call."""


def read(value: Any, *, model: str) -> Drafts:
    """`model`: of prompts that name none. What a row is that stands in no table of ours, its fields say; what is nothing costs a note."""
    drafts = Drafts()
    prompts: dict[str, Draft] = {}
    items: list[dict[str, Any]] = []
    runs = 0
    rows = rows_of(value, *LISTS, *TABLES)
    if isinstance(value, dict) and rows and rows[0][0]:
        beside = sorted(value.keys() - {*LISTS, *TABLES})
        if beside:
            drafts.notes.lose(f"Of the file these are not taken: {', '.join(beside)[:300]}.")
    for place, row in rows:
        kind = _kind(row, place)
        if kind in ("call", "run", "model"):
            runs += kind == "run"
            _record(drafts, kind, row, place=place)
        elif kind == "experiment":
            drafts.experiments.append(row)
        elif kind == "prompt":
            named = str(_named(row))
            _version(drafts, prompts.setdefault(named, Draft(named)), row, model=model, place=place)
        elif kind == "item":
            items += drafts.item(place, _item(row))
        else:
            name = _named(row) if isinstance(row, dict) else None
            why = "it is neither a prompt with name and text nor an item with input and expected answer"
            drafts.notes.lose(f"{place or 'The file'}{f' ({str(name)[:100]})' if name else ''}: left out: {why}.")
    if runs:
        drafts.notes.lose(
            f"Of {runs} runs the answers are taken, as executions made elsewhere; their figures are not, because gates and verdicts rest "
            "on what was measured here. A test run on the dataset measures the prompt again."
        )
    drafts.prompts = list(prompts.values())
    if items:
        drafts.datasets = [{"name": "test_set", "items": items}]
    return drafts


def _kind(row: Any, place: str) -> Literal["call", "run", "model", "experiment", "prompt", "item"] | None:
    """What a row is: by its table, or by what it holds."""
    if not isinstance(row, dict):
        return None
    table = TABLES.get(place.partition("[")[0])
    if table is not None:
        return table
    text, named = _first(row, TEXTS), _named(row)
    if "run_id" in row:
        return "run"
    if "execution_id" in row or (_first(row, CALL_ALONE) is not None and _first(row, TIMES) is not None):
        return "call"
    if named is not None and (text is not None or row.get("system_prompt")):
        return "prompt"
    if _first(row, INPUTS) is not None and any(row.get(name) is not None for name in ANSWERS):
        return "item"
    return "model" if row.get("provider") and any(row.get(name) for name in (*WINDOWS, *OUTPUT_MOSTS)) else None


def _record(drafts: Drafts, kind: str, row: dict[str, Any], *, place: str) -> None:
    """Keeps a call, the answers of a run, or a model; one that cannot be read costs a note."""
    try:
        if kind == "call":
            call = read_call(row, place)
            drafts.calls.append(call)
            drafts.rated += [rated] if (rated := rated_of(row, place, call.body)) is not None else []
        elif kind == "run":
            drafts.calls.extend(read_run(row, place))
        else:
            drafts.models.append(read_model(row))
    except InvalidField as error:
        drafts.notes.lose(f"{place or 'The file'}: left out. {error.message}")


def _first(row: dict[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name)), None)


def _named(row: dict[str, Any]) -> Any:
    return _first(row, NAMES)


def _version(drafts: Drafts, draft: Draft, row: dict[str, Any], *, model: str, place: str) -> None:
    text = next((name for name in TEXTS if row.get(name)), None)
    written = str(row.get("version") or "").removeprefix("v")
    number = int(written) if written.isascii() and written.isdigit() and len(written) < 10 else len(draft.versions) + 1
    try:
        messages = messages_of(_messages(row, text, place))
    except CannotTake as error:
        drafts.notes.lose(f"{draft.name}, version {number}: left out, because {error}.")
        return
    parameters = object_at(row, "parameters", place)
    content = {"messages": messages, "model": str(row.get("model") or row.get("model_name") or model), **settings_of(parameters | row)}
    left = [name for name in row if name not in KNOWN and name != "parameters" and row[name] not in (None, "", [], {})]
    left += [f"parameters.{name}" for name in parameters if name not in (*SETTING_FIELDS, "max_output_tokens", "max_completion_tokens")]
    if left:
        drafts.notes.lose(f"{draft.name}, version {number}: these are not taken: {', '.join(sorted(left))[:300]}.")
    if row.get("id"):
        drafts.ids[str(row["id"])] = (draft.name, number)
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


def _item(row: dict[str, Any]) -> dict[str, Any]:
    given, answer = _first(row, INPUTS), next(row[name] for name in ANSWERS if row.get(name) is not None)
    split = {"val": "validation", "dev": "validation"}.get(str(row.get("split")), row.get("split"))
    known = split if split in ("train", "validation", "test") else None
    return {"input": given if isinstance(given, dict) else said(given), "expected": said(answer), "split": known}
