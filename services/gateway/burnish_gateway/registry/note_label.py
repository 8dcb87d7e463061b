"""What the audit log says of a label that moved, whoever moved it."""

from typing import Any
from uuid import UUID

from burnish_gateway.access.audit import Actor, note_in
from burnish_gateway.registry.prompt import MovedLabel
from burnish_shared.db.session import Tx
from burnish_shared.slug import Label, Slug


async def note_label(
    tx: Tx, workspace_id: UUID, by: Actor, slug: Slug, label: Label, moved: MovedLabel, *, version: int, reason: str | None = None
) -> None:
    """Adds the entry where it moved; nothing where it stood there. `reason` None: there was none to give."""
    if not moved.is_moved:
        return
    after: dict[str, Any] = {"version": version} | ({} if reason is None else {"reason": reason})
    before = {"version": moved.from_version}
    await note_in(tx, workspace_id, by, action="prompt.label.moved", kind="prompt_label", key=f"{slug}@{label}", before=before, after=after)
