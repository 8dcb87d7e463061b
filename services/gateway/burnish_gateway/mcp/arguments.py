"""What tools take, as JSON Schema that a model reads: each says in words what it means. Pure."""

from collections.abc import Mapping
from typing import Any, Final

TEXT_MOST: Final = 60_000

ID_PATTERN: Final = "^[0-9a-fA-F-]{32,36}$"
SLUG_PATTERN: Final = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"


def text(description: str) -> dict[str, Any]:
    """Any text."""
    return {"type": "string", "maxLength": TEXT_MOST, "description": description}


def identifier(description: str) -> dict[str, Any]:
    """An id of ours."""
    return {"type": "string", "pattern": ID_PATTERN, "description": description}


def with_whole_numbers(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value, with whole numbers as routes take them also where JSON wrote them as 5.0: some clients have no other numbers."""
    if schema.get("type") == "integer" and isinstance(value, float):
        return int(value)
    fields = schema.get("properties")
    if not fields or not isinstance(value, Mapping):
        return value
    return {name: with_whole_numbers(one, fields.get(name, {})) for name, one in value.items()}


def score(description: str) -> dict[str, Any]:
    """A number from 0 to 1."""
    return {"type": "number", "minimum": 0, "maximum": 1, "description": description}


def choice(description: str, *values: str) -> dict[str, Any]:
    """One of a few words."""
    return {"type": "string", "enum": list(values)} | ({"description": description} if description else {})


PROMPT: Final[Mapping[str, Any]] = {
    "type": "string", "pattern": SLUG_PATTERN, "description": "Slug of the prompt, as search_prompts names it.",
}  # fmt: skip

OF_PROMPT: Final[Mapping[str, Any]] = {**PROMPT, "description": "Only of this prompt."}

LABEL: Final[Mapping[str, Any]] = {"type": "string", "maxLength": 63, "description": "A label, such as staging."}

VERSION: Final[Mapping[str, Any]] = {"type": "integer", "minimum": 1, "description": "Number of a version, instead of a label."}

OF_VERSION: Final[Mapping[str, Any]] = {"type": "integer", "minimum": 1, "description": "Only of the version with this number."}

MODEL: Final[Mapping[str, Any]] = {"type": "string", "maxLength": 200, "description": "Another model than the version's own."}

OF_MODEL: Final[Mapping[str, Any]] = {"type": "string", "maxLength": 200, "description": "Only of this model."}

VARIABLES: Final[Mapping[str, Any]] = {"type": "object", "description": "A value for each variable of the prompt; get_prompt names them."}

LIMIT: Final[Mapping[str, Any]] = {
    "type": "integer",
    "minimum": 1,
    "maximum": 200,
    "description": "How many at once; 50 otherwise.",
}

CURSOR: Final[Mapping[str, Any]] = {
    "type": "string",
    "maxLength": 500,
    "description": "`next_cursor` of the answer before.",
}

FROM: Final[Mapping[str, Any]] = {
    "type": "string",
    "description": "Such as 2026-11-20T08:00:00Z; 24 hours before the end otherwise.",
}

TO: Final[Mapping[str, Any]] = {"type": "string", "description": "End, such as 2026-11-21T08:00:00Z; now otherwise."}

GRAIN: Final[Mapping[str, Any]] = choice("Width of a step; as the time asks for otherwise.", "minute", "hour", "day")

TRAFFIC: Final[Mapping[str, Any]] = choice("`batch`: test runs and optimizations. Both otherwise.", "live", "batch")

METRIC: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "A measurement with a name of your own, such as converted.",
    "properties": {"name": {"type": "string"}, "value": {"type": "number"}},
    "required": ["name", "value"],
    "additionalProperties": False,
}

DATASET: Final[Mapping[str, Any]] = identifier("One of list_datasets; or give `source`.")

SOURCE: Final[Mapping[str, Any]] = choice(
    "`feedback`, in place of a dataset: answers of this prompt that people corrected or liked in the last 90 days.", "feedback"
)

BUDGET: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "What the job may use at most.",
    "properties": {
        "evaluations": {"type": "integer", "minimum": 50, "maximum": 100_000, "description": "Answers that are scored; 2000 otherwise."},
        "credits": {"type": "number", "exclusiveMinimum": 0, "description": "One credit is one US cent."},
        "seconds": {"type": "integer", "minimum": 1},
    },
    "additionalProperties": False,
}

MODELS: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "Other models than the usual ones.",
    "properties": {
        "task": {"type": "string", "description": "Answers; the version's own otherwise."},
        "reflect": {"type": "string", "description": "Proposes edits."},
        "judge": {"type": "string", "description": "Judges, where a metric needs one."},
    },
    "additionalProperties": False,
}

IDEMPOTENCY_KEY: Final[Mapping[str, Any]] = {
    "type": "string",
    "pattern": "^[!-~]{1,255}$",
    "description": "Any text of yours. The same call with the same key has one effect and one price, however often it is made.",
}
