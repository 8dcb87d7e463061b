"""Was JSON asked for, and is the answer some? Pure; one rule for executors, the gateway and the optimizer."""

from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.answer_json import NoJson, read_json

JSON_FORMATS: Final = frozenset({"json", "structured"})
"""Output formats of a version whose answers are JSON."""

JSON_RESPONSES: Final = frozenset({"json_object", "json_schema"})
"""Types of `response_format` that do not let a provider answer with anything else."""


def asks_json(settings: Mapping[str, Any], output_format: str | None) -> bool:
    """Whether by `response_format` among the settings, or by what the version says of its output."""
    wanted = settings.get("response_format")
    by_provider = isinstance(wanted, Mapping) and wanted.get("type") in JSON_RESPONSES
    return by_provider or output_format in JSON_FORMATS


def parsed(text: str) -> Any:
    """The text as JSON; None where it is none, or is `null`."""
    try:
        return read_json(text)
    except NoJson:
        return None


def json_asked_for(text: str | None, settings: Mapping[str, Any], output_format: str | None) -> Any:
    """The answer as JSON where JSON was asked for; None where it was not, and where the answer is none."""
    return parsed(text) if text is not None and asks_json(settings, output_format) else None
