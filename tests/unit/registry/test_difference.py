"""The difference of two versions: it reads as people read, it is exact, and no text makes it slow."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.difference import Difference, FieldChange, Piece, changed_fields, difference, word_pieces

pytestmark = pytest.mark.capability("P1")


def content(*texts: str, **fields: object) -> VersionContent:
    return VersionContent.from_fields(
        {"messages": [{"role": "user", "content": text} for text in texts], "model": "simulated/chat", **fields}
    )


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("", "", ()),
        ("same text", "same text", (Piece("equal", "same text"),)),
        ("", "new", (Piece("insert", "new"),)),
        ("Be brief.", "Be very brief.", (Piece("equal", "Be "), Piece("insert", "very "), Piece("equal", "brief."))),
        (
            "返金の手紙を書いてください。",
            "返金の手紙を読んでください。",
            (Piece("equal", "返金の手紙を"), Piece("delete", "書いて"), Piece("insert", "読んで"), Piece("equal", "ください。")),
        ),
        ("请用英文回答", "请用中文回答", (Piece("equal", "请用"), Piece("delete", "英"), Piece("insert", "中"), Piece("equal", "文回答"))),
        ("ตอบที่นี่", "ตอบที่นั่น", (Piece("equal", "ตอบที่"), Piece("delete", "นี่"), Piece("insert", "นั่น"))),
        ("Use GPT用の鍵", "Use GPT用の錠", (Piece("equal", "Use GPT用の"), Piece("delete", "鍵"), Piece("insert", "錠"))),
        ("Be brief.", "Be clear.", (Piece("equal", "Be "), Piece("delete", "brief"), Piece("insert", "clear"), Piece("equal", "."))),
    ],
)
def test_texts_differ_by_word(before: str, after: str, pieces: tuple[Piece, ...]) -> None:
    assert word_pieces(before, after) == pieces


SIGNS = ["a", "b", " ", ".", "\n", "返", "の", "ที่"]


@given(st.lists(st.sampled_from(SIGNS)), st.lists(st.sampled_from(SIGNS)))
def test_the_pieces_give_both_texts_back(before: list[str], after: list[str]) -> None:
    pieces = word_pieces("".join(before), "".join(after))
    assert "".join(one.text for one in pieces if one.op != "insert") == "".join(before)
    assert "".join(one.text for one in pieces if one.op != "delete") == "".join(after)
    assert all(one.op != other.op for one, other in itertools.pairwise(pieces))


@pytest.mark.promise("G-20")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a b " * 60_000, "b c " * 60_000),
        ("a b " * 4_000, "b a c " * 3_000),
        ("x" * 250_000, "y" * 250_000),
        ("a " * 4_000, "a " * 4_000 + "b " * 4_000),
        ("返金の" * 80_000, "手紙を書" * 60_000),
    ],
    ids=["too many words", "too many edits", "two long words", "a long addition", "too many characters"],
)
def test_no_text_makes_it_slow(before: str, after: str) -> None:
    began = time.process_time()
    pieces = word_pieces(before, after)
    assert time.process_time() - began < 5
    assert "".join(one.text for one in pieces if one.op != "delete") == after


def test_settings_differ_by_field_and_only_those_that_differ() -> None:
    change = difference(content("x", temperature=0.2, top_p=1.0), content("x", temperature=0.4, seed=7, top_p=1.0))
    assert change.messages == ()
    assert set(change.settings) == {FieldChange("temperature", 0.2, 0.4), FieldChange("seed", None, 7)}


def test_messages_are_changed_added_and_removed() -> None:
    grown = difference(content("a"), content("b", "c"))
    assert [(one.index, one.kind) for one in grown.messages] == [(0, "changed"), (1, "added")]
    shrunk = difference(content("a", "c"), content("a"))
    assert [(one.index, one.kind, one.role_after) for one in shrunk.messages] == [(1, "removed", None)]


def test_equal_versions_do_not_differ() -> None:
    assert difference(content("a", seed=1), content("a", seed=1)) == Difference((), ())


def test_the_names_of_changed_fields_come_without_a_word_difference() -> None:
    assert changed_fields(content("a", seed=1), content("b", seed=1, top_p=0.5)) == ("messages", "top_p")
    assert changed_fields(content("a", seed=1), content("a", seed=1)) == ()


def test_a_long_text_without_blanks_is_told_by_sentence_where_its_characters_are_too_many() -> None:
    before = "".join(f"第{n}条：顧客に丁寧に返答し、推測を避けてください。\n" for n in range(600))
    after = before.replace("第5条：顧客", "第5条：利用者").replace("第590条：顧客", "第590条：利用者")
    changed = [one for one in word_pieces(before, after) if one.op != "equal"]
    assert sum(len(one.text) for one in changed) < 60
