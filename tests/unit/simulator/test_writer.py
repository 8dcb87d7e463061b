"""The writer proposes single edits from what its request holds, some of them bad, and the good ones help."""

import json
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_simulator.ladder_rungs import BARE_NAME, accuracy, prompt
from burnish_simulator.reader.answer import answer
from burnish_simulator.reader.read_prompt import read_prompt
from burnish_simulator.writer.propose import GOOD_FORMATS, HARMFUL, USELESS, propose
from burnish_simulator.writer.request import Case, parse_request
from burnish_simulator.writer.telling_words import surface_terms, telling_words
from tests.unit.simulator.library_desk import LIBRARY_DESK

pytestmark = pytest.mark.capability("E4")

NAMES = prompt(LIBRARY_DESK.labels, {}, BARE_NAME)


def request_text(text: str, *, got: str | None = None) -> str:
    """What an optimizer would send: the train rows that this prompt fails, and those it gets right."""
    answers = [(item, got if got is not None else answer(text, item.text)) for item in LIBRARY_DESK.train]
    failed = [json.dumps({"input": item.text, "expected": item.expected, "got": said}) for item, said in answers if said != item.expected]
    right = [json.dumps({"input": item.text, "expected": item.expected}) for item, said in answers if said == item.expected]
    return "\n".join(["PROMPT", text, "FAILED", *failed, "RIGHT", *right])


def test_a_request_is_read_by_its_headings() -> None:
    text = (
        "Improve this.\n## PROMPT\nChoose.\n\nPROMPT is a word\n"
        'FAILED:\n{"input": "a", "expected": "x", "got": "y"}\nnoise\n{"b": 1}\n'
        'RIGHT\n{"input": "c", "expected": "x"}'
    )
    read = parse_request(text)
    assert read.prompt == "Choose.\n\nPROMPT is a word"
    assert (read.failed, read.right) == ((Case("a", "x", "y"),), (Case("c", "x", "x"),))


@given(st.text(max_size=300), st.integers(0, 5))
def test_any_text_gets_one_edit(text: str, seed: int) -> None:
    for request in (text, f"PROMPT\n{text}\nFAILED\n{text}\nRIGHT\n{text}"):
        edit = propose(request, seed=seed)
        assert edit.section in {"definitions", "rules", "examples", "format"} and edit.text and "\n" not in edit.text


def test_the_same_request_and_seed_give_the_same_edit_and_other_seeds_give_others() -> None:
    text = request_text(NAMES)
    assert propose(text, seed=3) == propose(text, seed=3)
    assert len({propose(text, seed=seed).text for seed in range(30)}) > 10


def test_an_edit_uses_only_words_of_its_request() -> None:
    text = request_text(NAMES)
    known = set(surface_terms(text)) | set(
        surface_terms(" ".join([*USELESS, *HARMFUL, *GOOD_FORMATS, "if the message mentions it or choose"]))
    )
    for seed in range(100):
        assert {term for term in surface_terms(propose(text, seed=seed).text) if " " not in term} <= known


def test_every_lesson_is_a_line_that_the_reader_understands() -> None:
    for seed in range(200):
        edit = propose(request_text(NAMES), seed=seed)
        sheet = read_prompt(f"{NAMES}\n{edit.text}")
        match edit.section:
            case "definitions":
                assert sheet.definitions
            case "examples":
                assert sheet.examples
            case "rules" if edit.text.removeprefix("- ") not in USELESS:
                assert sheet.keyword_rules or sheet.tie_breaks


def test_some_edits_are_bad_and_chatter_is_met_with_a_format_line() -> None:
    edits = [propose(request_text(NAMES), seed=seed) for seed in range(1_000)]
    bad = sum(edit.text in HARMFUL or edit.text.removeprefix("- ") in USELESS for edit in edits)
    assert 50 <= bad <= 140
    chatter = [
        propose(request_text(NAMES, got="I think this is about rooms, though it could also be loans."), seed=seed) for seed in range(200)
    ]
    assert 0.5 <= Counter(edit.section for edit in chatter)["format"] / 200 <= 0.85


def test_its_edits_together_raise_accuracy_on_held_back_items() -> None:
    text = NAMES
    for seed in range(24):
        edit = propose(request_text(text), seed=seed)
        if edit.section == "definitions":
            text += f"\n{edit.text}"
    assert accuracy(text, LIBRARY_DESK.test) >= accuracy(NAMES, LIBRARY_DESK.test) + 0.2


def test_asked_to_be_careful_it_uses_only_words_of_two_cases() -> None:
    rows = [
        f"{word} of parcel {number}" for number, word in enumerate(["zebra", "violet", "umbrella", "tango", "sierra", "romeo", "quebec"])
    ]
    failed = "\n".join(json.dumps({"input": row, "expected": "rooms", "got": "loans"}) for row in rows)
    text = f"PROMPT\n{NAMES}\nFAILED\n{failed}\nRIGHT"
    hasty = {propose(text, seed=seed).text for seed in range(60)}
    careful = {propose(f"Use only words that occur in at least two cases.\n{text}", seed=seed).text for seed in range(60)}
    assert any(line.startswith("- rooms:") and "zebra" in line for line in hasty)
    assert {line for line in careful if line.startswith("- rooms:")} == {"- rooms: parcel"}


def test_telling_words_mark_the_inside_and_leave_out_digits_and_known_words() -> None:
    inside = [("refund for order 4711", 1.0), ("refund of a parcel 4711", 1.0), ("my refund please", 1.0)]
    outside = ["order a parcel", "where is my parcel"]
    assert telling_words(inside, outside, known=(), count=1, rng=random.Random(1)) == ["refund"]
    assert not any("4711" in word for word in telling_words(inside, outside, known={"refund"}, count=9, rng=random.Random(1)))
    assert "refund" not in telling_words(inside, outside, known={"refund"}, count=9, rng=random.Random(1))
