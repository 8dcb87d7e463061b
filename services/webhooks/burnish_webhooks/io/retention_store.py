"""SQL of partitions and of what is old."""

from burnish_shared.db.session import Tx


async def ensure_partitions(tx: Tx, *, days_ahead: int) -> None:
    """Makes the partitions of the coming days; harmless when they are there."""
    await tx.execute("SELECT ensure_partitions($1)", days_ahead)


async def forget_old(tx: Tx, *, retention_days: int, most_rows: int) -> int:
    """Drops at most one day of deliveries or attempts, and at most `most_rows` old rows of each other place, deleted endpoints among them.

    0: nothing is left to do.
    """
    done: int = await tx.fetchval("SELECT forget_old_webhooks($1, $2) + forget_webhook_endpoints($1, $2)", retention_days, most_rows)
    return done
