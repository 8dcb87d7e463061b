"""Answers that are kept, in PostgreSQL (sql/0028_reuse.sql). One statement each, in a transaction of its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

import asyncpg
import structlog
from pydantic import ValidationError

from burnish_executor.core.kept_answer import KeptAnswer
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.db.session import BUSY, UNAVAILABLE, DurableConnection, Tx

log = structlog.get_logger("burnish.executor")

FIND = "SELECT answer, asked_at FROM find_answer($1, $2, $3, $4)"
KEEP = "SELECT keep_answer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"

STATEMENT_MS = 500
"""A cache that is slower than that is none: the model is asked."""

AWAY = (*BUSY, *UNAVAILABLE, asyncpg.InsufficientResourcesError)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look into the cache found. `asked_at`: by the database's clock; None: it could not be asked, and nothing is kept."""

    answer: KeptAnswer | None
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class AnswersStore:
    """Never raises for a database that is away: then nothing is found, and nothing kept."""

    connection: DurableConnection

    @classmethod
    def over(cls, dsn: str, *, pooler: str) -> Self:
        """Commits without waiting for the disk: there is no log to wait for."""
        return cls(
            DurableConnection(
                dsn, application_name="burnish-executor-cache", asynchronous=True, statement_timeout_ms=STATEMENT_MS, pooler=pooler,  # type: ignore[arg-type]
            )
        )  # fmt: skip

    async def find(self, workspace_id: UUID, key: bytes, *, ttl_s: int, hits: int = 1) -> Looked:
        """The answer under this key, not older than `ttl_s`; it has `hits` more hits then."""
        try:
            row = await self.connection.fetchrow(FIND, workspace_id, key, ttl_s, hits)
        except AWAY as error:
            log.warning("cache.unavailable", error=type(error).__name__)
            return Looked(None, None)
        if row is None or row["answer"] is None:
            return Looked(None, row["asked_at"] if row else None)
        try:
            return Looked(KeptAnswer.model_validate_json(row["answer"]), row["asked_at"])
        except ValidationError:  # Another release kept it in another form.
            return Looked(None, row["asked_at"])

    async def keep(self, request: ExecutionRequest, key: bytes, answer: KeptAnswer, *, cost_nusd: int, asked_at: datetime) -> bool:
        """False: it was purged since `asked_at`, or could not be written."""
        prompt, ttl_s = request.prompt, request.cache.ttl_s if request.cache else 1
        try:
            row = await self.connection.fetchrow(
                KEEP, request.workspace_id, key, prompt.slug if prompt else "", prompt.version if prompt else 0, request.route.model,
                request.execution_id, answer.model_dump_json(exclude_defaults=True), cost_nusd, answer.simulated, ttl_s, asked_at,
            )  # fmt: skip
        except AWAY as error:
            log.warning("cache.unavailable", error=type(error).__name__)
            return False
        return row is not None and bool(row[0])

    async def close(self) -> None:
        await self.connection.close()


async def sweep_answers(tx: Tx, *, entries: int, size_bytes: int, at_most: int) -> int:
    """Removes what is over, and what is too much for one workspace. Returns how many entries."""
    swept: int = await tx.fetchval("SELECT sweep_answers($1, $2, $3)", entries, size_bytes, at_most)
    return swept
