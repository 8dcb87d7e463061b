"""The count of tickets that all executors share (sql/0030_provider_limits.sql). Never flushed: what it knows is a minute old at most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from burnish_executor.core.tickets import LIFE_S, Wish
from burnish_shared.db.session import DurableConnection, Tx

WINDOW_S: Final = 60 + LIFE_S + 2
"""In any so many seconds at most the limit is borrowed, so that in no minute more is used: a ticket may be used LIFE_S after it was
borrowed, the count knows whole seconds, and calls that leave us at different times may arrive a little closer together."""

BORROW: Final = "SELECT granted, second, wait_ms FROM borrow_tickets($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"


@dataclass(frozen=True, slots=True)
class Lent:
    """What came of one wish. `wait_s`: when the least that was asked for may be there; 0: something was lent, or nothing was wanted."""

    tickets: int
    second: int
    wait_s: float


async def borrow(connection: DurableConnection, wishes: Sequence[Wish]) -> list[Lent]:
    """One for each wish; no two of them for one limit. Raises what asyncpg raises; then nothing was borrowed, or nobody will use it."""
    order = sorted(range(len(wishes)), key=lambda index: wishes[index].rate_id)
    asked = [wishes[index] for index in order]
    backs = [(slot, second, tickets) for slot, wish in enumerate(asked, start=1) for second, tickets in wish.back.items()]
    row = await connection.fetchrow(
        BORROW,
        [wish.rate_id for wish in asked],
        [wish.per_minute for wish in asked],
        [wish.want for wish in asked],
        [wish.least for wish in asked],
        [wish.used for wish in asked],
        [int(wish.used_for_s) for wish in asked],
        [slot for slot, _, _ in backs],
        [second for _, second, _ in backs],
        [tickets for _, _, tickets in backs],
        int(WINDOW_S),
    )
    if row is None:
        raise RuntimeError("borrow_tickets answered nothing")
    columns = zip(row["granted"], row["second"], row["wait_ms"], strict=True)
    lent = [Lent(tickets, second, wait_ms / 1000) for tickets, second, wait_ms in columns]
    answers: list[Lent] = [lent[0]] * len(lent)
    for position, index in enumerate(order):
        answers[index] = lent[position]
    return answers


async def forget_idle(tx: Tx) -> int:
    """Limits that nobody has asked for in an hour. Returns how many."""
    forgotten: int = await tx.fetchval("SELECT forget_ticket_windows()")
    return forgotten
