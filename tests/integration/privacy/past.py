"""People, what they said on days gone by, and a search for their names over every table."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from burnish_shared.ids import new_uuid


def id_of(at: datetime) -> UUID:
    """A UUIDv7 of that moment."""
    fresh = new_uuid().int
    return UUID(int=(int(at.timestamp() * 1000) << 80) | (fresh & ((1 << 80) - 1)))


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Past:
    """Writes rows as the services would have written them then."""

    superuser: asyncpg.Connection

    async def execution(self, workspace_id: UUID, person: str | None, *, at: datetime, session: str | None = None, text: str = "") -> UUID:
        """One execution with its content and its counted copy."""
        execution_id = id_of(at)
        said = text or f"words of {person}"
        await self.superuser.execute(
            """INSERT INTO executions (execution_id, workspace_id, fence, lane, status, slug, version, label, model, provider, input_tokens,
                 output_tokens, cached_input_tokens, usage_source, cost_nusd, latency_ms, end_user, session_id, request_id, error, attempts,
                 finished_at)
               VALUES ($1, $2, 1, 'interactive', 'error', 'route', 1, 'production', 'simulated/reader', 'simulated', 10, 2, 0, 'provider',
                       1800, 120, $3, $4, $5, $6, $7, $8)""",
            execution_id, workspace_id, person, session, f"request-{person}",
            json.dumps({"type": "provider_error", "code": "provider_failed", "message": f"cannot answer {said}"}),
            json.dumps([{"model": "simulated/reader", "status": "error", "error": said}]), at,
        )  # fmt: skip
        await self.superuser.execute(
            """INSERT INTO execution_contents (execution_id, workspace_id, messages, variables, settings, output, tool_calls, metadata)
               VALUES ($1, $2, $3, $3, '{}', $4, $3, $3)""",
            execution_id, workspace_id, json.dumps([{"role": "user", "content": said}]), said,
        )  # fmt: skip
        await self.superuser.execute(
            """INSERT INTO execution_facts (execution_id, workspace_id, slug, version, label, model, provider, end_user, traffic, status,
                 input_tokens, output_tokens, cached_input_tokens, cost_nusd, latency_ms, cached, simulated, finished_at)
               VALUES ($1, $2, 'route', 1, 'production', 'simulated/reader', 'simulated', $3, 'live', 'error', 10, 2, 0, 1800, 120, false,
                       true, $4)""",
            execution_id, workspace_id, person, at,
        )  # fmt: skip
        return execution_id

    async def feedback(
        self, workspace_id: UUID, person: str, *, at: datetime, execution: UUID | None = None, session: str = "", replaced: bool = False
    ) -> UUID:
        """A thumb with a comment, and with `replaced` an earlier one that it took the place of."""
        kind, target = ("execution", str(execution)) if execution else ("session", session)
        feedback_id = new_uuid()
        said = f"comment of {person}"
        key = (workspace_id, kind, target, person, "thumb")
        await self.superuser.execute(
            """INSERT INTO feedback (workspace_id, target_kind, target_id, end_user, kind, execution_id, feedback_id, digest, value,
                 comment, correction, context, accepted_at, received_at, joined_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9, $10, $11, $11, $11)""",
            *key, execution, feedback_id, b"d" * 16, said, json.dumps({"about": person}), at,
        )  # fmt: skip
        bind = """INSERT INTO feedback_ids (workspace_id, feedback_id, kind, target_kind, target_id, end_user, at)
                  VALUES ($1, $2, 'thumb', $3, $4, $5, $6)"""
        await self.superuser.execute(bind, workspace_id, feedback_id, kind, target, person, at)
        if replaced:
            earlier = new_uuid()
            await self.superuser.execute(
                """INSERT INTO feedback_history (workspace_id, target_kind, target_id, end_user, kind, feedback_id, digest, value, comment,
                     accepted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)""",
                *key, earlier, b"e" * 16, said, at - timedelta(seconds=1),
            )  # fmt: skip
            await self.superuser.execute(bind, workspace_id, earlier, kind, target, person, at)
        return feedback_id

    async def found(self, word: str, *, but: tuple[str, ...] = ()) -> dict[str, int]:
        """Table → rows in which the word stands, in any column; bytes are read as text."""
        tables = await self.superuser.fetch(
            """SELECT c.relname,
                      array_agg(quote_ident(a.attname) || CASE WHEN a.atttypid = 'bytea'::regtype THEN ' bytes' ELSE '' END) AS columns
                 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition GROUP BY 1"""
        )
        hits: dict[str, int] = {}
        for row in tables:
            if row["relname"] in but:
                continue
            texts = [
                f"coalesce(encode({one.removesuffix(' bytes')}, 'escape'), '')" if one.endswith(" bytes") else f"coalesce({one}::text, '')"
                for one in row["columns"]
            ]
            n = await self.superuser.fetchval(
                f"SELECT count(*) FROM {row['relname']} WHERE strpos({' || chr(10) || '.join(texts)}, $1) > 0", word
            )
            if n:
                hits[row["relname"]] = n
        return hits

    async def rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.superuser.fetch(sql, *args)]
