"""Shorter texts of prompts (PRODUCT P11): less to read, the same to do."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.compression.shorten_by_model import marked, shortened
from burnish_shared.prompt_compression import compress_text, marked_parts, unmarked
from burnish_shared.template import parse_text

pytestmark = pytest.mark.capability("P11")


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        ("Please make sure to read the ticket carefully.", "Read the ticket carefully."),
        ("In order to help, use v1.2 of the list.", "To help, use v1.2 of the list."),
        ("It is important to note that you must answer in JSON.", "You must answer in JSON."),
        ("I would like you to name the queue.", "Name the queue."),
        ("Your task is to classify the ticket.", "Classify the ticket."),
        ("Please keep the customers' names in order to use the users' ids.", "Keep the customers' names to use the users' ids."),
        ("Be very brief and really clear.", "Be brief and clear."),
        ("Answer in one word.   Answer in one word. Nothing else.", "Answer in one word. Nothing else."),
        ("One.\n\n\n\nTwo.  \n", "One.\n\nTwo."),
        (
            "Never share names of customers.\nWrite politely.\nNever share names of customers.",
            "Never share names of customers.\nWrite politely.",
        ),
        ("- Please note that dates are in UTC.\n- Kindly write in English.", "- Dates are in UTC.\n- Write in English."),
    ],
)
def test_what_says_nothing_goes(text: str, shorter: str) -> None:
    assert compress_text(text).text == shorter


@pytest.mark.parametrize(
    "text",
    [
        "Answer with yes or no.",
        "Do not use more than 3 words. You must never guess.",
        'Say "please note that the shop is closed" to the customer.',
        "```\nplease   keep   this\n\n\n\n\nplease\n```",
        "Use `in order to` as the marker.",
        "<please note that>",
        "{{please}}",
        '{"please note that": "a  b"}',
        "| please note that | a   |",
        "key: please note that this is data",
        "# Please note that this is a heading",
        "Be brief. Be brief.",
        "See https://example.com/please-note-that/x.",
        "displeased customers are pleased",
        "Respond with 'Please make sure to call us' when asked.",
        "Call it ‘please note that’ or “in order to”.",
        "The answer must be exactly: in order to",
        "Do not say please note that the price is fixed.",
        "The customer wrote: please help me in order to get a refund.",
        "Replace in order to by to.",
        "Avoid due to the fact that and basically, in answers.",
        "Never use in order to. Do not use at this point in time. Don't use due to the fact that.",
        "Remove please note that from the draft.",
        "Short forms instead of due to the fact that.",
        "1. Look at the first step again\n2. Look at the first step again",
        "",
        "   indented\n      more",
        "`x  y`Please ```\ncode   here\n```",
        "``Please `a",
    ],
)
def test_what_means_something_stays_as_it_is(text: str) -> None:
    assert compress_text(text).text == text


def test_what_is_to_be_kept_is_kept_word_for_word() -> None:
    block = "Please note that we are not   liable."
    text = f"Please be kind. {block}\n\n\n{block}"
    shorter = compress_text(text, keep=[block]).text
    assert shorter == f"Be kind. {block}\n\n{block}"


def test_it_says_what_it_took() -> None:
    found = compress_text("Please read it with care today. Kindly read. Please read it with care today.")
    assert found.text == "Read it with care today. Read."
    assert found.fillers == ("Please", "Kindly")
    assert found.repeated == ("Please read it with care today.",)


pieces = st.sampled_from(
    [
        "Please ", "in order to ", "note that ", "You must not guess. ", "Name the queue of the ticket. ", "3 items. ", "é. ", "  ", "- ",
        "{{ticket}}", "{{#if vip}}", "{{/if}}", "{{{{", "{{> tone}}", "```\ncode   here\n```\n", "`x  y`", '"a  b" ', "\n", "\n\n\n",
        "KEEP   ME please ",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=30).map("".join))
def test_braces_code_and_kept_texts_are_the_same_before_and_after(text: str) -> None:
    keep = ["KEEP   ME please"]
    found = compress_text(text, keep=keep)
    assert len(found.text) <= len(text)
    assert compress_text(found.text, keep=keep).text == found.text, "doing it again changes nothing"
    for pattern in (r"\{\{\{\{|\{\{.*?\}\}", r"```.*?(?:```|\Z)", "KEEP   ME please", "must not"):
        before, after = re.findall(pattern, text, re.DOTALL), re.findall(pattern, found.text, re.DOTALL)
        assert (set(before) == set(after)) if pattern == "must not" else (before == after), pattern


@given(st.text(max_size=300))
def test_any_text_comes_out_no_longer(text: str) -> None:
    found = compress_text(text)
    assert len(found.text) <= len(text)
    if "{{" not in text:
        parse_text(found.text)


def test_a_long_text_takes_no_time() -> None:
    for text in ("in order " * 5_000 + "to " * 5_000, "please " * 20_000, "a " * 60_000, " " * 100_000 + "x", "x.y" * 30_000):
        began = time.process_time()
        compress_text(text)
        assert time.process_time() - began < 10


LONG = "Read the ticket of {{customer}} with great care before you answer it. " * 4 + "`keep  me` and {{> tone}}."


@pytest.mark.parametrize(
    ("answer", "is_taken"),
    [
        ("Read tickets of ⟦0⟧ ⟦1⟧ ⟦2⟧ ⟦3⟧. ⟦4⟧ and ⟦5⟧.", True),
        ("Read tickets of ⟦0⟧ ⟦1⟧ ⟦2⟧ ⟦3⟧. ⟦4⟧.", False),
        ("Read tickets of ⟦1⟧ ⟦0⟧ ⟦2⟧ ⟦3⟧. ⟦4⟧ and ⟦5⟧.", False),
        ("Read tickets of {{customer}}. `keep me`", False),
        ("⟦0⟧⟦1⟧⟦2⟧⟦3⟧⟦4⟧⟦5⟧" + "x" * 400, False),
        ("", False),
    ],
)
def test_what_a_model_shortened_is_taken_only_with_all_that_must_stay(answer: str, is_taken: bool) -> None:
    asked = marked(LONG, keep=[])
    assert asked is not None
    assert "{{" not in asked.shown
    text, because = shortened(asked, answer)
    assert (text is not None, because is None) == (is_taken, is_taken)
    if text is not None:
        assert text.endswith("`keep  me` and {{> tone}}.")


def test_short_texts_and_texts_with_marks_of_their_own_are_not_asked_for() -> None:
    assert marked("Read the ticket.", keep=[]) is None
    assert marked("⟦0⟧ " + "word " * 100, keep=[]) is None


def test_parts_come_back_in_time_that_grows_with_their_number() -> None:
    """65,000 pieces of code in 260 kB took minutes: each copied the whole text."""
    text = "`a` " * 100_000
    began = time.process_time()
    text_with_marks, kept = marked_parts(text)
    assert len(kept) == 100_000 and unmarked(text_with_marks, kept) == text
    assert time.process_time() - began < 10


def test_a_part_may_hold_the_marks_of_those_before_it() -> None:
    assert unmarked("x \ue0001\ue001 \ue0000\ue001", ["a", "(\ue0000\ue001)"]) == "x (a) a"
