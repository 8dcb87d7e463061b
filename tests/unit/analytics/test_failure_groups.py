"""Failures are put together by what they say, always the same way, and named without anybody's private words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_analytics.core.failures import Failure, FoundGroup, category, shown, text_of
from burnish_analytics.core.group_words import PEOPLE_LEAST, phrase_of
from burnish_analytics.group_worker import SIZE_LEAST, answer_to

pytestmark = pytest.mark.capability("A3")

NOW = datetime(2026, 11, 20, tzinfo=UTC)

PLANTED = {
    "refund": [
        "my refund never arrived", "where is the refund for my order", "refund was promised and never came", "still waiting for the refund",
        "the refund is late again", "no refund on my account",
    ],
    "password": [
        "password reset link is broken", "cannot reset my password", "reset mail for the password does not come",
        "the password reset fails every time", "password reset says link expired", "how to reset a forgotten password",
    ],
    "shipping": [
        "shipping address is wrong", "please change the shipping address", "parcel went to an old shipping address",
        "shipping address cannot be edited", "need another shipping address", "shipping address shows my neighbour",
    ],
}  # fmt: skip


def told(asked: str = "", *, complaint: str = "", person: str = "", expected: str = "", answered: str = "") -> dict[str, str]:
    return {"complaint": complaint, "asked": asked, "expected": expected, "answered": answered, "person": person}


def planted() -> tuple[list[dict[str, str]], list[str]]:
    """Six of each subject, mixed, and four that have nothing in common."""
    mixed = [(subject, PLANTED[subject][n]) for n in range(6) for subject in PLANTED]
    odd = ["quantum llamas dance", "colour of tuesday", "sixteen violins", "gluten"]
    return [told(text) for _, text in mixed] + [told(text) for text in odd], [subject for subject, _ in mixed] + [""] * len(odd)


def test_planted_subjects_are_found_and_named_and_what_fits_nowhere_is_left_alone() -> None:
    failures, subjects = planted()
    groups = answer_to({"failures": failures})["groups"]
    assert len(groups) == 3
    for group in groups:
        inside = {subjects[n] for n in group["members"]}
        assert len(inside) == 1 and len(group["members"]) >= 5
        assert any(inside.pop() in word for word in group["words"])
    assert answer_to({"failures": failures})["groups"] == groups


def test_wrong_categories_are_grouped_by_what_was_taken_for_what() -> None:
    pairs = [("billing", "technical"), ("sales", "billing")]
    failures = [told(f"text {n} about nothing in particular {n * 7}", expected=a, answered=b) for n in range(6) for a, b in pairs]
    groups = answer_to({"failures": failures})["groups"]
    assert sorted(tuple(sorted({failures[n]["expected"] for n in one["members"]})) for one in groups) == [("billing",), ("sales",)]


def test_a_word_of_one_person_names_no_group() -> None:
    failures = [told("the invoice is wrong", complaint=f"invoice of Schopenhauer {n}", person="ann") for n in range(4)]
    failures += [told("the invoice is wrong", complaint=f"invoice number {n}", person=f"user-{n}") for n in range(2)]
    [group] = answer_to({"failures": failures})["groups"]
    assert PEOPLE_LEAST == 2 and "invoice" in " ".join(group["words"])
    assert "schopenhauer" not in " ".join(group["words"]).lower()


@pytest.mark.parametrize(
    "failures",
    [
        [],
        [told()],
        [told() for _ in range(9)],
        [told("a the of") for _ in range(9)],
        [told("word")] * (SIZE_LEAST - 1),
        [told("1 22 333")] * 9,
    ],
    ids=["none", "one without words", "none has words", "stop words", "too few", "numbers"],
)
def test_what_says_nothing_makes_no_group(failures: list[dict[str, str]]) -> None:
    assert answer_to({"failures": failures}) == {"groups": []}


def failure(n: int, **changed: Any) -> Failure:
    given: dict[str, Any] = {
        "source": "comment", "at": NOW - timedelta(days=n), "version": 1, "complaint": "x", "asked": "y", "expected": "", "answered": "",
        "person": f"user-{n}", "reference": {"execution_id": str(n), "feedback_id": str(n)},
    }  # fmt: skip
    return Failure(**(given | changed))


def test_a_group_tells_size_course_and_the_newest_examples() -> None:
    failures = [failure(n, version=1 + (n < 2)) for n in range(8)] + [failure(9, source="test_run")]
    result = shown(failures, [FoundGroup(tuple(range(7)), ("late", "refund"))], start=NOW - timedelta(days=10), end=NOW)
    [group] = result["groups"]
    assert (group["name"], group["size"], group["share"], result["ungrouped"]) == ("About late, refund", 7, 0.7778, 2)
    assert group["trend"] == {"older": 1, "newer": 6, "change": 5.0}
    assert sum(group["days"]) == 6 and group["versions"] == {"1": 5, "2": 2}  # the one of this very moment lies after the last whole day
    assert [one["execution_id"] for one in group["examples"]] == ["0", "1", "2", "3", "4"]
    assert result["considered"] == {"comment": 8, "test_run": 1}
    [members] = result["members"].values()
    assert result["members"].keys() == {group["id"]} and len(members["executions"]) + len(members["cases"]) == 7
    assert members["executions"][:5] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(("people", "named"), [(("ann", "ann", "ann"), False), (("ann", "bob", "ann"), True), (("", "", ""), True)])
def test_what_was_taken_for_what_is_told_when_two_say_so(people: tuple[str, ...], named: bool) -> None:
    failures = [failure(n, expected="Dear Mrs Miller", answered="hello", person=one) for n, one in enumerate(people)]
    result = shown(failures, [FoundGroup((0, 1, 2), ())], start=NOW - timedelta(days=10), end=NOW)
    assert (result["groups"][0]["name"] == "Dear Mrs Miller answered as hello") is named
    assert ("Miller" in str(result)) is named


def test_texts_of_all_shapes_are_read() -> None:
    assert text_of({"b": "two", "a": ["one", {"x": 1}]}, None) == "one two"
    assert (
        text_of({}, [{"role": "user", "content": "first"}, {"role": "user", "content": [{"type": "text", "text": "last\n one"}]}])
        == "last one"
    )
    assert text_of(None, None) == text_of(7, "no messages") == "" and len(text_of({"a": "x" * 9000}, None)) == 1000
    assert category(" refund \n request ") == "refund request" and category("x" * 61) == category(None) == ""


def test_a_group_is_named_by_what_several_people_said_in_the_same_words() -> None:
    said = [("This ended up in the wrong place.", "ann"), ("It ended up in the wrong place, again", "bob"), ("Late.", "cyd")]
    assert phrase_of(said) == "ended up in the wrong place"
    assert phrase_of([(text, "ann") for text, _ in said]) == phrase_of([("and so it was", "ann"), ("and so it was", "bob")]) == ""
    assert phrase_of([("of one only", "ann"), ("x y", "bob"), ("", "cyd")]) == phrase_of([]) == ""
    result = shown([failure(n) for n in range(3)], [FoundGroup((0, 1, 2), ("place",), phrase_of(said))], start=NOW - timedelta(9), end=NOW)
    assert result["groups"][0]["name"] == "“ended up in the wrong place”"


def test_groups_of_one_name_are_told_apart_by_words_that_the_others_have_not() -> None:
    failures = [failure(n % 10) for n in range(12)]
    said = [
        FoundGroup((0, 1, 2), ("parcel",), "does not work", ("parcel", "late", "broken")),
        FoundGroup((3, 4, 5), ("refund",), "does not work", ("broken", "refund", "card refund", "card", "bank")),
        FoundGroup((6, 7, 8), ("broken",), "does not work", ("broken",)),
        FoundGroup((9, 10, 11), ("broken",), "does not work", ("broken",)),
    ]
    groups = shown(failures, said, start=NOW - timedelta(days=1), end=NOW)["groups"]
    named = "“does not work”"
    assert [one["name"] for one in groups] == [f"{named} (parcel, late)", f"{named} (refund, card)", named, f"{named} (#2)"]
    assert len({one["id"] for one in groups}) == 4
    [alone] = shown(failures, said[:1], start=NOW - timedelta(days=1), end=NOW)["groups"]
    assert alone["name"] == named
