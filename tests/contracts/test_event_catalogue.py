"""Catalogue, golden files and emitters say the same of each event."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from burnish_shared.contracts.event_catalogue import CATALOGUE, faults
from burnish_shared.contracts.events import EVENT_TYPES, Event

GOLDEN = Path(__file__).with_name("golden")

pytestmark = [pytest.mark.promise("M-12"), pytest.mark.capability("W2")]

TEXTS = {"messages", "content", "output", "comment", "correction", "variables", "text"}
"""Names of fields with text of prompts or answers: no data of an event has one."""


def test_the_catalogue_holds_every_event() -> None:
    assert set(CATALOGUE) == set(EVENT_TYPES)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_the_golden_file_of_an_event_keeps_to_its_contract(event_type: str) -> None:
    assert list(faults(_golden(event_type))) == []


@pytest.mark.promise("P-08")
@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_no_contract_has_a_place_for_texts(event_type: Any) -> None:
    assert not TEXTS & set(_names(CATALOGUE[event_type].data.model_json_schema()))


def test_what_is_missing_unknown_or_of_another_kind_is_found() -> None:
    good = _golden("prompt.label.moved")
    for data in ({}, good.data | {"one_more": 1}, good.data | {"version": "two"}):
        assert list(faults(good.model_copy(update={"data": data})))


def _golden(event_type: str) -> Event:
    return Event.model_validate_json((GOLDEN / "v1" / f"event.{event_type}.json").read_bytes())


def _names(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inner in schema.values():
            yield from _names(inner)
