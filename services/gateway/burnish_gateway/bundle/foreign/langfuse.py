"""Prompts and dataset items as Langfuse's public API returns them (`GET /api/public/v2/prompts/{name}`, `/api/public/dataset-items`).

Shapes: https://api.reference.langfuse.com (prompts: name, version, type, prompt, config, labels, tags, commitMessage).
"""

import re
from typing import Any, Final

from burnish_gateway.bundle.foreign.draft import CannotTake, Draft, Drafts, messages_of, rows_of, said, settings_of, slug_of, text_of

REFERENCE: Final = re.compile(r"@@@langfusePrompt:name=([^|@]+)(?:\|(?:version=(\d+)|label=([^@|]+)))?@@@")


def read(value: Any, *, model: str) -> Drafts:
    """A prompt, a list, or `{"data": […]}`, of prompts and dataset items in any order."""
    drafts = Drafts()
    prompts: dict[str, Draft] = {}
    items: dict[str, list[dict[str, Any]]] = {}
    for row in rows_of(value, "data", "prompts", "items"):
        if isinstance(row, dict) and "datasetName" in row:
            items.setdefault(str(row["datasetName"])[:200], []).append(row)
        elif isinstance(row, dict) and row.get("name") and "prompt" in row:
            _version(drafts, prompts.setdefault(str(row["name"]), Draft(str(row["name"]))), row, model)
        else:
            drafts.notes.append("An object was left out: it is neither a prompt with its text nor a dataset item.")
    drafts.prompts = list(prompts.values())
    drafts.datasets = [_dataset(name, rows) for name, rows in items.items()]
    return drafts


def _version(drafts: Drafts, draft: Draft, row: dict[str, Any], model: str) -> None:
    config = row["config"] if isinstance(row.get("config"), dict) else {}
    number = row["version"] if isinstance(row.get("version"), int) else 1
    try:
        messages = messages_of(row["prompt"], text=_text)
    except CannotTake as error:
        drafts.notes.append(f"{draft.name}, version {number}: left out, because {error}.")
        return
    content = {"messages": messages, "model": str(config.get("model") or model), **settings_of(config)}
    left = sorted(config.keys() - content.keys() - {"max_output_tokens", "max_completion_tokens"})
    if left:
        drafts.notes.append(f"{draft.name}, version {number}: of its config these are not taken: {', '.join(left)[:300]}.")
    message = f"Version {number} of Langfuse" + (f": {row['commitMessage']}" if row.get("commitMessage") else "")
    draft.versions.append((number, content, {"message": message[:2000]}))
    draft.labels |= {str(label): number for label in row.get("labels") or () if label != "latest"}
    draft.fields["tags"] = [str(tag)[:50] for tag in row.get("tags") or ()][:50]


def _text(text: str) -> str:
    """References to other prompts become snippets."""
    parts, at = [], 0
    for found in REFERENCE.finditer(text):
        name, version, label = found[1].rpartition("/")[2], found[2], found[3]
        mark = f"@{version}" if version else f"@{slug_of(label)}" if label else ""
        parts += [text_of(text[at : found.start()]), f"{{{{> {slug_of(name)}{mark}}}}}"]
        at = found.end()
    return "".join(parts) + text_of(text[at:])


def _dataset(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    items = [
        {
            "input": row["input"] if isinstance(row.get("input"), dict) else said(row.get("input")),
            "expected": said(row.get("expectedOutput") or ""),
            "metadata": row["metadata"] if isinstance(row.get("metadata"), dict) else {},
        }
        for row in rows
        if row.get("status") != "ARCHIVED"
    ]
    return {"name": name, "items": items}
