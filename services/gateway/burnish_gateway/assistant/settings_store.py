"""A workspace's own choice of models in SQL."""

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_shared.db.session import Tx


async def find(tx: Tx) -> Record | None:
    return await tx.fetchrow("SELECT ask_model, write_model, updated_by, updated_at FROM assistant_settings")


async def put(tx: Tx, principal: Principal, *, ask_model: str | None, write_model: str | None) -> None:
    await tx.execute(
        """INSERT INTO assistant_settings (workspace_id, ask_model, write_model, updated_by) VALUES ($1, $2, $3, $4)
           ON CONFLICT (workspace_id) DO UPDATE SET ask_model = excluded.ask_model, write_model = excluded.write_model,
             updated_by = excluded.updated_by, updated_at = clock_timestamp()""",
        principal.workspace_id, ask_model, write_model, principal.actor,
    )  # fmt: skip
