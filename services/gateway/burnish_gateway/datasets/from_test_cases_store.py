"""Where the test cases of a prompt's versions stand as items, in SQL."""

from uuid import UUID

from burnish_shared.db.session import Tx


async def dataset_of(tx: Tx, workspace_id: UUID, prompt_id: UUID, *, digest: bytes) -> UUID | None:
    """The dataset of the newest run of these cases, if it is as it was made and not put away."""
    found: UUID | None = await tx.fetchval(
        """SELECT r.dataset_id FROM test_runs r JOIN datasets d ON d.workspace_id = r.workspace_id AND d.dataset_id = r.dataset_id
            WHERE r.workspace_id = $1 AND r.prompt_id = $2 AND r.cases_digest = $3 AND d.version = 1 AND d.archived_at IS NULL
            ORDER BY r.test_run_id DESC LIMIT 1""",
        workspace_id,
        prompt_id,
        digest,
    )
    return found


async def longest_criteria(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, split: str) -> list[str] | None:
    """Of the items of a split that have criteria, the longest ones. None: none has."""
    found: list[str] | None = await tx.fetchval(
        """SELECT metadata->'test_case'->'criteria' FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND split = $3 AND removed_version IS NULL
              AND jsonb_typeof(metadata->'test_case'->'criteria') = 'array' AND metadata->'test_case'->'criteria' <> '[]'
            ORDER BY length((metadata->'test_case'->'criteria')::text) DESC, item_id LIMIT 1""",
        workspace_id,
        dataset_id,
        split,
    )
    return found
