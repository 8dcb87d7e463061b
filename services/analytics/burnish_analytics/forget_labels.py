"""Forgets labels that are not used any more, and ends the alerts about them: nothing will come that could."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_analytics.announce import RESOLVED_VERSION, announce_alert
from burnish_analytics.core.degradation import PLANS
from burnish_analytics.core.intake import LabelKey
from burnish_analytics.io import alerts_store, detector_store, label_store, live_score_store
from burnish_analytics.io.detector_store import Pair
from burnish_analytics.tell_degradation import KIND
from burnish_shared.db.session import Tx

DAYS: Final = 28
"""What hours of the week were like is learnt from as many."""

FEEDBACK_DAYS: Final = 90
"""Reactions come slower: a target is judged once enough of them have come, however long that took."""

AT_ONCE: Final = 500


async def forget_unused(tx: Tx, workspace_id: UUID, *, now: datetime) -> int:
    """One page of each kind of what one workspace does not use. Safe to repeat. Returns how many rows of memory went."""
    await detector_store.lock_workspace(tx, workspace_id)
    standings = await label_store.forget_feedback(tx, workspace_id=workspace_id, days=FEEDBACK_DAYS, at_most=AT_ONCE)
    scores = await live_score_store.forget_quality(tx, workspace_id, days=DAYS, at_most=AT_ONCE)
    labels = await detector_store.unused_labels(tx, workspace_id=workspace_id, days=DAYS, at_most=AT_ONCE)
    for incident_key in scores:
        await _end(tx, workspace_id, incident_key, now=now)
    return standings + len(scores) + await forget_labels(tx, workspace_id, labels, now=now)


async def forget_labels(tx: Tx, workspace_id: UUID, labels: Collection[Pair], *, now: datetime) -> int:
    """What detectors remember of these (slug, label). The caller holds the workspace's detectors. Returns of how many they did."""
    if not labels:
        return 0
    about = {f"{KIND}:{plan.metric}:{slug}:{label}": (slug, label) for slug, label in labels for plan in PLANS}
    open_ones = await alerts_store.open_of(tx, workspace_id=workspace_id, incident_keys=about.keys())
    for slug, label in sorted({about[one] for one in open_ones}):
        await label_store.lock_label(tx, workspace_id=workspace_id, slug=slug, label=label)
    for incident_key in open_ones:
        await _end(tx, workspace_id, incident_key, now=now)
    return await detector_store.forget_labels(tx, workspace_id=workspace_id, labels=labels)


async def _end(tx: Tx, workspace_id: UUID, incident_key: str, *, now: datetime) -> None:
    ended = await alerts_store.resolve_alert(tx, workspace_id=workspace_id, incident_key=incident_key, resolution="unused", at=now)
    if ended is None:
        return
    await announce_alert(tx, "alert.resolved", ended, at=now, version=RESOLVED_VERSION, resolution="unused")
    if ended.metric == "satisfaction" and ended.slug and ended.label and ended.version:
        await label_store.end_crossing(tx, LabelKey(workspace_id, ended.slug, ended.label, ended.version), at=now)
