"""The answer of a step as JSON, where it is some, in texts that can be stored. Pure."""

from typing import Any

from burnish_shared.answer_json import NoJson, read_json


def json_of(text: str | None) -> Any:
    """The answer as JSON, where it is an object, a list, a number or the like, and nothing else; None where it is none."""
    if text is None or not text.strip():
        return None
    try:
        return read_json(text)
    except NoJson:
        return None
