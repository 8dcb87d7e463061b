"""What the optimizer saw and decided of experiments, in SQL: looks, and orders that wait, each carried out once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class Order:
    """`revision`: of the experiment when it was looked at. Of an experiment that changed since, the order means nothing any more."""

    order_id: UUID
    experiment_id: UUID
    revision: int
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """The newest look of the one who decides. `result`: as experiments/conclude.py `as_result`, with a sentence and an outlook.

    `memory`: what he keeps from look to look (experiments/analysis.py Memory); without it intervals of units that came back are too narrow.
    """

    looked_at: datetime
    result: dict[str, Any]
    memory: dict[str, Any]


async def last_look(tx: Tx, workspace_id: UUID, experiment_id: UUID) -> Look | None:
    """None before the first."""
    row = await tx.fetchrow(
        "SELECT looked_at, result, memory FROM experiment_watch WHERE workspace_id = $1 AND experiment_id = $2 AND looked_at IS NOT NULL",
        workspace_id, experiment_id,
    )  # fmt: skip
    return Look(**dict(row)) if row is not None else None


async def looks_over_time(tx: Tx, workspace_id: UUID, experiment_id: UUID) -> Sequence[Record]:
    """Points of the curve, oldest first: at most a thousand."""
    return await tx.fetch(
        """SELECT looked_at, epoch, units, differences, evidence FROM experiment_looks
            WHERE workspace_id = $1 AND experiment_id = $2 ORDER BY number""",
        workspace_id, experiment_id,
    )  # fmt: skip


async def list_due(tx: Tx, *, most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, order), oldest first, of all workspaces."""
    rows = await tx.fetch("SELECT workspace_id, order_id FROM experiment_orders_due($1)", most)
    return [(row["workspace_id"], row["order_id"]) for row in rows]


async def take(tx: Tx, workspace_id: UUID, order_id: UUID) -> Order | None:
    """Until the end of the transaction it is ours. None: another gateway has it, or it is done."""
    row = await tx.fetchrow(
        """SELECT order_id, experiment_id, revision, kind, data FROM experiment_orders
            WHERE workspace_id = $1 AND order_id = $2 AND applied_at IS NULL FOR UPDATE SKIP LOCKED""",
        workspace_id, order_id,
    )  # fmt: skip
    return Order(**dict(row)) if row is not None else None


async def settle(tx: Tx, workspace_id: UUID, order: Order, *, outcome: str) -> None:
    """It is done with, however it ended."""
    await tx.execute(
        "UPDATE experiment_orders SET applied_at = clock_timestamp(), outcome = $3 WHERE workspace_id = $1 AND order_id = $2",
        workspace_id, order.order_id, outcome,
    )  # fmt: skip
