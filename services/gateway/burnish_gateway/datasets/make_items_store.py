"""What a model is shown of a dataset, in SQL: never anything of its test split."""

from typing import Any, Final
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound

SHOWN_MOST: Final = 12
SHOWN_CHARS: Final = 2_000


async def answers_of(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, most: int) -> list[str]:
    """The different right answers of train and validation items."""
    rows = await tx.fetch(
        """SELECT DISTINCT btrim(expected) AS expected FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND split <> 'test' AND removed_version IS NULL AND expected IS NOT NULL
            ORDER BY 1 LIMIT $3""",
        workspace_id,
        dataset_id,
        most,
    )
    return [row["expected"] for row in rows]


async def cases_of(tx: Tx, workspace_id: UUID, dataset_id: UUID) -> list[dict[str, Any]]:
    """A few train items, spread over what they expect."""
    rows = await tx.fetch(
        """SELECT input, expected FROM (
             SELECT input, expected, position, row_number() OVER (PARTITION BY expected ORDER BY position) AS turn FROM dataset_items
              WHERE workspace_id = $1 AND dataset_id = $2 AND split = 'train' AND NOT synthetic AND removed_version IS NULL
                AND expected IS NOT NULL
                AND length(input::text) <= $4) i
            ORDER BY turn, position LIMIT $3""",
        workspace_id,
        dataset_id,
        SHOWN_MOST,
        SHOWN_CHARS,
    )
    return [{"input": row["input"], "expected": row["expected"]} for row in rows]


async def failures_of(tx: Tx, workspace_id: UUID, dataset_id: UUID, run_id: UUID) -> list[dict[str, Any]]:
    """A few train and validation items that failed in a test run, with what was answered. Raises NotFound, InvalidField."""
    split = await tx.fetchval(
        "SELECT split FROM test_runs WHERE workspace_id = $1 AND test_run_id = $2 AND dataset_id = $3", workspace_id, run_id, dataset_id
    )
    if split is None:
        raise NotFound("failed_of: there is no test run of this id on this dataset.", param="failed_of")
    if split == "test":
        raise InvalidField(
            "failed_of: this run was on the test split, of which no model is shown anything; name one on train or validation.",
            param="failed_of",
        )
    rows = await tx.fetch(
        """SELECT i.input, i.expected, left(e.output, $4) AS got FROM evaluations e
             JOIN dataset_items i ON i.workspace_id = e.workspace_id AND i.item_id = e.item_id AND i.split <> 'test'
              AND i.removed_version IS NULL
            WHERE e.workspace_id = $1 AND e.owner_id = $2 AND coalesce(e.score, 0) < 1 AND i.expected IS NOT NULL
              AND e.answered_at IS NOT NULL AND e.step IS NULL
              AND length(i.input::text) <= $4 ORDER BY i.position, e.repeat LIMIT $3""",
        workspace_id,
        run_id,
        SHOWN_MOST,
        SHOWN_CHARS,
    )
    return [dict(row) for row in rows]
