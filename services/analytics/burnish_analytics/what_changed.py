"""What changed at about the time of an alert about one (prompt, label): the models that answer, and how much is asked."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from burnish_analytics.core.changes import changes_of
from burnish_analytics.io import season_store
from burnish_shared.db.session import Tx


async def other_changes(tx: Tx, label: tuple[UUID, str, str], *, now: datetime) -> dict[str, Any]:
    """Models and traffic of the last one to two hours beside those of the day before. `label`: workspace, slug, label."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    recent_from, before_from = this_hour - timedelta(hours=1), this_hour - timedelta(hours=25)
    before, hours_before = await season_store.calls_by_model(tx, label, since=before_from, until=recent_from)
    recent, _ = await season_store.calls_by_model(tx, label, since=recent_from, until=this_hour + timedelta(hours=1))
    hours_recent = (now - recent_from).total_seconds() / 3600
    return changes_of(before, recent, hours_before=hours_before, hours_recent=hours_recent)
