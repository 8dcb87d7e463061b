"""One effect for each event, however often it is delivered (PROMISES M-02)."""

from collections.abc import Sequence

from burnish_shared.db.session import Tx


async def claim_events(tx: Tx, *, consumer: str, event_ids: Sequence[str]) -> set[str]:
    """Of these event ids, the ones that `consumer` sees for the first time. Call it in the transaction of the effect."""
    rows = await tx.fetch(
        "INSERT INTO event_ids (consumer, event_id) SELECT $1, one FROM unnest($2::text[]) one ORDER BY one "
        "ON CONFLICT DO NOTHING RETURNING event_id",
        consumer,
        sorted(set(event_ids)),
    )
    return {row["event_id"] for row in rows}
