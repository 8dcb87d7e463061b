"""Near duplicates of one item are those that comparing all with all finds."""

import random
from collections.abc import Sequence

import pytest

from burnish_gateway.datasets.item import NewItem
from burnish_gateway.datasets.near_duplicates import PAIRS_MOST, _near, alike, near_duplicates, near_duplicates_of

pytestmark = pytest.mark.capability("D1")

WORDS = [f"word{n}" for n in range(60)]


def made(dice: random.Random, before: Sequence[str]) -> str:
    """A text, often one of those before with a few words changed."""
    if before and dice.random() < 0.6:
        words = dice.choice(before).split()
        for _ in range(dice.randint(0, 4)):
            words[dice.randrange(len(words))] = dice.choice(WORDS)
        return " ".join(words)
    return " ".join(dice.choices(WORDS, k=dice.randint(1, 14)))


@pytest.mark.parametrize("seed", range(20))
def test_one_item_has_the_pairs_that_all_together_give_it(seed: int) -> None:
    dice = random.Random(seed)
    texts: list[str] = []
    for _ in range(60):
        texts.append(made(dice, texts))
    splits = dice.choices(["train", "validation", "test"], k=len(texts))
    everything = {(pair.first, pair.second): pair.similarity for pair in near_duplicates(texts, splits)}
    assert len(everything) < 100, "the longest report would cut it"
    last = len(texts) - 1
    alone = {(there, last): like for there, like in near_duplicates_of(texts[last], splits[last], among=texts, splits=splits)}
    assert alone == {pair: like for pair, like in everything.items() if last in pair}


def test_case_and_punctuation_make_no_difference_and_a_text_without_words_is_like_nothing() -> None:
    texts = ["My card, was CHARGED twice!", "...", ""]
    found = near_duplicates_of("my card was charged twice", "train", among=texts, splits=["test", "test", "test"])
    assert found == [(0, 1.0)]
    assert near_duplicates_of("!!!", "train", among=texts, splits=["test"] * 3) == []


def loosely_alike(dice: random.Random, *, items: int, words: int) -> list[str]:
    """Texts that hold nine in ten of the same phrases each."""
    phrases = [[f"w{dice.randrange(700)}" for _ in range(5)] for _ in range(words // 5)]
    return [" ".join(word for phrase in phrases if dice.random() < 0.9 for word in phrase) for _ in range(items)]


def counted(texts: Sequence[str], *, most: int) -> tuple[int, dict[tuple[int, int], float]]:
    """How often a pair was looked at, and what was found."""
    looks: list[tuple[int, int]] = []

    def matters(first: int, second: int) -> bool:
        looks.append((first, second))
        return True

    found = dict(_near(texts, matters, most=most))
    return len(looks), found


def test_the_work_is_bounded_and_a_sample_finds_what_all_would() -> None:
    """Many texts of one form took minutes: each phrase of theirs stood for 20,000 pairs."""
    dice = random.Random(5)
    texts = [text for _ in range(4) for text in loosely_alike(dice, items=40, words=300)]
    texts += [" ".join(dice.choices(WORDS, k=300)) for _ in range(40)]
    all_looks, exactly = counted(texts, most=10**9)
    looks, sampled = counted(texts, most=20_000)
    assert all_looks > 100_000 and looks <= 20_000
    wanted = {pair for pair, value in exactly.items() if value >= 0.6}
    assert len(wanted) > 1_000 and len(wanted - sampled.keys()) < len(wanted) * 0.15
    assert sampled.items() <= exactly.items(), "what is told is so by all of both texts"
    assert counted(texts, most=20_000)[1] == sampled, "the same ones, whoever looks"


def test_a_sample_takes_no_texts_for_alike_that_have_a_third_in_common() -> None:
    """A small share of a file's comparisons told 100 pairs of such texts, as alike as 1.0, and left the copy among them out."""
    dice = random.Random(7)
    phrases = [" ".join(f"w{dice.randrange(9_000)}" for _ in range(10)) for _ in range(60)]
    texts = [" ".join(dice.sample(phrases, 20)) for _ in range(200)]
    _, exactly = counted(texts, most=10**9)
    assert exactly == {}
    texts[150] = f"{texts[3]} please"
    for most in (10_000, 20_000, 40_000):
        looks, found = counted(texts, most=most)
        assert looks <= most and list(found) == [(3, 150)], most


def test_texts_that_repeat_one_another_are_counted_once_and_not_for_each_phrase() -> None:
    phrases = " ".join(f"w{n}" for n in range(500))
    looks, found = counted([f"{phrases} end{n}" for n in range(100)], most=PAIRS_MOST)
    assert len(found) == 100 * 99 // 2 and looks <= 2 * len(found) and min(found.values()) > 0.99


def test_pictures_are_told_apart_and_the_same_one_is_told() -> None:
    """The names of fields, and the letters that pictures begin with alike, made items of one form alike that showed something else."""

    def item(pixels: str, asked: str) -> NewItem:
        file = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{'JVBERi0x/' * 400}{pixels}"}}
        return NewItem({"history": [{"role": "user", "content": [{"type": "text", "text": asked}, file]}]}, "yes")

    first = item("one", "Is this bill from our own shop or another one")
    again, other = (
        item("one", "Is this bill from our own shop or some other one"),
        item("two", "What was bought in June by the customer named here"),
    )
    found = near_duplicates([first.text, other.text, again.text], ["train", "test", "test"])
    assert [(pair.first, pair.second) for pair in found] == [(0, 2)]
    assert "JVBERi0x" not in first.text


def test_two_that_are_filled_in_alike_are_found_in_a_form_that_everything_is_written_in() -> None:
    texts = [f"My order {n} has not arrived, and I want my money back now please" for n in range(400)]
    again = [f"{text}!" for text in texts[:3]]
    found = near_duplicates([*texts, *again], ["train"] * 400 + ["test", "validation", "train"])
    assert [(pair.first, pair.second, pair.similarity) for pair in found] == [(0, 400, 1.0), (1, 401, 1.0)]
    assert {(0, 400), (1, 401), (2, 402)} <= set(alike([*texts, *again]))


@pytest.mark.parametrize("most", [PAIRS_MOST, 2_000], ids=["all", "a sample"])
def test_two_that_differ_in_a_few_words_are_found_in_a_form_that_everything_is_written_in(most: int) -> None:
    dice = random.Random(3)
    form = " ".join(f"field{n}" for n in range(30))
    said = [" ".join(f"w{dice.randrange(4_000)}" for _ in range(20)) for _ in range(400)]
    texts = [f"{form} {words}" for words in said]
    texts.append(f"{form} {said[7].rsplit(' ', 2)[0]} in June")
    texts.append(f"{form} {said[9].rsplit(' ', 15)[0]} {' '.join(f'other{n}' for n in range(15))}")
    found = near_duplicates(texts, ["train"] * 400 + ["test"] * 2, most=most)
    assert [(pair.first, pair.second) for pair in found] == [(7, 400)], "what has little but the form in common is not told"
    alone = near_duplicates_of(texts[400], "test", among=texts[:400], splits=["train"] * 400)
    assert found[0].similarity == dict(alone)[7], "as alike as all of their words are"


def test_many_that_say_the_same_are_each_told_once() -> None:
    found = near_duplicates(["Where is my parcel now?"] * 300, ["train", "test"] * 150)
    assert len(found) == 100
    assert [pair.second for pair in found] == list(range(1, 200, 2)), "each test item with one of train"
