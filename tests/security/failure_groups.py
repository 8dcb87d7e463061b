"""A tenant's groups of failures, as analytics keeps them."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def failure_groups(own: Mapping[str, str], secret: str) -> tuple[str, str]:
    """The id of a group that holds a wrong answer of the tenant's test run, and the result that it stands in."""
    group_id = hashlib.sha256(secret.encode()).hexdigest()[:16]
    now = datetime.now(UTC).isoformat()
    group: dict[str, Any] = {
        "id": group_id, "name": secret, "words": [secret], "confusion": None, "size": 1, "share": 1.0, "sources": {"test_run": 1},
        "versions": {"1": 1}, "trend": {"older": 0, "newer": 1, "change": None}, "days": [1], "first_at": now, "last_at": now,
        "examples": [],
    }  # fmt: skip
    mine = {"executions": [], "cases": [[own["run"], own["item"]]]}
    return group_id, json.dumps({"groups": [group], "note": secret, "members": {group_id: mine}})
