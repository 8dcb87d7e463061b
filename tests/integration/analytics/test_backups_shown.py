"""An operator hears of backups that are taken no more (PRODUCT I1)."""

import time

import pytest
from prometheus_client import REGISTRY

from burnish.backup.take import note_taken
from tests.integration.analytics.traffic import Analytics


def taken(kind: str) -> float | None:
    return REGISTRY.get_sample_value("burnish_backup_taken_timestamp_seconds", {"kind": kind})


@pytest.mark.capability("I1")
async def test_when_backups_were_taken_is_shown_of_each_kind_that_ever_was(analytics: Analytics) -> None:
    await analytics.housework.tidy()
    assert taken("whole") is None, "who backs up otherwise hears no alert"
    began = time.time()
    await note_taken(analytics.superuser_url, "whole")
    await analytics.housework.tidy()
    first = taken("whole")
    assert first is not None and first >= began - 1 and taken("erasures") is None
    await note_taken(analytics.superuser_url, "whole")
    await note_taken(analytics.superuser_url, "erasures")
    await analytics.housework.tidy()
    assert (taken("whole") or 0) > first and taken("erasures") is not None
