"""The texts of an execution, and what a dataset item has of them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Content:
    """What was asked and answered. Absent where texts are not kept, or not any more."""

    messages: list[dict[str, Any]]
    variables: dict[str, Any]
    output: str | None

    @property
    def input(self) -> str | dict[str, Any] | None:
        """What a dataset item has as its input: the variables, or without any the last thing that was said. None: nothing in words."""
        if self.variables:
            return self.variables
        said = [one.get("content") for one in self.messages if one.get("role") == "user"]
        return _words(said[-1]) or None if said else None


def _words(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part["text"]) for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""
