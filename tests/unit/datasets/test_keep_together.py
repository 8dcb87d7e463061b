"""What belongs together falls into one split, in whatever order it comes."""

import json
import random
from hashlib import sha256

import pytest

from burnish_gateway.datasets.bodies import read_items
from burnish_gateway.datasets.item import NewItem, Split, by_hash, counted
from burnish_gateway.datasets.keep_together import Held, placed
from burnish_shared.errors import BadRequest
from burnish_shared.ids import new_uuid

pytestmark = pytest.mark.capability("D1")

WORDS = [f"w{n}" for n in range(3_000)]


def texts(n: int, *, seed: int = 1) -> list[str]:
    dice = random.Random(seed)
    return [" ".join(dice.choices(WORDS, k=9)) for _ in range(n)]


def new(text: str, **fields: object) -> NewItem:
    return NewItem(input=text, expected="x", **fields)  # type: ignore[arg-type]


def held(text: str, split: Split, group: str | None = None) -> Held:
    return Held(text, split, group, new_uuid(), NewItem(text, "").content_hash)


def test_near_duplicates_share_a_split_in_any_order() -> None:
    items = [new(text + tail) for text in texts(120) for tail in ("", " please", " thank you")]
    found = placed(items, held=[])
    clusters = [{found[3 * n + k].split for k in range(3)} for n in range(120)]
    assert all(len(one) == 1 for one in clusters)
    shuffled = items[:]
    random.Random(3).shuffle(shuffled)
    assert {one.text: one.split for one in placed(shuffled, held=[])} == {one.text: one.split for one in found}
    assert all(count > 30 for count in counted(str(one.split) for one in found).values())


def test_a_group_shares_a_split_now_and_later() -> None:
    own = {"group": "ada@example.org"}
    first = placed([new(text, metadata=own) for text in texts(12)], held=[])
    assert {one.split for one in first} == {by_hash(sha256(own["group"].encode()).digest())}
    other = held("something of hers", "test", own["group"])
    assert placed([new("one more of hers", metadata=own)], held=[other])[0].split == "test"
    assert {one.split for one in placed([new(text, metadata=own) for text in texts(15, seed=2)], held=[other])} == {"test"}


def test_what_is_stored_or_given_never_moves_and_others_follow_it() -> None:
    [text] = texts(1)
    for split in ("train", "validation", "test"):
        there = [held(text, split)]
        assert placed([new(f"{text} please")], held=there)[0].split == split
        assert placed([new(f"{text} please"), *map(new, texts(12, seed=5))], held=there)[0].split == split
        given = placed([new(text, split=split), new(f"{text} please")], held=[])
        assert [one.split for one in given] == [split, split]
    assert placed([new(f"{text} please", split="train")], held=[held(text, "test")])[0].split == "train", "a given split wins"


def test_of_a_group_the_stored_item_decides_before_one_that_comes_with_a_split() -> None:
    """What was tested on goes on being tested on, whatever a later upload says of one of its like."""
    own = {"group": "ada@example.org"}
    other = held("something of hers", "test", own["group"])
    given, free = placed([new("given by her", split="train", metadata=own), new("one more of hers", metadata=own)], held=[other])
    assert (given.split, free.split) == ("train", "test")


def test_a_form_that_all_are_written_in_does_not_pull_them_into_one_split() -> None:
    items = [new(f"dear desk i would like to ask about order number {n} thank you very much") for n in range(150)]
    counts = counted(str(one.split) for one in placed(items, held=[]))
    assert min(counts.values()) > 10


def test_what_was_made_up_is_never_in_test() -> None:
    made_up = [new(text, metadata={"synthetic": True}) for text in texts(200)]
    assert counted(str(one.split) for one in placed(made_up, held=[]))["test"] == 0
    assert counted(one.place for one in made_up)["test"] == 0
    with pytest.raises(BadRequest, match="made up"):
        read_items(b'{"items": [{"input": "a", "expected": "b", "split": "test", "synthetic": true}]}', content_type="application/json")
    for marked in ('"synthetic": "yes"', '"synthetic": true', '"synthetic": 1', '"synthetic": "True"'):
        line = f'{{"input": "a", "expected": "b", "metadata": {{{marked}}}}}'
        [item] = read_items(line.encode(), content_type="application/jsonl").items
        assert item.synthetic and item.metadata == {"synthetic": True}, marked
        with pytest.raises(BadRequest, match="made up"):
            read_items(line.replace('"metadata"', '"split": "test", "metadata"').encode(), content_type="application/jsonl")
    for kept in ("no", False, "polymer", None):
        [item] = read_items(
            json.dumps({"items": [{"input": "a", "expected": "b", "metadata": {"synthetic": kept}}]}).encode(),
            content_type="application/json",
        ).items
        assert not item.synthetic and item.metadata == {"synthetic": kept}
    [item] = read_items(b"input,expected,synthetic\na,b,yes\n", content_type="text/csv").items
    assert item.synthetic


def test_what_is_like_a_made_up_item_is_not_tested_on_either() -> None:
    """The made-up one is trained on, so its like would be a test that the search had seen."""
    for number, text in enumerate(texts(200)):
        pair = [new(text), new(f"{text} please", metadata={"synthetic": True})]
        in_group = [new(f"{number}", metadata={"group": f"g{number}"}), new(text, metadata={"group": f"g{number}", "synthetic": True})]
        for items in (pair, in_group):
            assert len({one.split for one in placed(items, held=[])}) == 1, text
    [kept] = placed([new(f"{text} please", metadata={"synthetic": True})], held=[held(text, "test")])
    assert kept.split == "train", "what is stored never moves"


def test_a_group_that_is_a_number_is_a_group() -> None:
    one, other = placed([new("a b c d", metadata={"group": 42}), new("e f g h", metadata={"group": "42"})], held=[])
    assert one.split == other.split and one.metadata == {"group": 42}
    for place in ("train", "validation", "test"):
        [item] = placed([new("i j k l", metadata={"group": 42})], held=[held("m n o p", place, "42")])
        assert item.split == place
    assert new("a", metadata={"group": True}).group is None


def test_a_group_is_kept_as_it_is_given_so_that_an_erasure_finds_it() -> None:
    items = [{"input": "a", "expected": "b", "group": "ada@example.org"}, {"input": "c", "expected": "d", "metadata": {"group": "g2"}}]
    first, second = read_items(json.dumps({"items": items}).encode(), content_type="application/json").items
    assert (first.metadata, first.group, second.group) == ({"group": "ada@example.org"}, "ada@example.org", "g2")
