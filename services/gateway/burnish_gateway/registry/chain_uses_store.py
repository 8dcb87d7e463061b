"""The SQL of which chains run a prompt: read beside it, and before it is put away or loses a label."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from burnish_shared.db.session import Tx

USERS_MOST: Final = 500
"""Versions of chains that run one prompt."""


@dataclass(frozen=True, slots=True)
class ChainUse:
    """A served version of a chain that runs a prompt. `labels` name the version, sorted; none where it is the newest alone.

    `steps`: the ids of the steps that run it, in order.
    """

    slug: str
    version: int
    labels: tuple[str, ...]
    steps: tuple[str, ...]


SERVED_USES: Final = """
SELECT c.slug, u.version, array_agg(u.step ORDER BY u.place) AS steps,
       ARRAY(SELECT l.label FROM chain_labels l
              WHERE l.workspace_id = $1 AND l.chain_id = c.chain_id AND l.version = u.version ORDER BY l.label) AS labels
  FROM chain_uses u JOIN chains c USING (workspace_id, chain_id)
 WHERE u.workspace_id = $1 AND u.slug = $2 AND ($4::text IS NULL OR u.label = $4) AND c.archived_at IS NULL
   AND (u.version = c.latest_version OR EXISTS (SELECT FROM chain_labels l
         WHERE l.workspace_id = $1 AND l.chain_id = c.chain_id AND l.version = u.version))
 GROUP BY c.chain_id, c.slug, u.version ORDER BY c.slug, u.version LIMIT $3"""
"""$1 workspace, $2 slug of the prompt, $3 how many, $4 label or NULL."""


async def served_uses(tx: Tx, workspace_id: UUID, prompt: str, *, label: str | None) -> list[ChainUse]:
    """By slug and version: versions that a label names, or that are the newest of a chain that is not archived, and that run the prompt.

    With `label`: by that label, which `production` also is where none is written. The table says what each version runs, as saved
    (sql/0088_chain_uses.sql): the chains themselves are not read.
    """
    rows = await tx.fetch(SERVED_USES, workspace_id, prompt, USERS_MOST, label)
    return [ChainUse(row["slug"], row["version"], tuple(row["labels"]), tuple(row["steps"])) for row in rows]
