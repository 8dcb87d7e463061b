"""The snippets that a text includes, held: who moves their labels or puts them away waits, or is waited for."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from burnish_gateway.registry import uses_store
from burnish_shared.db.session import Tx
from burnish_shared.db.snippet_store import gather_snippets
from burnish_shared.template.snippets import MAX_SNIPPET_DEPTH, Snippet
from burnish_shared.template.syntax import Include


async def hold_snippets(tx: Tx, workspace_id: UUID, includes: Sequence[Include]) -> Mapping[str, Snippet]:
    """By the name that includes each, read after nobody can change them any more until the transaction ends.

    Raises InvalidField where one is missing, put away or no snippet.
    """
    held: set[str] = set()
    for _ in range(MAX_SNIPPET_DEPTH + 1):
        snippets = await gather_snippets(tx, workspace_id, includes)
        slugs = {name.partition("@")[0] for name in snippets}
        if slugs <= held:
            break
        await uses_store.hold(tx, workspace_id, sorted(slugs - held))
        held |= slugs
    return snippets
