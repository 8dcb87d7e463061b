"""What the texts of a test run include: it stays as it stands when the run begins, as versions do."""

from collections.abc import Iterable
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.db.snippet_store import snippets_of_version


async def pin_snippets(tx: Tx, workspace_id: UUID, versions: Iterable[tuple[UUID, int]]) -> dict[str, int]:
    """`versions`: (prompt, version) of all that the run asks. Name that includes a snippet → the version that it means now; those of a
    version one of whose snippets is not there are left out, and the run says what is missing."""
    asked = list(versions)
    rows = await tx.fetch(
        """SELECT v.content FROM prompt_versions v JOIN unnest($2::uuid[], $3::integer[]) w (prompt_id, version) USING (prompt_id, version)
            WHERE v.workspace_id = $1""",
        workspace_id,
        [prompt_id for prompt_id, _ in asked],
        [version for _, version in asked],
    )
    pinned: dict[str, int] = {}
    for row in rows:
        found = await snippets_of_version(tx, workspace_id, row["content"])
        pinned |= {name: one.version for name, one in found.items()}
    return pinned
