"""Small JSON files that are whole at every moment and readable by their owner alone."""

import json
import os
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any, *, is_durable: bool = False) -> None:
    """Replaces the file at once; a reader sees the old text or the new. `is_durable` also waits for the disk."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(value, file, indent=1)
        if is_durable:
            file.flush()
            os.fsync(file.fileno())
    draft.replace(path)


def read_json(path: Path) -> Any | None:
    """What the file holds; None when it is absent or no JSON."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
