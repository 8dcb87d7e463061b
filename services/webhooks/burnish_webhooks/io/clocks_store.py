"""SQL that brings back what a clock that ran ahead left behind."""

from collections.abc import Sequence

from burnish_shared.db.session import Tx


async def bring_back(
    tx: Tx, *, slots_s: Sequence[float], longest_s: float, lease_s: float, hold_s: float, pause_s: float, pause_most_s: float, most: int
) -> int:
    """Deliveries and endpoints that wait longer than they can have been asked to; at most `most` of each. Returns how many of both."""
    done: int = await tx.fetchval(
        "SELECT bring_back_webhooks($1, $2, $3, $4, $5, $6, $7)", list(slots_s), longest_s, lease_s, hold_s, pause_s, pause_most_s, most
    )
    return done


async def bring_back_notices(tx: Tx, *, slots_s: Sequence[float], asked_s: float, lease_s: float) -> int:
    """The same for notices of alert channels and for mails."""
    done: int = await tx.fetchval("SELECT bring_back_notices($1, $2, $3)", list(slots_s), asked_s, lease_s)
    return done
