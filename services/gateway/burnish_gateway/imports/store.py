"""Executions made elsewhere, in SQL."""

from collections.abc import Collection, Sequence
from uuid import UUID

from burnish_shared.books.finished import FinishedExecution
from burnish_shared.db.session import Tx


async def note_costs(tx: Tx, workspace_id: UUID, costs: Sequence[tuple[UUID, int]]) -> None:
    """What the source says that each cost."""
    if costs:
        await tx.execute(
            """UPDATE imported_ids i SET reported_cost_nusd = u.cost FROM unnest($2::uuid[], $3::bigint[]) u(id, cost)
                WHERE i.workspace_id = $1 AND i.execution_id = u.id""",
            workspace_id,
            [one[0] for one in costs],
            [one[1] for one in costs],
        )


async def book(tx: Tx, workspace_id: UUID, rows: Sequence[FinishedExecution], *, event_id: str) -> list[UUID]:
    """Those that were not there before."""
    made: list[UUID] = await tx.fetchval(
        "SELECT import_executions($1, $2::finished_execution[], $3)", workspace_id, [one.as_row() for one in rows], event_id
    )
    return made


async def prompts_of(tx: Tx, slugs: Collection[str]) -> dict[str, UUID]:
    """The prompts of the workspace that have these names."""
    rows = await tx.fetch("SELECT slug, prompt_id FROM prompts WHERE slug = ANY ($1)", sorted(slugs))
    return {row["slug"]: row["prompt_id"] for row in rows}
