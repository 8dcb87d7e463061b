"""Which chains run a prompt: told beside it, and before it is put away, or loses the label by which they run it."""

from typing import Final
from uuid import UUID

from burnish_gateway.registry import chain_uses_store as store
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict

NAMED_MOST: Final = 10


async def check_not_in_chains(tx: Tx, workspace_id: UUID, slug: str, *, what: str, label: str | None = None) -> None:
    """Raises Conflict where versions of chains that a label names, or that are the newest, run the prompt; archived chains run nothing.

    With `label`: where they run it by that label.
    """
    users = [f"{one.slug} (version {one.version})" for one in await store.served_uses(tx, workspace_id, slug, label=label)]
    if users:
        more = f" and {len(users) - NAMED_MOST} more" if len(users) > NAMED_MOST else ""
        raise Conflict(
            f"{what} would break chains that run it: {', '.join(users[:NAMED_MOST])}{more}. Take it out of those first.",
            param="prompt" if label is None else "label",
        )
