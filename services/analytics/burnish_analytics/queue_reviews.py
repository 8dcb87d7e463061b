"""Puts answers into the review queue, in the transaction that counts them or what people said of them (PRODUCT F5)."""

from collections.abc import Collection
from uuid import UUID

from burnish_analytics import metrics
from burnish_analytics.core.finished import Finished
from burnish_analytics.core.review import Complaint, complained_of, doubted, drawn
from burnish_analytics.io import review_store as store
from burnish_shared.db.session import Tx


async def queue_reviews(tx: Tx, *, finished: Finished, complaints: Collection[Complaint]) -> int:
    """Draws from what finished, and takes what somebody was not satisfied with. Safe to call twice. Returns how many rows it touched."""
    prompts = finished.prompts()
    workspaces = {workspace_id for workspace_id, _ in prompts} | {fact.workspace_id for fact, _, _ in complaints}
    if not workspaces:
        return 0
    rules = await store.rules_of(tx, workspaces)
    sampled = [(workspace_id, slug) for workspace_id, slug in prompts if rules.of(workspace_id, slug).sample_ratio > 0]
    candidates = drawn(finished.facts_of(sampled), rules) + complained_of(complaints, rules)
    queued = await store.add(tx, candidates) if candidates else 0
    metrics.reviews_queued_total.inc(queued)
    return queued


async def queue_doubted(tx: Tx, workspace_id: UUID, scored: Collection[UUID]) -> int:
    """Takes those of these executions that evaluators are not sure of, or disagree about. Safe to call twice. Returns how many rows."""
    found = await store.doubtful(tx, workspace_id, scored) if scored else []
    candidates = doubted(found, await store.rules_of(tx, {workspace_id})) if found else []
    queued = await store.add(tx, candidates) if candidates else 0
    metrics.reviews_queued_total.inc(queued)
    return queued
