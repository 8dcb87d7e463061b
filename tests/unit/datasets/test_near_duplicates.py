"""Near duplicates of one item are those that comparing all with all finds."""

import random
from collections.abc import Sequence

import pytest

from burnish_gateway.datasets.near_duplicates import near_duplicates, near_duplicates_of

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
