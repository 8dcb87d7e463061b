"""What the texts of a test run or a search include: it stays as it stands when that begins, as versions do."""

from collections.abc import Iterable
from uuid import UUID

from burnish_gateway.optimization import store
from burnish_shared.db.session import Tx
from burnish_shared.db.snippet_store import snippets_of_versions


async def pin_snippets(tx: Tx, workspace_id: UUID, versions: Iterable[tuple[UUID, int]]) -> dict[str, int]:
    """`versions`: (prompt, version) of all that it asks. Name that includes a snippet → the version that it means now; those of a
    version one of whose snippets is not there are left out, and it says itself what is missing."""
    contents = await store.contents_of_versions(tx, workspace_id, list(versions))
    return {name: one.version for found in await snippets_of_versions(tx, workspace_id, contents) for name, one in found.items()}
