"""All generated files, path → text."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from burnish_shared.contracts import erasures, events, executions, feedback
from burnish_shared.contracts.event_catalogue import CATALOGUE
from tests.snapshots.asyncapi import asyncapi
from tests.snapshots.openapi import openapi
from tests.snapshots.pages import errors_page, metrics_page, settings_list, settings_page
from tests.snapshots.promises import promises_page
from tests.snapshots.webhook_events import examples, webhook_events_page

ROOT = Path(__file__).resolve().parents[2]

CONTRACTS = {
    "event": events.Event,
    "execution_request": executions.ExecutionRequest,
    "execution_outcome": executions.Outcome,
    "executions_completed_batch": executions.CompletedBatch,
    "feedback_batch": feedback.FeedbackBatch,
    "erasure_tombstone": erasures.Tombstone,
}
"""Name of the schema file → the contract whose JSON Schema it holds."""


def rendered() -> dict[str, str]:
    """Every generated file: its path from the root of the repository, and what belongs into it."""
    files = {
        "docs/reference/openapi.json": as_json(openapi()),
        "docs/reference/asyncapi.json": as_json(asyncapi(CONTRACTS)),
        "docs/reference/settings.md": settings_page(),
        "cli/burnish/launcher/settings.txt": settings_list(),
        "docs/reference/metrics.md": metrics_page(),
        "docs/reference/errors.md": errors_page(),
        "docs/promises.md": promises_page(),
        "docs/reference/webhook-events.md": webhook_events_page(),
        "shared/burnish_shared/contracts/event_examples.json": as_json(examples()),
    }
    files |= {f"docs/reference/events/{name}.v1.schema.json": as_json(model.model_json_schema()) for name, model in CONTRACTS.items()}
    files |= {
        f"docs/reference/events/data/{name}.v{kind.version}.schema.json": as_json(kind.data.model_json_schema())
        for name, kind in CATALOGUE.items()
    }
    return files


def outdated() -> list[str]:
    """Generated files that differ from what the code says, are missing, or belong to nothing any more."""
    files = rendered()
    wrong = [path for path, text in files.items() if not (ROOT / path).exists() or (ROOT / path).read_text() != text]
    there = [str(one.relative_to(ROOT)) for one in (ROOT / "docs/reference").rglob("*") if one.is_file()]
    return sorted({*wrong, *(path for path in there if path not in files)})


def as_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
