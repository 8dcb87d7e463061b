"""From edits to a prompt: readable, the same bytes each time, and nothing changed that was not asked for."""

import time

import pytest

from burnish_optimizer.search import Edit, render

PROMPT = "Sort the ticket.\n- cards: plastic\n- fees\nBe quick."


def test_no_edits_leave_every_byte() -> None:
    assert render(PROMPT + "\n", []) == PROMPT + "\n"


def test_what_is_said_about_one_label_stands_in_one_line() -> None:
    edits = [Edit("definitions", "- cards: lost, plastic"), Edit("definitions", "- fees: charged"), Edit("definitions", "- cards: stolen")]
    assert render(PROMPT, edits) == "Sort the ticket.\n- cards: plastic, lost, stolen\n- fees: charged\nBe quick."


def test_a_label_that_the_prompt_does_not_know_gets_one_line_of_its_own() -> None:
    edits = [Edit("definitions", "- loans: borrow"), Edit("definitions", "- loans: credit")]
    assert render("Sort.", edits) == "Sort.\n\nWhat belongs where:\n- loans: borrow, credit"


def test_sections_follow_in_a_fixed_order_and_equal_lines_stand_once() -> None:
    edits = [Edit("format", "Only the name."), Edit("rules", "- If x, fees."), Edit("format", "Only the name.")]
    assert render("Sort.", edits) == "Sort.\n\nRules:\n- If x, fees.\n\nAnswer format:\nOnly the name."


def test_a_line_is_replaced_or_deleted_and_of_two_edits_of_it_the_first_wins() -> None:
    edits = [
        Edit("rules", "Be slow.", operation="replace", line="Be quick."),
        Edit("rules", "Be late.", operation="replace", line="Be quick."),
        Edit("definitions", "", operation="delete", line="- fees"),
    ]
    assert render(PROMPT, edits) == "Sort the ticket.\n- cards: plastic\nBe slow."


@pytest.mark.parametrize("line", [" " * 10_000 + "x", "- " + " " * 10_000 + "x", "- " + " " * 10_000 + "x:", "- x" + " " * 10_000 + "y: z"])
def test_a_line_of_many_blanks_takes_no_long_time(line: str) -> None:
    began = time.process_time()
    text = render(f"Sort.\n{line}", [Edit("definitions", "- loans: borrow")])
    assert text == f"Sort.\n{line}\n\nWhat belongs where:\n- loans: borrow"
    assert time.process_time() - began < 3


RULE = [Edit("rules", "Be short.")]


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Read.\n\nTicket: {{ticket}}", "Read.\n\nRules:\nBe short.\n\nTicket: {{ticket}}"),
        ("Read.\nName: {{name}}\nTicket: {{ticket}}\n", "Read.\n\nRules:\nBe short.\n\nName: {{name}}\nTicket: {{ticket}}\n"),
        ("Read.\n\n<t>\n{{ t }}\n</t>\n\nAnswer:", "Read.\n\nRules:\nBe short.\n\n<t>\n{{ t }}\n</t>\n\nAnswer:"),
        ("Read.\n\nNow sort this: {{t}}, please.", "Read.\n\nRules:\nBe short.\n\nNow sort this: {{t}}, please."),
        ("A\n{{#if b}}\nB {{b}}\n{{/if}}\n\nT: {{t}}", "A\n{{#if b}}\nB {{b}}\n{{/if}}\n\nRules:\nBe short.\n\nT: {{t}}"),
        ("Read {{ticket}}", "Read {{ticket}}\n\nRules:\nBe short."),
        ("{{ticket}}", "{{ticket}}\n\nRules:\nBe short."),
        ("Hello {{name}}.\n\nBe kind.", "Hello {{name}}.\n\nBe kind.\n\nRules:\nBe short."),
        ("Read.\n\n{{> tone}}", "Read.\n\n{{> tone}}\n\nRules:\nBe short."),
        ("Read.\n\n  : {{ticket}}\n  :", "Read.\n\nRules:\nBe short.\n\n  : {{ticket}}\n  :"),
        ("A\n\n{{#each xs as x}}\nB\n\nX: {{x}}\n{{/each}}", "A\n\n{{#each xs as x}}\nB\n\nX: {{x}}\n{{/each}}\n\nRules:\nBe short."),
    ],
    ids=[
        "a line",
        "lines",
        "tags",
        "a paragraph",
        "after a condition",
        "within a line",
        "nothing else",
        "no input",
        "a snippet",
        "no name",
        "in a loop",
    ],
)
def test_new_sections_go_before_what_a_call_brings(prompt: str, text: str) -> None:
    assert render(prompt, RULE) == text
    assert render(prompt, []) == prompt


def test_as_older_suggestions_have_it_they_go_to_the_end() -> None:
    assert render("Read.\n\nTicket: {{ticket}}", RULE, after_input=True) == "Read.\n\nTicket: {{ticket}}\n\nRules:\nBe short."


def test_no_locked_block_is_parted() -> None:
    prompt = "Read.\n\nTicket: {{ticket}}"
    assert render(prompt, RULE, locked=(prompt,)) == f"{prompt}\n\nRules:\nBe short."
    assert render(prompt, RULE, locked=("Read.", "Ticket: {{ticket}}", "elsewhere")) == render(prompt, RULE)
