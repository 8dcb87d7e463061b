"""The SQL of putting prompts away, bringing them back, and removing them."""

from typing import Final

from burnish_gateway.registry.prompt import OnLabel, Prompt
from burnish_shared.db.session import Tx

RUNNING: Final = (
    ("test run", "test_runs", "test_run_id"),
    ("optimization job", "optimization_jobs", "job_id"),
)
"""What works on a prompt and writes of it: its word, its table, and the column of its id."""


async def set_archived(tx: Tx, prompt: Prompt, *, by: str | None) -> None:
    """Puts it away, or with None brings it back. By the table, what is published of it leaves the marketplace, or is there again."""
    await tx.execute(
        """UPDATE prompts SET archived_at = CASE WHEN $3::text IS NULL THEN NULL ELSE clock_timestamp() END, archived_by = $3,
                  revision = revision + 1, updated_at = clock_timestamp()
            WHERE workspace_id = $1 AND prompt_id = $2""",
        prompt.workspace_id,
        prompt.prompt_id,
        by,
    )


async def running(tx: Tx, prompt: Prompt) -> list[str]:
    """What is under way for this prompt, in words."""
    found: list[str] = []
    for word, table, column in RUNNING:
        rows = await tx.fetch(
            f"""SELECT {column} AS id FROM {table}
                 WHERE workspace_id = $1 AND prompt_id = $2 AND status IN ('pending', 'running') LIMIT 5""",
            prompt.workspace_id,
            prompt.prompt_id,
        )
        found += [f"{word} {row['id']}" for row in rows]
    rows = await tx.fetch(
        """SELECT test_run_id, chain ->> 'slug' AS slug FROM test_runs
            WHERE workspace_id = $1 AND chain_id IS NOT NULL AND status IN ('pending', 'running')
              AND jsonb_path_exists(chain, '$.prompts.*.prompt_id ? (@ == $id)', jsonb_build_object('id', $2::uuid)) LIMIT 5""",
        prompt.workspace_id,
        prompt.prompt_id,
    )
    return found + [f"test run {row['test_run_id']} of the chain '{row['slug']}'" for row in rows]


async def experiments_running(tx: Tx, prompt: Prompt, *, label: str | None = None) -> list[str]:
    """Experiments that give this prompt to end users, in words. `label`: those on its calls alone."""
    rows = await tx.fetch(
        """SELECT experiment_id, name FROM experiments
            WHERE workspace_id = $1 AND prompt_id = $2 AND ($3::text IS NULL OR label = $3) AND status IN ('running', 'paused')
            ORDER BY experiment_id LIMIT 5""",
        prompt.workspace_id,
        prompt.prompt_id,
        label,
    )
    return [f"experiment {row['experiment_id']} ('{row['name']}')" for row in rows]


async def experiments_on(tx: Tx, prompt: Prompt, label: str) -> list[OnLabel]:
    """Those that give arms of their own to calls of the label, and will when they are resumed; the newest five."""
    rows = await tx.fetch(
        """SELECT experiment_id, name, kind, status FROM experiments
            WHERE workspace_id = $1 AND prompt_id = $2 AND label = $3 AND status IN ('running', 'paused')
            ORDER BY experiment_id DESC LIMIT 5""",
        prompt.workspace_id,
        prompt.prompt_id,
        label,
    )
    return [OnLabel(row["experiment_id"], row["name"], row["kind"], row["status"]) for row in rows]


async def purge(tx: Tx, prompt: Prompt) -> int:
    """Removes it with all that hangs on it. Returns the number of its versions; it must be archived."""
    versions: int = await tx.fetchval("SELECT purge_prompt($1, $2)", prompt.workspace_id, prompt.prompt_id)
    return versions
