"""Properties of the reader: what its answers depend on, and what they do not."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import burnish_simulator
from burnish_simulator.ladder_rungs import BARE_NAME, PADDING, accuracy, prompt
from burnish_simulator.reader.answer import NO_LABELS, answer
from burnish_simulator.reader.read_prompt import read_prompt
from burnish_simulator.reader.score import evidence
from burnish_simulator.reader.weigh import weigh
from burnish_simulator.reader.words import stem, words
from tests.unit.simulator.library_desk import LIBRARY_DESK, RIGHT_DEFINITIONS

pytestmark = pytest.mark.capability("E4")

GOOD = prompt(LIBRARY_DESK.labels, RIGHT_DEFINITIONS, BARE_NAME)
TICKETS = [item.text for item in LIBRARY_DESK.test]
sentences = st.lists(st.sampled_from(sorted({word for text in TICKETS for word in text.split()})), min_size=1, max_size=15).map(" ".join)


def scores(text: str, ticket: str) -> dict[str, float]:
    sheet = read_prompt(text)
    return evidence(sheet, weigh(sheet), ticket)


@given(sentences)
def test_the_same_prompt_and_text_get_the_same_answer_and_it_is_a_label(ticket: str) -> None:
    assert answer(GOOD, ticket) == answer(GOOD, ticket, dice=99)
    assert answer(GOOD, ticket) in LIBRARY_DESK.labels


@given(sentences, st.permutations(list(RIGHT_DEFINITIONS)))
def test_the_order_of_the_definitions_does_not_matter(ticket: str, order: list[str]) -> None:
    assert answer(prompt(order, RIGHT_DEFINITIONS, BARE_NAME), ticket) == answer(GOOD, ticket)


@given(st.permutations("my parcel was not on the old van".split()))
def test_word_order_matters_only_where_neighbours_are_known_as_a_pair(order: list[str]) -> None:
    single = "one of: shipping, cars\n- shipping: parcel\n- cars: van"
    paired = f"{single}\n- cars: old van"
    ticket, ordered = " ".join(order), "my parcel was not on the old van"
    assert scores(single, ticket) == pytest.approx(scores(single, ordered))
    assert scores(paired, ticket)["cars"] <= scores(paired, ordered)["cars"] + 1e-9


@given(sentences, st.integers(0, 12))
def test_useless_sentences_change_no_evidence(ticket: str, repeats: int) -> None:
    assert scores(f"{GOOD}\n{PADDING * repeats}", ticket) == scores(GOOD, ticket)


def test_padding_costs_accuracy_slowly() -> None:
    short, long = accuracy(GOOD, LIBRARY_DESK.test), accuracy(f"{GOOD}\n{PADDING * 1_000}", LIBRARY_DESK.test)
    assert short - 0.15 <= accuracy(f"{GOOD}\n{PADDING * 10}", LIBRARY_DESK.test)
    assert long < short


@given(st.text(max_size=300), st.text(max_size=300), st.floats(0, 2))
@settings(max_examples=200)
def test_any_prompt_and_any_text_get_an_answer(instructions: str, ticket: str, temperature: float) -> None:
    assert answer(instructions, ticket, temperature=temperature, dice=1)
    assert answer(f"{GOOD}\n{instructions}", ticket, temperature=temperature, dice=1)


def test_temperature_draws_from_the_dice_and_costs_accuracy() -> None:
    at_zero = accuracy(GOOD, LIBRARY_DESK.test)
    hot = [accuracy(GOOD, LIBRARY_DESK.test, temperature=2.0, dice=dice) for dice in range(10)]
    assert len({answer(GOOD, TICKETS[0], temperature=2.0, dice=dice) for dice in range(50)}) > 1
    assert answer(GOOD, TICKETS[0], temperature=2.0, dice=7) == answer(GOOD, TICKETS[0], temperature=2.0, dice=7)
    assert sum(hot) / len(hot) < at_zero


def test_a_prompt_without_labels_is_answered_with_a_question() -> None:
    assert answer("Please route this ticket.", "My parcel is late.") == NO_LABELS


@pytest.mark.parametrize(
    ("line", "expected"),
    [(BARE_NAME, "printing"), ("Answer in JSON.", '{"label": "printing"}'), ("Explain it.", "I think this is about printing, though")],
)
def test_the_answer_has_the_form_that_was_asked_for(line: str, expected: str) -> None:
    assert answer(prompt(LIBRARY_DESK.labels, RIGHT_DEFINITIONS, line), "Printer: blank pages, no paper, no toner").startswith(expected)


def test_without_a_form_some_answers_chatter() -> None:
    said = [answer(prompt(LIBRARY_DESK.labels, RIGHT_DEFINITIONS), ticket) for ticket in TICKETS]
    assert 0 < sum(text not in LIBRARY_DESK.labels for text in said) < len(said) / 2


def test_misspelled_words_are_taken_for_the_nearest_known_one() -> None:
    text = "one of: billing, shipping\n- shipping: parcel received late\n- billing: invoice wrong"
    assert scores(text, "i never recieved that parcle")["shipping"] > scores(text, "i never recieved that parcle")["billing"] == 0


def test_what_fits_no_label_goes_to_the_one_for_anything_else() -> None:
    text = prompt([*LIBRARY_DESK.labels, "elsewhere"], RIGHT_DEFINITIONS | {"elsewhere": "anything else"}, BARE_NAME)
    assert answer(text, "What is the capital of Peru?") == "elsewhere"
    assert accuracy(text, LIBRARY_DESK.test) >= accuracy(GOOD, LIBRARY_DESK.test) - 0.2


def test_negative_words_keyword_rules_and_tie_breaks_move_the_score() -> None:
    base = "one of: billing, shipping\n- shipping: parcel\n- billing: invoice"
    ticket = "the invoice of my parcel"
    plain = scores(base, ticket)
    assert scores(f"{base}\n- shipping: box but not invoices", ticket)["shipping"] < plain["shipping"]
    assert scores(f'{base}\n- If it mentions "invoice", choose billing.', ticket)["billing"] == pytest.approx(plain["billing"] + 2.5)
    assert scores(f"{base}\n- Between billing and shipping, choose billing.", ticket)["billing"] == pytest.approx(plain["billing"] + 2.0)
    assert scores(f'{base}\n- If it mentions "customs", choose billing.', ticket) == plain


@pytest.mark.parametrize(
    ("word", "root"), [("payments", "pay"), ("queries", "query"), ("stopped", "stop"), ("customer's", "custom"), ("bus", "bus")]
)
def test_endings_come_off_and_three_letters_stay(word: str, root: str) -> None:
    assert stem(word) == root


def test_a_very_long_text_is_read_only_at_its_beginning() -> None:
    assert len(words("parcel " * 100_000)) == 2_000


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_the_hash_seed_of_python_does_not_matter(hash_seed: str) -> None:
    program = (
        "from tests.unit.simulator.library_desk import *; from burnish_simulator.ladder_rungs import *; import json, hashlib\n"
        "from burnish_simulator.writer.propose import propose\n"
        "text = prompt(LIBRARY_DESK.labels, RIGHT_DEFINITIONS)\n"
        "said = [answer(text, i.text, temperature=t, dice=3) for i in LIBRARY_DESK.test for t in (0, .7)]\n"
        "rows = chr(10).join(json.dumps(dict(input=i.text, expected=i.expected, got='rooms')) for i in LIBRARY_DESK.train)\n"
        "text = 'PROMPT\\n' + prompt(LIBRARY_DESK.labels, {}) + '\\nFAILED\\n' + rows + '\\nRIGHT\\n'\n"
        "said += [propose(text, seed=seed).text for seed in range(40)]\n"
        "print(hashlib.sha256(repr(said).encode()).hexdigest())"
    )
    root = Path(__file__).parents[3]
    environment = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    assert found.stdout.strip() == KNOWN_ANSWERS


KNOWN_ANSWERS = "c21babb09c9ce74b1fed65b680c86a89147edd9bd56ac9a967e80f6206575fcd"
"""Changes only when the behaviour of the reader or the writer changes, which is worth a line in the changelog."""


def test_nothing_that_answers_reads_a_file_or_knows_a_data_set() -> None:
    package = Path(burnish_simulator.__file__).parent
    answering = [
        *package.glob("reader/*.py"),
        *package.glob("writer/*.py"),
        *(package / f"{name}.py" for name in ("judge", "chat", "end_users", "dice")),
    ]
    allowed = {
        "burnish_simulator",
        "collections",
        "dataclasses",
        "functools",
        "hashlib",
        "itertools",
        "json",
        "math",
        "random",
        "re",
        "typing",
    }
    for path in answering:
        tree = ast.parse(path.read_text())
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        assert {module.split(".")[0] for module in modules} <= allowed, path
        assert not any("ladder" in module for module in modules), path
        assert not called & {"open", "eval", "exec", "__import__"}, path
