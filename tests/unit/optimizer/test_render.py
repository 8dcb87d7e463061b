"""From edits to a prompt: readable, the same bytes each time, and nothing changed that was not asked for."""

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
