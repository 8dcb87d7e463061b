"""Reactions of a foreign file, recorded like those that come one by one: each once, however often the file comes."""

from collections.abc import Sequence
from typing import Final

from burnish_gateway.access.principal import Principal
from burnish_gateway.bundle.foreign.reactions import Reaction
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.deps import Gateway
from burnish_gateway.feedback.mask_reactions import as_kept
from burnish_gateway.feedback.record import check, items_of, sender_of
from burnish_gateway.feedback.targets import with_targets
from burnish_shared.errors import InvalidField
from burnish_shared.ids import derived_uuid

PART: Final = 1_000
"""As many as `POST /v1/feedback/batch` sends at once."""


async def sound_reactions(gateway: Gateway, principal: Principal, reactions: Sequence[Reaction], *, notes: Notes) -> list[Reaction]:
    """Those that this workspace can keep: by its metrics, and by whether it stores text. Of the others a note each."""
    if not reactions:
        return []
    metrics = await gateway.metrics.of(principal.workspace_id)
    kept = []
    for one in reactions:
        try:
            check(one.body, metrics, stores_text=principal.workspace.store_content)
        except InvalidField as error:
            notes.lose(f"{one.name}: the reaction is left out. {error.message}")
        else:
            kept.append(one)
    return kept


async def bring_reactions(gateway: Gateway, principal: Principal, reactions: Sequence[Reaction]) -> None:
    """Returns once all are on disk. Accepted when they were said: what people said here since then stands over them.

    Safe to repeat. Raises Unavailable: then the whole import may be sent again.
    """
    if not reactions:
        return
    workspace_id, stores_text = principal.workspace_id, principal.workspace.store_content
    bodies = await with_targets(gateway.db, workspace_id, [one.body for one in reactions])
    bodies = await as_kept(gateway.rules, workspace_id, bodies, stores_text=stores_text)
    items = []
    for one, body in zip(reactions, bodies, strict=True):
        feedback_id = derived_uuid(workspace_id, f"import:{one.name}")
        items += items_of(body, feedback_id=feedback_id, workspace_id=workspace_id, sent_by=sender_of(principal), now=one.at)
    for first in range(0, len(items), PART):
        await gateway.feedback.record(items[first : first + PART])
