"""What the texts of a test run include: it stays as it stands when the run begins, as versions do."""

from collections.abc import Iterable
from uuid import UUID

from burnish_gateway.optimization import store
from burnish_shared.db.session import Tx
from burnish_shared.db.snippet_store import snippets_of_version


async def pin_snippets(tx: Tx, workspace_id: UUID, versions: Iterable[tuple[UUID, int]]) -> dict[str, int]:
    """`versions`: (prompt, version) of all that the run asks. Name that includes a snippet → the version that it means now; those of a
    version one of whose snippets is not there are left out, and the run says what is missing."""
    pinned: dict[str, int] = {}
    for content in await store.contents_of_versions(tx, workspace_id, list(versions)):
        found = await snippets_of_version(tx, workspace_id, content)
        pinned |= {name: one.version for name, one in found.items()}
    return pinned
