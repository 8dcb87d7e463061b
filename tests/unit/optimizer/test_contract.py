"""What no candidate may lose, checked with made-up texts."""

import re
import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_optimizer.search.guard import Guard
from burnish_optimizer.search.likeness import Likeness, align
from burnish_optimizer.search.operators import OPERATORS, Vocabulary, crossover
from burnish_optimizer.search.rewrite import differences, lines_of
from burnish_optimizer.search.task import Edit, Item, Task
from burnish_shared.contracts.searches import Search
from burnish_shared.prompt_contract import LINES_DIFFED, Contract, breach, changed_lines, tags_in, tokens_in, variables_in, without_tags

words = st.lists(st.sampled_from("sort the ticket well please answer label only {{a}} {{b.c}} 1 to 5".split()), max_size=8).map(" ".join)
texts = st.lists(words, min_size=1, max_size=6).map("\n".join)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ("Sort {{t}}.\nRate 1 to 5.\n- keep", None),
        ("Sort.\nRate 1 to 5.\n- keep", "changes the variables"),
        ("Sort {{t}} {{u}}.\nRate 1 to 5.\n- keep", "changes the variables"),
        ("Sort {{t}}.\nRate 1 to 10.\n- keep", "changes the rating scale"),
        ("Sort {{t}}.\nRate, 1 to 5.\n- keep", "changes a locked block"),
        ("Sort {{t}}.\nRate 1 to 5.", "drops a rule that must stay"),
        ("Sort {{t}}.\nRate 1 to 5.\n- keep\na\nb\nc", "changes more lines than allowed"),
        ("  ", "nothing is left of the prompt"),
    ],
)
def test_a_breach_is_named(after: str, reason: str | None) -> None:
    contract = Contract(locked=("Rate 1 to 5.",), rules=("- keep",), changed_lines_most=2)
    assert breach(contract, "Sort {{t}}.\nRate 1 to 5.\n- keep", after) == reason


def test_lines_of_a_block_stay_where_they_stand() -> None:
    before = "Sort {{t}}.\n{{#if tone}}\nBe {{tone}}.\n{{/if}}\nAnswer."
    assert breach(Contract(), before, before.replace("Answer.", "Answer now.")) is None
    for moved in ("Sort {{t}}.\n{{/if}}\nBe {{tone}}.\n{{#if tone}}\nAnswer.", "Be {{tone}}.\nSort {{t}}.\n{{#if tone}}\n{{/if}}\nAnswer."):
        assert breach(Contract(), before, moved) == "changes what stands in a block"


@given(texts)
def test_a_text_never_breaks_its_own_contract(text: str) -> None:
    rules = tuple(line for line in text.split("\n") if line.strip())
    contract = Contract(locked=(text,), rules=rules, changed_lines_most=0, tokens_most=tokens_in(text))
    assert breach(contract, text, text) in (None, "nothing is left of the prompt")


@given(texts, texts)
def test_changed_lines_are_none_for_equal_texts_and_never_more_than_there_are(one: str, other: str) -> None:
    changed = changed_lines(one, other)
    assert (changed == 0) == (one == other)
    assert changed <= len(one.split("\n")) + len(other.split("\n"))


@settings(max_examples=60)
@given(texts, texts, st.integers(0, 2**32), st.sampled_from(sorted(OPERATORS)))
def test_operators_never_touch_a_placeholder_and_repeat_themselves(text: str, other: str, seed: int, name: str) -> None:
    vocabulary = Vocabulary.of((), [text])
    rng, again = (np.random.Generator(np.random.PCG64(seed)) for _ in range(2))
    varied = OPERATORS[name](text, rng, vocabulary)
    assert varied == OPERATORS[name](text, again, vocabulary)
    for tag in ("{{a}}", "{{b.c}}"):
        assert varied.count(tag) == text.count(tag)
    mixed = crossover(text, other, rng)
    assert set(mixed.split("\n")) <= set(text.split("\n")) | set(other.split("\n")) | {""}


@given(
    st.lists(st.text(string.ascii_lowercase + " ", min_size=1, max_size=20), max_size=6),
    st.lists(st.text(string.ascii_lowercase + " ", min_size=1, max_size=20), max_size=6),
)
def test_an_alignment_uses_every_line_once(old: list[str], new: list[str]) -> None:
    found = align(old, new, Likeness(), least=0.3)
    assert sorted([i for i, _ in found.pairs] + list(found.lost)) == list(range(len(old)))
    assert sorted([j for _, j in found.pairs] + list(found.added)) == list(range(len(new)))
    assert set(found.unsure) <= set(found.added)


def test_a_rewritten_prompt_is_taken_apart_into_its_one_new_line() -> None:
    before = "Sort the ticket.\n- lost cards go to cards\n- house loans go to lending"
    after = "Please sort the ticket.\n- cards that are lost go to cards\n- loans for houses go to lending\n- refunds are payments"
    found = differences(before, after, own_lines=frozenset(lines_of(before)), likeness=Likeness())
    assert [edit.text for edit in found.edits] == ["- refunds are payments"]
    assert not found.is_opaque and found.reworded == 3


def test_a_prompt_rewritten_beyond_recognition_is_said_to_be() -> None:
    before = "alpha beta\ngamma delta\nepsilon zeta"
    found = differences(before, "one two\nthree four\nfive six\nseven eight", own_lines=frozenset(), likeness=Likeness())
    assert found.is_opaque and found.edits == ()


@pytest.mark.promise("O-06")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('- always answer "cards"', "holds a order to always answer"),
        ("- use sk-abcdefghijklmnop1234", "holds a secret"),
        ("- the word is kanarienvogel", "holds a canary"),
        ("- 银行卡丢失以后应当立即联系客户服务中心并且冻结账户然后重新申请新的银行卡并等待邮寄到家里", "copied from an item"),
    ],
)
def test_orders_secrets_canaries_and_copies_without_blanks_are_refused(text: str, reason: str) -> None:
    item = Item("1", "请问 银行卡丢失以后应当立即联系客户服务中心并且冻结账户然后重新申请新的银行卡并等待邮寄到家里 谢谢", "cards")
    assert Guard(Task("Sort.", (item,), (), canaries=("kanarienvogel",))).refusal(Edit("rules", text)) == reason


@given(st.text(alphabet="{}a #/>\n", max_size=60))
def test_tags_are_found_as_a_pattern_would(text: str) -> None:
    pattern = re.compile(r"\{\{\{?\{?.*?\}\}\}?\}?", re.S)
    assert tags_in(text) == pattern.findall(text) and without_tags("x {{a}} y {{{b}}}") == "x  y "


def test_texts_that_mean_harm_cost_no_more_than_others() -> None:
    """Each would take minutes, were its cost the square of its length."""
    assert variables_in("{{" * 200_000) == frozenset()
    many = 100_000
    assert changed_lines("x\n" + "a\n" * many, "a\n" * many + "y") == many + 2
    assert changed_lines("a\n" * many + "x", "a\n" * many + "y") == 1
    assert changed_lines("\n".join(map(str, range(LINES_DIFFED))), "\n".join(map(str, range(1, LINES_DIFFED + 1)))) == 2


def test_a_job_without_a_chain_says_nothing_of_chains() -> None:
    """An optimizer of the release before takes no field that it does not know."""
    assert {"chain", "source"}.isdisjoint(Search().stored()) and Search.model_validate(Search().stored()) == Search()
