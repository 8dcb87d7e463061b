"""Files of the systems that Burnish grew out of: `data/prompts/*.json` and `ai_prompts` dumps (prompts), `ai_prompt_templates`,
`data/test_set.json` (a dataset). Rows are told apart by what they hold; columns that nobody knows are left alone.
"""

from typing import Any, Final

from burnish_gateway.bundle.foreign.draft import CannotTake, Draft, Drafts, messages_of, rows_of, said, settings_of

TEXTS: Final = ("messages", "template", "prompt_template", "user_prompt", "prompt", "content", "text")
ANSWERS: Final = ("expected", "expected_output", "label", "category", "answer")
INPUTS: Final = ("input", "text", "message", "ticket", "question", "variables")


def read(value: Any, *, model: str) -> Drafts:
    drafts = Drafts()
    prompts: dict[str, Draft] = {}
    items: list[dict[str, Any]] = []
    for row in rows_of(value, "prompts", "ai_prompts", "ai_prompt_templates", "items", "test_set", "data", "rows"):
        text = next((name for name in TEXTS if isinstance(row, dict) and row.get(name)), None)
        answer = next((name for name in ANSWERS if isinstance(row, dict) and row.get(name) is not None), None)
        given = next((name for name in INPUTS if isinstance(row, dict) and row.get(name)), None)
        named = isinstance(row, dict) and (row.get("slug") or row.get("name") or row.get("prompt_id"))
        if text is not None and named:
            _version(drafts, prompts.setdefault(str(named), Draft(str(named))), row, row[text], model)
        elif given is not None and answer is not None:
            items.append(_item(row, row[given], row[answer]))
        else:
            drafts.notes.append(
                "An object was left out: it is neither a prompt with name and text nor an item with input and expected answer."
            )
    drafts.prompts = list(prompts.values())
    if items:
        drafts.datasets = [{"name": "test_set", "items": items}]
    return drafts


def _version(drafts: Drafts, draft: Draft, row: dict[str, Any], text: Any, model: str) -> None:
    written = str(row.get("version") or "").removeprefix("v")
    number = int(written) if written.isdigit() and len(written) < 10 else len(draft.versions) + 1
    system = (
        [{"role": "system", "content": row["system_prompt"]}] if isinstance(row.get("system_prompt"), str) and row["system_prompt"] else []
    )
    try:
        messages = messages_of([*system, *([{"role": "user", "content": text}] if isinstance(text, str) else text)])
    except (CannotTake, TypeError) as error:
        drafts.notes.append(f"{draft.name}, version {number}: left out, because {error}.")
        return
    content = {"messages": messages, "model": str(row.get("model") or row.get("model_name") or model), **settings_of(row)}
    draft.versions.append(
        (number, content, {"message": str(row.get("change_message") or row.get("message") or f"Version {number}")[:2000]})
    )
    if row.get("is_active") or row.get("status") in ("active", "production"):
        draft.labels["production"] = number
    draft.fields |= {name: str(row[name])[:2000] for name in ("description", "use_case") if row.get(name)}
    draft.fields |= {"tags": [str(tag)[:50] for tag in row["tags"]][:50]} if isinstance(row.get("tags"), list) else {}
    draft.fields |= {"categories": [str(row["category"])[:50]]} if row.get("category") else {}


def _item(row: dict[str, Any], given: Any, answer: Any) -> dict[str, Any]:
    split = {"val": "validation", "dev": "validation"}.get(str(row.get("split")), row.get("split"))
    known = split if split in ("train", "validation", "test") else None
    return {"input": given if isinstance(given, dict) else said(given), "expected": said(answer), "split": known}
