"""Until when all that was told to each consumer is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from burnish_shared.db.session import Tx

RELAYS = ("executor", "gateway")
"""Services whose relays publish finished executions and feedback."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was seen at `asked_at`, by the database's clock. `unsent`: subject → since when its oldest message waits to be published;
    a subject of which none waits is missing."""

    asked_at: datetime
    unsent: Mapping[str, datetime]


async def read_unsent(tx: Tx, subjects: Sequence[str]) -> Reading:
    """What is not published yet. Of each relay the index has its unsent rows alone, the oldest first."""
    rows = await tx.fetch(
        """SELECT clock_timestamp() AS asked_at, s.subject, min(o.created_at) AS since
             FROM unnest($1::text[]) s(subject) CROSS JOIN unnest($2::text[]) r(service)
             LEFT JOIN LATERAL (SELECT created_at FROM outbox
                                 WHERE service = r.service AND subject = s.subject AND sent_at IS NULL ORDER BY outbox_id LIMIT 1) o ON true
            GROUP BY s.subject""",
        list(subjects),
        list(RELAYS),
    )
    return Reading(min(row["asked_at"] for row in rows), {row["subject"]: row["since"] for row in rows if row["since"] is not None})


async def note_through(tx: Tx, through: Mapping[str, datetime], *, asked_at: datetime) -> None:
    """Consumer → moment. The newest reading stands, also where it is of an earlier moment than the one before: what was published again
    is to be counted again. An answer that was on its way for longer than another's changes nothing. Never a moment that is to come."""
    names = sorted(through)
    await tx.execute(
        """INSERT INTO counted_through AS c (consumer, through, said_at)
           SELECT u.consumer, least(u.through, clock_timestamp()), least($3, clock_timestamp())
             FROM unnest($1::text[], $2::timestamptz[]) u(consumer, through)
           ON CONFLICT (consumer) DO UPDATE SET through = excluded.through, said_at = excluded.said_at
            WHERE excluded.said_at >= c.said_at OR c.said_at > clock_timestamp()""",
        names,
        [through[one] for one in names],
        asked_at,
    )
