"""Until when all that was published to each consumer is counted."""

from collections.abc import Mapping
from datetime import datetime

from burnish_shared.db.session import Tx


async def note_through(tx: Tx, through: Mapping[str, datetime]) -> None:
    """Consumer → moment. What is counted stays counted: an answer that was on its way for longer than another's changes nothing."""
    names = sorted(through)
    await tx.execute(
        """INSERT INTO counted_through AS c (consumer, through, said_at)
           SELECT u.consumer, u.through, clock_timestamp() FROM unnest($1::text[], $2::timestamptz[]) u(consumer, through)
           ON CONFLICT (consumer) DO UPDATE SET through = greatest(c.through, excluded.through), said_at = excluded.said_at""",
        names,
        [through[one] for one in names],
    )
