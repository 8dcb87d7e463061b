"""What Langfuse's export says of calls and scores, however odd its values are (PRODUCT P10)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from burnish_gateway.bundle.foreign.convert import convert
from burnish_gateway.bundle.read_bundle import ReadBundle
from burnish_gateway.imports.reported import AGE_MOST

pytestmark = pytest.mark.capability("P10")

NOW = datetime(2026, 6, 1, tzinfo=UTC)
TRACE = "0" * 32
CALL = {
    "id": "o",
    "traceId": TRACE,
    "type": "GENERATION",
    "startTime": "2026-05-31T10:00:00Z",
    "model": "m",
    "input": "Hi.",
    "output": "Yes.",
}
SCORE = {"id": "s", "traceId": TRACE, "name": "user-feedback", "value": 1}


def taken(*rows: dict[str, Any]) -> ReadBundle:
    return convert(json.dumps(rows).encode(), "langfuse", model="auto", name=None, now=NOW)


@pytest.mark.parametrize(
    ("odd", "calls"),
    [
        ({"type": ["GENERATION"]}, 0),
        ({"input": [{"role": ["user"], "content": "Hi."}]}, 1),
        ({"usageDetails": [1], "usage": "x", "costDetails": [2], "level": {}}, 1),
        ({"startTime": 1_700_000_000}, 0),
    ],
)
def test_a_value_of_another_kind_costs_its_row_at_most(odd: dict[str, Any], calls: int) -> None:
    read = taken(CALL | odd, SCORE)
    assert (len(read.executions), len(read.reactions)) == (calls, calls)


def test_a_score_is_no_older_than_what_is_kept() -> None:
    [old] = taken(CALL, SCORE | {"timestamp": "0001-01-01T00:00:00Z"}).reactions
    [unsaid] = taken(CALL, SCORE).reactions
    assert (old.at, unsaid.at) == (NOW - AGE_MOST, NOW)
