"""The support-routing data set and its two prompts are what their README says. No figure here is measured on the test split."""

import hashlib
import itertools
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

import burnish
from burnish_shared.samples import support_tickets
from burnish_simulator.reader.answer import answer
from burnish_simulator.reader.read_prompt import read_prompt

pytestmark = pytest.mark.capability("D1")

DATA: Final = Path(burnish.__file__).parent / "demo" / "data"

TICKETS: Final[list[dict[str, str]]] = [json.loads(line) for line in support_tickets().decode().splitlines()]

HEAD_WORDS: Final = {
    "delivery": {"parcels", "courier"},
    "returns": {"returns", "refunds"},
    "billing": {"payments", "invoices"},
    "subscription": {"subscription", "plan"},
    "account_access": {"account", "login", "password"},
    "app_issues": {"app"},
    "warranty_repair": {"broken", "machine", "warranty"},
    "product_questions": {"products", "beans", "roasts"},
    "vouchers_rewards": {"vouchers", "codes"},
}
"""The words that a hurried engineer would think of first; README.md lists the same."""

TEST_PER_QUEUE, VALIDATION_PER_QUEUE, TRAIN_PER_QUEUE = 22, 11, 30
NEAR_DUPLICATE_RATIO = 0.5
KINDS_OF_NOTE = ("two queues: ", "arguable: ", "says little; ")


def system_message(name: str) -> str:
    prompt: dict[str, Any] = json.loads((DATA / name).read_text("utf-8"))
    assert prompt["messages"][1] == {"role": "user", "content": "{{ticket}}"}
    assert (prompt["model"], prompt["temperature"]) == ("simulated/reader", 0)
    return str(prompt["messages"][0]["content"])


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9']+", text.lower())
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


def accuracy_of(prompt: str) -> float:
    """On train and validation; the test split is for the proof alone."""
    seen = [ticket for ticket in TICKETS if ticket["split"] != "test"]
    return sum(answer(prompt, ticket["input"]) == ticket["expected"] for ticket in seen) / len(seen)


def share_of_notes(kind: str) -> float:
    return sum(ticket.get("note", "").startswith(kind) for ticket in TICKETS) / len(TICKETS)


def test_every_queue_has_its_tickets_in_every_split() -> None:
    counts = Counter((ticket["expected"], ticket["split"]) for ticket in TICKETS)
    per_split = {"test": TEST_PER_QUEUE, "validation": VALIDATION_PER_QUEUE, "train": TRAIN_PER_QUEUE}
    assert counts == {(queue, split): size for queue in HEAD_WORDS for split, size in per_split.items()}


def test_the_split_of_a_ticket_follows_from_its_text() -> None:
    for queue in HEAD_WORDS:
        mine = [ticket for ticket in TICKETS if ticket["expected"] == queue]
        mine.sort(key=lambda ticket: hashlib.sha256(ticket["input"].encode()).hexdigest())
        splits = [ticket["split"] for ticket in mine]
        assert splits == ["test"] * TEST_PER_QUEUE + ["validation"] * VALIDATION_PER_QUEUE + ["train"] * TRAIN_PER_QUEUE


def test_ids_are_unique_follow_from_the_text_and_order_the_file() -> None:
    ids = [ticket["id"] for ticket in TICKETS]
    assert ids == sorted(set(ids))
    assert ids == ["sr-" + hashlib.sha256(b"support-routing\n" + ticket["input"].encode()).hexdigest()[:10] for ticket in TICKETS]


def test_a_line_holds_the_documented_fields_and_no_others() -> None:
    for ticket in TICKETS:
        assert set(ticket) - {"note"} == {"id", "split", "input", "expected"}
        assert all(value and value == value.strip() for value in ticket.values())


def test_tickets_are_between_six_and_twentyfive_words_long() -> None:
    assert [ticket["input"] for ticket in TICKETS if not 6 <= len(ticket["input"].split()) <= 25] == []


def test_no_ticket_nearly_repeats_another() -> None:
    texts = [shingles(ticket["input"]) for ticket in TICKETS]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        for shingle in text:
            holders[shingle].append(number)
    common = Counter(pair for numbers in holders.values() for pair in itertools.combinations(numbers, 2))
    near = [(a, b) for (a, b), n in common.items() if n / (len(texts[a]) + len(texts[b]) - n) >= NEAR_DUPLICATE_RATIO]
    assert [(TICKETS[a]["input"], TICKETS[b]["input"]) for a, b in near] == []


def test_no_ticket_holds_an_address_a_link_or_a_long_number() -> None:
    personal = re.compile(r"\S@\S|https?:|www\.|\d[\d ()-]{6,}")
    assert [ticket["input"] for ticket in TICKETS if personal.search(ticket["input"])] == []


def test_a_note_says_why_a_ticket_is_hard() -> None:
    notes = [ticket["note"] for ticket in TICKETS if "note" in ticket]
    assert [note for note in notes if not note.startswith(KINDS_OF_NOTE)] == []


def test_a_ticket_of_two_queues_names_both_and_the_reason_for_its_label() -> None:
    for ticket in TICKETS:
        if ticket.get("note", "").startswith("two queues"):
            found = re.fullmatch(r"two queues: (\w+) or (\w+); .{15,}", ticket["note"])
            assert found, ticket["note"]
            assert found[1] == ticket["expected"]
            assert found[2] in HEAD_WORDS.keys() - {found[1]}


def test_hard_tickets_are_as_many_as_the_composition_says() -> None:
    assert 0.07 <= share_of_notes("two queues: ") <= 0.09
    assert 0.01 <= share_of_notes("arguable: ") <= 0.03
    assert 0.02 <= share_of_notes("says little; ") <= 0.04


def test_the_weak_prompt_has_nothing_but_head_words_and_no_format() -> None:
    lines = [line[2:].split(": ") for line in system_message("weak_prompt.json").splitlines() if line.startswith("- ")]
    named = {queue: set(re.findall(r"[a-z]+", text)) for queue, text in lines}
    assert named.keys() == HEAD_WORDS.keys()
    assert {queue: sorted(words - HEAD_WORDS[queue]) for queue, words in named.items()} == {queue: [] for queue in HEAD_WORDS}
    sheet = read_prompt(system_message("weak_prompt.json"))
    assert (set(sheet.labels), sheet.form, list(sheet.examples)) == (set(HEAD_WORDS), "none", [])


def test_the_handwritten_prompt_defines_every_queue_and_asks_for_the_name_only() -> None:
    sheet = read_prompt(system_message("handwritten_prompt.json"))
    assert (set(sheet.labels), sheet.form, list(sheet.examples)) == (set(HEAD_WORDS), "label", [])


def test_the_weak_prompt_leaves_room_and_the_handwritten_one_shows_how_much() -> None:
    weak, handwritten = accuracy_of(system_message("weak_prompt.json")), accuracy_of(system_message("handwritten_prompt.json"))
    assert 0.45 <= weak <= 0.55
    assert 0.75 <= handwritten <= 0.85
