"""SQL of texts that an endpoint asked for. They are read when they are sent and kept nowhere: what is erased is not sent any more."""

import json
from typing import Any, Final
from uuid import UUID

from burnish_shared.contracts.webhook_body import MAX_BODY_BYTES
from burnish_shared.db.session import Tx
from burnish_webhooks.io.deliveries_store import Due

READ_MOST_BYTES: Final = 2 * MAX_BODY_BYTES
"""PostgreSQL writes JSON with more spaces than we do; what is a little too large is found when the body is made."""


async def load(tx: Tx, due: Due) -> dict[str, Any] | None:
    """The wanted texts of the execution that the event is about; null where none is stored. None for an event without an execution.

    Texts that cannot fit into a body are not read at all: `omitted` says so.
    """
    execution_id = _execution_of(due.body)
    if execution_id is None:
        return None
    row = await tx.fetchrow(
        """
        SELECT CASE WHEN s.fits THEN c.messages END AS messages, CASE WHEN s.fits THEN c.variables END AS variables,
               CASE WHEN s.fits THEN c.output END AS output, s.fits
          FROM execution_contents c
         CROSS JOIN LATERAL (SELECT CASE WHEN 'messages' = ANY ($3::text[]) THEN octet_length(c.messages::text) ELSE 0 END
                                  + CASE WHEN 'variables' = ANY ($3) THEN octet_length(c.variables::text) ELSE 0 END
                                  + CASE WHEN 'output' = ANY ($3) THEN coalesce(octet_length(c.output), 0) ELSE 0 END <= $4 AS fits) s
         WHERE c.workspace_id = $1 AND c.execution_id = $2""",
        due.claim.workspace_id,
        execution_id,
        list(due.include),
        READ_MOST_BYTES,
    )
    if row is not None and not row["fits"]:
        return {"omitted": "too_large"}
    return {name: row[name] if row is not None else None for name in due.include}


def _execution_of(body: bytes) -> UUID | None:
    named = json.loads(body)["data"].get("execution_id")
    try:
        return UUID(named) if isinstance(named, str) else None
    except ValueError:
        return None
