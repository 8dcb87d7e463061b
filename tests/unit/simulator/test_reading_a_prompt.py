"""What the reader takes from the lines of a prompt, as a table, and what it passes over."""

import pytest

from burnish_simulator.reader.read_prompt import read_prompt
from burnish_simulator.reader.sheet import Example, KeywordRule, TieBreak

pytestmark = pytest.mark.capability("E4")

LABELS = "Choose one of: billing, shipping, returns"


@pytest.mark.parametrize(
    ("prompt", "labels"),
    [
        ("Choose one of: billing, shipping", ("billing", "shipping")),
        ("Queues: billing, shipping or returns.", ("billing", "shipping", "returns")),
        ("The categories are: `a_b`; c, d", ("a_b", "c", "d")),
        ("- billing\n- shipping", ("billing", "shipping")),
        ("* billing: money\n• shipping — parcels\n1. returns - sent back\n2) other", ("billing", "shipping", "returns", "other")),
        ("- **billing**: money\n- **shipping**: parcels", ("billing", "shipping")),
        ("Queues: billing\n- shipping\n- returns", ("shipping", "returns")),
        ("one of: a, b\n- c\n- d", ("a", "b")),
        ("- billing\n- billing", ("billing",)),
        ("- réclamation\n- livraison", ("réclamation", "livraison")),
        ("- two words\n- a -> b\nbilling", ()),
        ("", ()),
    ],
)
def test_labels_come_from_the_first_list_else_from_bullets(prompt: str, labels: tuple[str, ...]) -> None:
    assert read_prompt(prompt).labels == labels


@pytest.mark.parametrize(
    ("line", "definitions", "negative"),
    [
        ("billing: invoices and cards", {"billing": ("invoices and cards",)}, {}),
        ("- BILLING — invoices", {"billing": ("invoices",)}, {}),
        ("billing - invoices", {"billing": ("invoices",)}, {}),
        ("billing: invoices\n- billing: cards", {"billing": ("invoices", "cards")}, {}),
        ("billing: invoices, but not parcels", {"billing": ("invoices",)}, {"billing": frozenset({"parcel"})}),
        ("billing: invoices not for parcels except customs", {"billing": ("invoices",)}, {"billing": frozenset({"parcel", "custom"})}),
        ("unknown: invoices", {}, {}),
        ("billing:", {}, {}),
    ],
)
def test_definitions_add_up_and_their_exclusions_are_negative_words(
    line: str, definitions: dict[str, tuple[str, ...]], negative: dict[str, frozenset[str]]
) -> None:
    sheet = read_prompt(f"{LABELS}\n{line}")
    assert (sheet.definitions, sheet.negative_words) == (definitions, negative)


@pytest.mark.parametrize("arrow", ["->", "=>", "→", "⇒"])
def test_an_arrow_makes_an_example(arrow: str) -> None:
    assert read_prompt(f'{LABELS}\n- "My parcel is late" {arrow} shipping').examples == (Example("My parcel is late", "shipping"),)


def test_an_input_line_followed_by_a_label_line_makes_an_example() -> None:
    sheet = read_prompt(f"{LABELS}\nInput: My parcel is late\n\nQueue: shipping\nMessage: nobody answers\nAnswer: nonsense")
    assert sheet.examples == (Example("My parcel is late", "shipping"),)


@pytest.mark.parametrize(
    ("line", "tie_break"),
    [
        ("Between billing and shipping, choose shipping.", TieBreak("shipping", "billing", ())),
        ('Between billing and shipping choose billing if it mentions "refund" or "late fee"',
         TieBreak("billing", "shipping", (("refund",), ("lat", "fee")))),
    ],
)  # fmt: skip
def test_between_two_labels_makes_a_tie_break(line: str, tie_break: TieBreak) -> None:
    assert read_prompt(f"{LABELS}\n- {line}").tie_breaks == (tie_break,)


@pytest.mark.parametrize(
    ("line", "rules"),
    [
        ('If it mentions "parcel" or "courier", choose shipping.', (KeywordRule("shipping", (("parcel",), ("couri",))),)),
        ("When a message has “lost parcel”, it is shipping, else billing.", (KeywordRule("billing", (("lost", "parcel"),)),)),
        ("If it mentions parcels, choose shipping.", ()),
        ('Should it mention "parcel", choose shipping.', ()),
        ('If it mentions "parcel", choose nothing.', ()),
    ],
)
def test_if_with_quoted_words_makes_a_keyword_rule(line: str, rules: tuple[KeywordRule, ...]) -> None:
    assert read_prompt(f"{LABELS}\n- {line}").keyword_rules == rules


@pytest.mark.parametrize(
    ("lines", "form"),
    [
        ("Be polite.", "none"),
        ("Answer with exactly one name.", "label"),
        ("Reply with the name and nothing else.", "label"),
        ("Explain the choice.", "verbose"),
        ("Let us think step by step.", "verbose"),
        ("Do not explain.", "label"),
        ("Answer with the name, without any reasoning.", "label"),
        ("Return a JSON object.", "json"),
        ("Answer only with the name.\nExplain the choice.", "verbose"),
        ("Explain the choice.\nAnswer only with the name.", "label"),
    ],
)
def test_the_last_line_about_the_form_wins(lines: str, form: str) -> None:
    assert read_prompt(f"{LABELS}\n{lines}").form == form


@pytest.mark.parametrize(
    ("line", "fallback"),
    [
        ("billing: anything else", "billing"),
        ("billing: none of the others fits", "billing"),
        ("billing: invoices, not for anything else", None),
        ("Say something else.", None),
    ],
)
def test_a_label_may_be_given_to_what_fits_no_other(line: str, fallback: str | None) -> None:
    assert read_prompt(f"{LABELS}\n- {line}").fallback == fallback


def test_lines_that_match_no_pattern_leave_no_trace_but_length() -> None:
    plain = read_prompt(f"{LABELS}\nbilling: invoices")
    padded = read_prompt(f"{LABELS}\nPay attention to the intention of the customer.\nbilling: invoices\nThink of a good agent.")
    assert padded.prompt_tokens > plain.prompt_tokens
    assert (padded.labels, padded.definitions, padded.keyword_rules, padded.form) == (
        plain.labels,
        plain.definitions,
        plain.keyword_rules,
        plain.form,
    )


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", ["answer ", "between a and ", "one of: a, ", '"', "not for ", "do not do not ", "x: ", "- ", "-> "])
def test_a_hostile_line_costs_no_more_than_its_length(piece: str) -> None:
    read_prompt(LABELS + "\n" + piece * (400_000 // len(piece)))
