"""Tells others of a change: an event for subscribers, and the change number that makes every gateway forget what it knew."""

from uuid import UUID

from burnish_gateway.registry.prompt import Prompt, Source
from burnish_shared.clock import Clock
from burnish_shared.contracts.events import Event
from burnish_shared.db.changes import note_change
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

SERVICE = "gateway"


async def version_created(tx: Tx, prompt: Prompt, *, version: int, source: Source, revision: int, clock: Clock) -> None:
    data: dict[str, object] = {"prompt_id": str(prompt.prompt_id), "slug": prompt.slug, "version": version, "source": source}
    event = Event(
        id=new_uuid(),
        type="prompt.version.created",
        workspace_id=prompt.workspace_id,
        occurred_at=clock.now(),
        object_id=str(prompt.prompt_id),
        object_version=revision,
        data=data,
    )
    await put_event(tx, event, service=SERVICE)


async def label_moved(
    tx: Tx, prompt: Prompt, *, label: str, from_version: int | None, to_version: int | None, revision: int, clock: Clock
) -> None:
    """`to_version` None: the label was removed."""
    data: dict[str, object] = {
        "prompt_id": str(prompt.prompt_id),
        "slug": prompt.slug,
        "label": label,
        "from_version": from_version,
        "version": to_version,
    }
    event = Event(
        id=new_uuid(),
        type="prompt.label.moved",
        workspace_id=prompt.workspace_id,
        occurred_at=clock.now(),
        object_id=str(prompt.prompt_id),
        object_version=revision,
        data=data,
    )
    await put_event(tx, event, service=SERVICE)


async def prompt_changed(tx: Tx, workspace_id: UUID, slug: str) -> None:
    """The last statement of every transaction that changes a prompt: it orders the change among all changes until the commit."""
    await note_change(tx, workspace_id=workspace_id, kind="prompt", key=slug)
