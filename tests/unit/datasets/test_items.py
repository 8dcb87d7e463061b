"""Items, splits, uploads, near-duplicates: pure."""

import json

import pytest

from burnish_gateway.datasets.bodies import read_dataset, read_items
from burnish_gateway.datasets.item import NewItem, counted, split_named
from burnish_gateway.datasets.near_duplicates import near_duplicates
from burnish_shared.errors import BadRequest, InvalidField


@pytest.mark.capability("D1")
def test_an_item_falls_into_the_same_split_whatever_comes_with_it() -> None:
    first = NewItem(input="where is my card", expected="cards")
    assert first.place == NewItem(input="where is my card", expected="other", metadata={"a": 1}).place
    variables = NewItem(input={"b": 1, "a": 2}, expected="x")
    assert variables.place == NewItem(input={"a": 2, "b": 1}, expected="x").place
    assert variables.content_hash == NewItem(input={"a": 2, "b": 1}, expected="x").content_hash


def test_the_splits_by_hash_have_about_their_shares() -> None:
    counts = counted(NewItem(input=f"ticket {number}", expected="x").place for number in range(2_000))
    assert counts["train"] == pytest.approx(1_000, abs=80)
    assert counts["validation"] == pytest.approx(400, abs=60)
    assert counts["test"] == pytest.approx(600, abs=70)


def test_a_given_split_wins_and_val_means_validation() -> None:
    name, read = read_dataset(
        b'{"name": "d", "items": [{"input": "a", "expected": "b", "split": "val"}, {"input": "c", "expected": "d", "split": "test"}]}',
        content_type="application/json",
        name=None,
    )
    assert name == "d"
    assert [item.place for item in read.items] == ["validation", "test"]
    with pytest.raises(ValueError, match="train, validation, test"):
        split_named("holdout")


def test_what_is_said_of_a_file_is_not_passed_over_beside_json() -> None:
    raw = b'{"name": "d", "items": [{"input": "a", "expected": "b"}]}'
    for beside, field in (
        ({"name": "e"}, "name"),
        ({"mapping": {"a": "input"}}, "map"),
        ({"blank": "leave_out"}, "leave_out_blank"),
        ({"blank": "keep"}, "keep_blank"),
    ):
        with pytest.raises(InvalidField, match="belongs to a file") as refused:
            read_dataset(raw, content_type="application/json", **({"name": None} | beside))
        assert refused.value.param == field
    with pytest.raises(InvalidField, match="belongs to a file"):
        read_items(b'{"items": [{"input": "a", "expected": "b"}]}', content_type="application/json", blank="leave_out")


def test_a_jsonl_file_from_elsewhere_can_be_sent_as_it_is() -> None:
    first = {"id": "x-1", "split": "train", "input": "hi", "expected": "a", "source_intent": "greeting"}
    lines = [first, {"input": "yo", "expected": "b"}]
    raw = "\n".join(json.dumps(line) for line in lines).encode() + b"\n\n"
    _, read = read_dataset(raw, content_type="application/x-ndjson", name="tickets")
    items = read.items
    assert items[0].metadata == {"id": "x-1", "source_intent": "greeting"}
    assert [item.input for item in items] == ["hi", "yo"]


def test_a_csv_file_names_its_columns() -> None:
    raw = 'input,expected,split,channel\n"My ""new"" card,\nplease",cards,val,mail\nfees?,fees,,chat\n'.encode("utf-8-sig")
    items = read_items(raw, content_type="text/csv; charset=utf-8").items
    assert items[0] == NewItem(input='My "new" card,\nplease', expected="cards", split="validation", metadata={"channel": "mail"})
    assert items[1].split is None


@pytest.mark.parametrize(
    ("raw", "content_type", "names"),
    [
        (b'{"input": "a"}', "application/x-ndjson", "No line has expected"),
        (b'{"input": "a", "expected": "b"}\nnonsense', "application/x-ndjson", "Line 2"),
        (b"input,expected\na,b,c\n", "text/csv", "Line 2"),
        (b"input,expected\n", "text/csv", "no item"),
        (b"\xff\xfe\x00", "text/csv", "UTF-8"),
        (b"x", "application/pdf", "application/pdf"),
        (b'{"items": []}', "application/json", "items"),
        (b'{"items": [{"input": "a", "expected": "b", "split": "holdout"}]}', "application/json", "split"),
    ],
)
def test_what_is_no_dataset_is_refused_with_the_place_of_the_fault(raw: bytes, content_type: str, names: str) -> None:
    with pytest.raises(BadRequest, match=names):
        read_items(raw, content_type=content_type)


def test_near_duplicates_are_found_across_splits_only() -> None:
    texts = ["my new card has not arrived yet", "my new card has not arrived", "My new card has not arrived yet!", "something else"]
    found = near_duplicates(texts, ["train", "test", "train", "test"])
    assert [(pair.first, pair.second) for pair in found] == [(0, 1), (1, 2)]
    assert found[0].similarity == 0.8
