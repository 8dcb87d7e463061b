"""Queues what live evaluations score, in the transaction that counts the executions: each is looked at once (PRODUCT F4)."""

from uuid import UUID

from burnish_analytics.core.live_rules import LiveRule
from burnish_analytics.core.sampling import tasks_of
from burnish_analytics.io import live_score_store as store
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.db.session import Tx


async def sample_scores(tx: Tx, new: FinishedColumns) -> int:
    """Queues those of newly counted executions that somebody wants scored. Returns how many; one indexed look where nobody does."""
    if not len(new):
        return 0
    rules: dict[str, list[LiveRule]] = {}
    for rule in await store.rules_of(tx, {UUID(one) for one in set(new.workspace_id)}):
        rules.setdefault(str(rule.workspace_id), []).append(rule)
    return await store.queue(tx, tasks_of(new, rules)) if rules else 0
