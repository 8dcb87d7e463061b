"""Times that the database's clock set while it ran ahead: what waits for them is due after the longest wait that there is, not later."""

from typing import Final

import structlog

from burnish_shared.db.session import Database
from burnish_webhooks.core import breaker, notice, schedule
from burnish_webhooks.io import clocks_store
from burnish_webhooks.send_notices import LEASE_S

log = structlog.get_logger("burnish.webhooks")

EVERY_S: Final = 60.0
MOST_ROWS: Final = 500
MOST_ROUNDS: Final = 40


async def bring_back(*, db: Database, lease_s: float, order_hold_s: float, factor: float = 1.0) -> int:
    """Brings back what lies further ahead than its schedule could have put it, in bounded transactions. Returns how many rows there were.

    Safe at any time and in several processes at once: what lies within its schedule is left alone.
    """
    stretched = factor * (1 + schedule.JITTER_RATIO)
    slots_s = [slot_s * stretched for slot_s in schedule.SLOTS_S]
    found = 0
    for _ in range(MOST_ROUNDS):
        async with db.unit_of_work() as tx:
            done = await clocks_store.bring_back(
                tx, slots_s=slots_s, longest_s=max(*slots_s, schedule.RETRY_AFTER_MAX_S), lease_s=lease_s, hold_s=order_hold_s,
                pause_s=breaker.PAUSE_S * factor, pause_most_s=breaker.PAUSE_MAX_S * factor, most=MOST_ROWS,
            )  # fmt: skip
        found += done
        if done < MOST_ROWS:
            break
    async with db.unit_of_work() as tx:
        delays_s = [delay_s * factor for delay_s in notice.DELAYS_S]
        found += await clocks_store.bring_back_notices(tx, slots_s=delays_s, asked_s=notice.RETRY_AFTER_MAX_S, lease_s=LEASE_S)
    if found:
        log.warning("webhooks.brought_back", rows=found, reason="the database's clock had run ahead")
    return found
