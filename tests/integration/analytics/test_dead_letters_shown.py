"""An operator sees how many messages were set aside until they are replayed or given up (PROMISES M-06, M-07)."""

import pytest
from prometheus_client import REGISTRY

from burnish_shared.bus import dead_letters_store
from burnish_shared.bus.dead_letters_store import DeadLetter
from burnish_shared.streams import ANALYTICS_RECORDS, CONSUMERS, EXECUTOR_BATCH
from tests.integration.analytics.traffic import Analytics

RECORDS, BATCH = ANALYTICS_RECORDS.durable, EXECUTOR_BATCH.durable


def letter(consumer: str, stream: str, seq: int, reason: str = "no good") -> DeadLetter:
    return DeadLetter(consumer, stream, seq, "subject", 3, reason, identity=str(seq), payload=b"{}")


def shown() -> dict[str, float]:
    """How many are shown of each consumer, of those that have any."""
    counts = {one.durable: REGISTRY.get_sample_value("burnish_dead_letters", {"consumer": one.durable}) for one in CONSUMERS}
    assert None not in counts.values(), "a series that begins with the first letter tells nothing before it"
    return {consumer: count for consumer, count in counts.items() if count}


@pytest.mark.capability("I1")
@pytest.mark.promise("M-06", "M-07")
async def test_dead_letters_are_shown_until_somebody_has_done_something_about_them(analytics: Analytics) -> None:
    first, second = letter(RECORDS, "RECORDS", 1), letter(RECORDS, "RECORDS", 2)
    unread, ended = letter(BATCH, "EXECUTIONS", 3), letter(BATCH, "EXECUTIONS", 4, "deliveries spent")
    async with analytics.db.unit_of_work() as tx:
        await dead_letters_store.write(tx, [first, second, unread, ended])
    await analytics.housework.tidy()
    assert shown() == {RECORDS: 2, BATCH: 1}, "an execution that used up its deliveries was ended by the sweeper"
    async with analytics.db.unit_of_work() as tx:
        await dead_letters_store.replayable(tx, [first.dead_letter_id])
        await dead_letters_store.discard(tx, [unread.dead_letter_id])
    await analytics.housework.tidy()
    assert shown() == {RECORDS: 1}
    async with analytics.db.unit_of_work() as tx:
        await dead_letters_store.discard(tx, [second.dead_letter_id])
    await analytics.housework.tidy()
    assert shown() == {}
