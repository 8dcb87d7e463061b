"""Finished executions read column by column say what the contract says, and refuse what it refuses (A2)."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from burnish_shared.contracts.executions import CompletedBatch, CompletedItem, Lane, Status
from burnish_shared.contracts.finished_columns import NAMES, FinishedColumns
from burnish_shared.ids import new_uuid
from tests.integration.analytics.traffic import NOON

pytestmark = pytest.mark.capability("A2")


def item(**changed: Any) -> CompletedItem:
    given: dict[str, Any] = {
        "execution_id": new_uuid(), "workspace_id": new_uuid(), "lane": Lane.BATCH, "status": Status.TIMEOUT, "model": "m", "provider": "p",
        "input_tokens": 1, "output_tokens": 2, "cost_nusd": 3, "latency_ms": 4, "finished_at": NOON,
    }  # fmt: skip
    return CompletedItem.model_validate(given | changed)


def body(*items: dict[str, Any]) -> bytes:
    return json.dumps({"v": 1, "event_id": "e", "items": list(items)}).encode()


def test_every_field_of_the_contract_is_a_column() -> None:
    assert set(NAMES) == set(CompletedItem.model_fields)


def test_columns_hold_what_the_contract_reads() -> None:
    batch = CompletedBatch(event_id="e", items=[item(), item(slug="route", end_user="é\u2028", experiment_id=new_uuid(), first_token_ms=9)])
    rows = FinishedColumns.read(batch.model_dump_json().encode())
    assert len(rows) == 2
    for n, one in enumerate(batch.items):
        assert {name: getattr(rows, name)[n] for name in NAMES} == one.model_dump(mode="json")
    assert FinishedColumns.joined([rows.take([1]), rows.take(slice(0, 1))]).execution_id == rows.execution_id[::-1]


def test_a_form_that_only_the_contract_knows_is_read_by_it() -> None:
    """Fields that are left out, other spellings of ids and times, fields from a later release."""
    one = json.loads(item().model_dump_json(exclude_defaults=True))
    other = one | {"execution_id": one["execution_id"].upper(), "finished_at": "2026-11-19T13:00:07+01:00", "cost_nusd": "3", "later": 1}
    rows = FinishedColumns.read(body(one, other))
    assert rows.execution_id == [one["execution_id"]] * 2 and rows.finished_at[1] == "2026-11-19T12:00:07Z"
    assert rows.cost_nusd == [3, 3] and rows.cached == [False, False]
    assert len(FinishedColumns.read(body())) == 0


@pytest.mark.parametrize(
    "wrong",
    [{"status": "won"}, {"execution_id": "x"}, {"model": None}, {"cost_nusd": 1.5}, {"finished_at": "yesterday"}, {"workspace_id": 7},
     {"finished_at": "2026-11-31T00:00:00Z"}],
)  # fmt: skip
def test_what_the_contract_refuses_is_refused(wrong: dict[str, Any]) -> None:
    one = item().model_dump(mode="json")
    for read in (CompletedBatch.model_validate_json, FinishedColumns.read):
        with pytest.raises(ValidationError):
            read(body(one, one | wrong))


@pytest.mark.parametrize(
    "wrong", [b"", b"[]", b"{}", b'{"v": 2, "event_id": "e", "items": []}', b"\xff", b'{"v": 1, "event_id": "e", "items": [7]}']
)
def test_what_is_no_batch_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValidationError):
        FinishedColumns.read(wrong)
