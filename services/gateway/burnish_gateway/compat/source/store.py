"""What the source systems' paths read beside the features behind them, in SQL."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

PROMPTS_MOST: Final = 500
RUNS_MOST: Final = 200
RESULTS_MOST: Final = 10_000

_PROMPT: Final = """SELECT p.slug, p.name, p.categories, p.created_at, p.updated_at, v.content, v.version
  FROM prompts p
  LEFT JOIN prompt_labels l ON l.workspace_id = p.workspace_id AND l.prompt_id = p.prompt_id AND l.label = 'production'
  JOIN prompt_versions v ON v.workspace_id = p.workspace_id AND v.prompt_id = p.prompt_id
   AND v.version = coalesce(l.version, p.latest_version)
 WHERE p.workspace_id = $1 AND p.archived_at IS NULL"""


async def list_prompts(tx: Tx, workspace_id: UUID) -> Sequence[Record]:
    """With what production says, else the newest version; the newest prompts first."""
    return await tx.fetch(f"{_PROMPT} ORDER BY p.prompt_id DESC LIMIT {PROMPTS_MOST}", workspace_id)


async def find_prompt(tx: Tx, workspace_id: UUID, slug: str) -> Record | None:
    return await tx.fetchrow(f"{_PROMPT} AND p.slug = $2", workspace_id, slug)


async def name_run(tx: Tx, workspace_id: UUID, *, slug: str, prefix: str, test_run_id: UUID) -> str:
    """The next `prefix` with a number of three digits or more. The prompt's runs are named one after the other."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1 || $2, 0))", str(workspace_id), prefix)
    name: str = await tx.fetchval(
        """INSERT INTO run_names (workspace_id, name, slug, test_run_id)
           SELECT $1, $2 || lpad((count(*) + 1)::text, greatest(3, length((count(*) + 1)::text)), '0'), $3, $4
             FROM run_names WHERE workspace_id = $1 AND starts_with(name, $2) RETURNING name""",
        workspace_id, prefix, slug, test_run_id,
    )  # fmt: skip
    return name


async def run_named(tx: Tx, workspace_id: UUID, name: str) -> Record | None:
    return await tx.fetchrow(
        """SELECT n.name, t.* FROM run_names n JOIN test_runs t ON t.workspace_id = n.workspace_id AND t.test_run_id = n.test_run_id
            WHERE n.workspace_id = $1 AND n.name = $2""",
        workspace_id, name,
    )  # fmt: skip


async def list_runs(tx: Tx, workspace_id: UUID, *, slug: str | None) -> Sequence[Record]:
    """The newest first."""
    return await tx.fetch(
        f"""SELECT n.name, t.* FROM run_names n JOIN test_runs t ON t.workspace_id = n.workspace_id AND t.test_run_id = n.test_run_id
            WHERE n.workspace_id = $1 AND ($2::text IS NULL OR n.slug = $2) ORDER BY n.test_run_id DESC LIMIT {RUNS_MOST}""",
        workspace_id, slug,
    )  # fmt: skip


async def results_of(tx: Tx, workspace_id: UUID, test_run_id: UUID) -> Sequence[Record]:
    """Each item that was answered, in the order of the dataset, with what was said first."""
    return await tx.fetch(
        f"""SELECT i.item_id, i.input, i.expected, i.metadata, e.output, e.score, e.latency_ms, e.status, e.error
             FROM evaluations e JOIN dataset_items i ON i.workspace_id = e.workspace_id AND i.item_id = e.item_id
            WHERE e.workspace_id = $1 AND e.owner_id = $2 AND e.repeat = 0 AND e.step IS NULL
              AND e.answered_at IS NOT NULL AND i.expected IS NOT NULL
            ORDER BY i.position LIMIT {RESULTS_MOST}""",
        workspace_id, test_run_id,
    )  # fmt: skip


async def newest_dataset(tx: Tx, workspace_id: UUID, name: str) -> UUID | None:
    found: UUID | None = await tx.fetchval(
        """SELECT dataset_id FROM datasets WHERE workspace_id = $1 AND name = $2 AND archived_at IS NULL
            ORDER BY dataset_id DESC LIMIT 1""",
        workspace_id,
        name,
    )
    return found


async def items_of(tx: Tx, workspace_id: UUID, dataset_id: UUID, *, split: str) -> Sequence[Record]:
    return await tx.fetch(
        f"""SELECT item_id, input, expected, split, metadata FROM dataset_items
            WHERE workspace_id = $1 AND dataset_id = $2 AND split = $3 AND removed_version IS NULL AND expected IS NOT NULL
            ORDER BY position LIMIT {RESULTS_MOST}""",
        workspace_id, dataset_id, split,
    )  # fmt: skip


async def run_counts(tx: Tx, workspace_id: UUID) -> dict[str, int]:
    """How many runs each prompt has, by whatever interface they were started."""
    rows = await tx.fetch(
        "SELECT slug, count(*) AS n FROM test_runs WHERE workspace_id = $1 AND slug IS NOT NULL GROUP BY slug LIMIT 1000", workspace_id
    )
    return {row["slug"]: row["n"] for row in rows}


async def newest_completed(tx: Tx, workspace_id: UUID) -> Sequence[Record]:
    """The newest completed run of each prompt, and its name where it has one."""
    return await tx.fetch(
        """SELECT DISTINCT ON (t.slug) t.slug, t.test_run_id, t.version, t.model, t.result, t.finished_at, t.simulated, n.name,
                  p.name AS title
             FROM test_runs t JOIN prompts p ON p.workspace_id = t.workspace_id AND p.prompt_id = t.prompt_id
             LEFT JOIN run_names n ON n.workspace_id = t.workspace_id AND n.test_run_id = t.test_run_id
            WHERE t.workspace_id = $1 AND t.status = 'completed' AND t.failed_of IS NULL ORDER BY t.slug, t.test_run_id DESC LIMIT 500""",
        workspace_id,
    )


async def newest_completed_of(tx: Tx, workspace_id: UUID, slug: str) -> UUID | None:
    """The newest completed run of a prompt in use, of all items of its split."""
    run_id: UUID | None = await tx.fetchval(
        """SELECT t.test_run_id FROM test_runs t
             JOIN prompts p ON p.workspace_id = t.workspace_id AND p.prompt_id = t.prompt_id AND p.archived_at IS NULL
            WHERE t.workspace_id = $1 AND t.slug = $2 AND t.status = 'completed' AND t.failed_of IS NULL
            ORDER BY t.test_run_id DESC LIMIT 1""",
        workspace_id, slug,
    )  # fmt: skip
    return run_id


def text_of_input(given: Any) -> str:
    """An item's input as the one text that these clients know."""
    if isinstance(given, dict):
        return str(given.get("ticket") or next(iter(given.values()), ""))
    return str(given)
