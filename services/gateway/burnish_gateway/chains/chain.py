"""A chain, its versions and its labels, as the rest of the feature sees them. The words are those of prompts (registry/prompt.py)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_shared.errors import NotFound
from burnish_shared.slug import LATEST, PRODUCTION, Label, Slug

MAX_VERSIONS: Final = 10_000
MAX_LABELS: Final = 100


@dataclass(frozen=True, slots=True)
class ChainHead:
    """A chain with its labels at one moment. `labels`: label → (version, since when)."""

    chain_id: UUID
    workspace_id: UUID
    slug: Slug
    name: str
    description: str
    folder: str
    tags: tuple[str, ...]
    latest_version: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    labels: Mapping[str, tuple[int, datetime]] = field(default_factory=dict)

    def named(self, *, label: Label | None, version: int | None) -> tuple[int, Label | None]:
        """The version that a label, a number, or neither (`production`) means, and the label it was reached by. Raises NotFound."""
        if version is not None:
            if not 1 <= version <= self.latest_version:
                raise no_such_chain(self.slug, version=version)
            return version, None
        wanted = label or PRODUCTION
        if wanted == LATEST:
            return self.latest_version, LATEST
        placed = self.labels.get(wanted)
        if placed is None:
            raise no_such_chain(self.slug, label=wanted)
        return placed[0], wanted


@dataclass(frozen=True, slots=True)
class ChainVersion:
    """One immutable version."""

    version: int
    content: dict[str, Any]
    base_version: int | None
    change_message: str
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ChainLabelMove:
    """One step in a label's history. `from_version` None: it was new; `to_version` None: it was removed."""

    move_id: UUID
    label: str
    from_version: int | None
    to_version: int | None
    reason: str
    author: str
    moved_at: datetime


def fingerprint_of(content: Mapping[str, Any]) -> bytes:
    """SHA-256: equal for two saves that mean the same, however their fields are ordered."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).digest()


def no_such_chain(slug: str, *, label: str | None = None, version: int | None = None, at: str = "") -> NotFound:
    """The same words whether it never was or belongs to somebody else (PROMISES G-17). `label`, `version`: of a chain that is there and
    lacks it. `param` is what does not fit; `at`: what stands before its name.
    """
    what = "version" if version else "label" if label else "slug" if at else "chain"
    if version or label:
        lacking = f"version {version}" if version else f"label '{label}'"
        return NotFound(f"The chain '{slug}' has no {lacking}.", param=f"{at}{what}")
    return NotFound(f"There is no chain '{slug}' in this workspace.", param=f"{at}{what}")
