"""Messages as they were once written: what is on a stream, in the outbox or at a customer's stays readable (PROMISES M-12)."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from burnish_shared.contracts.events import EVENT_TYPES, Event
from burnish_shared.contracts.executions import SUCCEEDED
from tests.snapshots.reference import CONTRACTS

GOLDEN = Path(__file__).with_name("golden")

pytestmark = pytest.mark.promise("M-12")


def files() -> list[Path]:
    return sorted(GOLDEN.glob("v*/*.json"))


def contract_of(path: Path) -> type[BaseModel]:
    return CONTRACTS[path.name.partition(".")[0]]


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_old_message_parses_and_loses_nothing(path: Path) -> None:
    written = json.loads(path.read_text())
    read = contract_of(path).model_validate_json(path.read_bytes())
    assert dict(leaves(written)).items() <= dict(leaves(read.model_dump(mode="json"))).items() | same_moments(written, read)


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_message_of_a_newer_release_parses_too(path: Path) -> None:
    """A field that this release does not know is passed over, at every depth that a contract describes."""
    newer = json.loads(path.read_text()) | {"a_field_of_tomorrow": {"x": 1}}
    for item in newer.get("items", []):
        item["another_field_of_tomorrow"] = "y"
    assert contract_of(path).model_validate(newer)


def test_there_is_a_golden_file_for_every_contract_and_every_event() -> None:
    names = {path.stem for path in files()}
    assert {f"event.{kind}" for kind in EVENT_TYPES} <= names
    assert set(CONTRACTS) - {"event"} <= names


def test_golden_files_are_never_edited() -> None:
    """They are the past. A new version of a contract brings new files beside them."""
    listed = dict(reversed(line.split("  ")) for line in (GOLDEN / "SHA256SUMS").read_text().splitlines())
    found = {f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in files()}
    assert found == listed


@pytest.mark.promise("P-08")
def test_events_carry_no_text_of_prompts_or_answers() -> None:
    for path in files():
        if contract_of(path) is Event:
            assert not {"messages", "content", "output", "comment", "variables", "text"} & {
                place[-1] for place, _ in leaves(json.loads(path.read_text()))
            }


def test_success_is_told_without_parsing() -> None:
    for path in GOLDEN.glob("v*/execution_outcome*.json"):
        outcome = CONTRACTS["execution_outcome"].model_validate_json(path.read_bytes())
        assert outcome.model_dump_json().encode().startswith(SUCCEEDED) == (json.loads(path.read_text())["status"] == "success")


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value that is no container, with the way to it."""
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*place, key))
    else:
        yield place, value if not isinstance(value, dict | list) else str(value)


def same_moments(written: Any, read: BaseModel) -> set[tuple[tuple[Any, ...], Any]]:
    """Moments that are written in another of RFC 3339's ways."""
    again = dict(leaves(read.model_dump(mode="json")))
    return {(place, value) for place, value in leaves(written) if isinstance(value, str) and str(again.get(place)) == _plain(value)}


def _plain(moment: str) -> str:
    return moment.replace("+00:00", "Z").replace(".000000Z", "Z")
