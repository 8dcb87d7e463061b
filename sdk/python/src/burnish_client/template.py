"""The server's own template language: from the copy in the wheel, or, in the repository, from where it lives."""

from __future__ import annotations

import importlib
from typing import Any


def _load(name: str) -> Any:
    try:
        return importlib.import_module(f"burnish_client._carried.{name}")
    except ModuleNotFoundError:
        return importlib.import_module(f"burnish_shared.{name}")


messages: Any = _load("template.messages")
snippets: Any = _load("template.snippets")
errors: Any = _load("errors")
