"""How a session goes, without any model or database (PRODUCT S1)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_gateway.clarifications import state
from burnish_gateway.clarifications.brief import object_in, read_asked, read_written
from burnish_gateway.clarifications.case_variables import nested
from burnish_gateway.clarifications.memory import LINES_MOST, WorkingMemory
from burnish_gateway.clarifications.question import QUESTIONS_MOST, read_questions
from burnish_gateway.clarifications.state import ROUNDS_MOST, Given, Session, WrongState

pytestmark = pytest.mark.capability("S1")

BEGUN = Session("pending", 0, "ask", (), WorkingMemory())


def said(round: int, count: int = 2) -> dict[str, object]:
    return {"questions": [{"text": f"What of {round}.{n}?"} for n in range(count)], "enough": False}


@given(st.lists(st.sampled_from(["ask", "ask many", "ask none", "answer", "answer all", "skip", "fail", "write", "late"]), max_size=40))
def test_whatever_happens_there_is_no_fourth_round_and_no_answer_is_lost(events: list[str]) -> None:
    session = BEGUN
    kept: dict[str, Any] = {}
    for number, event in enumerate(events):
        if event.startswith("ask") and session.task == "ask":
            session = state.asked(session, said(number, {"ask": 2, "ask many": 9, "ask none": 0}[event]))
        elif event in ("answer", "answer all", "skip") and session.status == "clarifying" and session.task is None:
            chosen = session.open_questions if event == "answer all" else session.open_questions[:1]
            text = None if event == "skip" else f"said {number}"
            session, new = state.answer(session, [Given(one.id, text) for one in chosen])
            kept |= {one.id: one.answer for one in new}
        elif event == "fail" and session.task is not None:
            session = state.could_not_ask(session) if session.task == "ask" else state.could_not_write(session)
        elif event == "write":
            try:
                session = state.write(session)
            except WrongState:
                assert session.task is not None or session.status in ("pending", "finalized", "expired")
        elif event == "late" and kept and session.status != "clarifying":
            with pytest.raises(WrongState):
                state.answer(session, [Given(next(iter(kept)), "something else")])
        assert session.round <= ROUNDS_MOST
        assert {one.id: one.answer for one in session.questions if one.id in kept} == kept
        assert all(len([one for one in session.questions if one.round == n]) <= QUESTIONS_MOST for n in range(4))
        if session.status == "clarifying":
            assert session.task == "ask" or session.open_questions, "it waits for nobody"


def test_questions_are_read_as_far_as_they_make_sense() -> None:
    found = read_questions(
        [
            {"text": "A?", "type": "single_choice", "options": ["x", {"label": "y"}]},
            {"question": "B?", "type": "choice", "options": ["one"]},
            {"text": "a ?"}, {"text": ""}, "no", {"text": "C?", "type": "checkbox", "options": ["p", "q", "q"]},
        ],
        round=1, before=(),
    )  # fmt: skip
    assert [(one.id, one.type, one.options, one.suggestions) for one in found] == [
        ("q1_1", "choice", ("x", "y"), ()), ("q1_2", "text", (), ("one",)), ("q1_3", "multiple_choice", ("p", "q"), ()),
    ]  # fmt: skip
    assert read_questions(None, round=1, before=()) == [] == read_questions([{"text": "A?"}], round=2, before=found)


@pytest.mark.parametrize("text", ['```json\n{"questions": []}\n```', 'Sure! {"questions": []} Good luck.', '{"questions": []}'])
def test_an_answer_is_found_in_what_models_put_around_it(text: str) -> None:
    assert read_asked(text) == {"questions": []}


@pytest.mark.parametrize("text", [None, "", "no", "{", "[1]", '{"a": 1}', '{"questions": NaN'])
def test_what_is_no_answer_is_none(text: str | None) -> None:
    assert read_asked(text) is None
    assert object_in("{" * 100_000 + "}" * 100_000) is None


def test_a_prompt_is_read_from_json_and_from_plain_words() -> None:
    told = json.dumps({"prompt": "Hi {{x}}", "test_cases": [{"variables": {"x": 1, "y": []}}, "no", {"name": "n"}]})
    written = read_written(told)
    assert written is not None and written.prompt == "Hi {{x}}"
    assert written.test_cases == [
        {"name": "Case 1", "variables": {"x": "1"}, "criteria": ""}, {"name": "n", "variables": {}, "criteria": ""},
    ]  # fmt: skip
    plain = read_written("Answer kindly.")
    assert plain is not None and plain.prompt == "Answer kindly." and plain.test_cases == []
    assert read_written('{"prompt": 3}') is None is read_written("")


def test_made_up_cases_keep_what_a_prompt_reads_below_a_name() -> None:
    """Models write it as objects or by dotted names."""
    cases = [{"variables": {"order": {"id": 7, "of": {"city": "Ulm"}}, "x": "y"}}, {"variables": {"order.id": "8", "order": "none"}}]
    written = read_written(json.dumps({"prompt": "Send {{order.id}} to {{order.of.city}}.", "test_cases": cases}))
    assert written is not None
    shown = [one["variables"] for one in written.test_cases]
    assert shown == [{"order.id": "7", "order.of.city": "Ulm", "x": "y"}, {"order.id": "8", "order": "none"}]
    assert [nested(one, roots={"order"}) for one in shown] == [{"order": {"id": "7", "of": {"city": "Ulm"}}}, {"order": {"id": "8"}}]
    deep = '{"a":' * 300 + "1" + "}" * 300
    assert read_written(f'{{"prompt": "p", "test_cases": [{{"variables": {deep}}}]}}') is not None


def test_a_short_answer_stays_although_its_letters_stand_elsewhere() -> None:
    session = state.asked(BEGUN, {"questions": [{"text": "May it guess?"}, {"text": "Who reads it?"}]})
    session, _ = state.answer(session, [Given("q1_1", "No"), Given("q1_2", "Customers")])
    told = {"facts": ["It is known who reads it: customers."], "constraints": [], "gaps": []}
    after = state.asked(session, {"working_memory": told, "enough": True})
    assert after.memory.facts == ("It is known who reads it: customers.", "May it guess? – No")


def test_a_full_memory_still_takes_the_newest_answer() -> None:
    full = WorkingMemory(facts=tuple(f"fact {n}" for n in range(LINES_MOST)))
    session = Session("clarifying", 1, None, tuple(read_questions([{"text": "A?"}, {"text": "B?"}], round=1, before=[])), full)
    after, _ = state.answer(session, [Given("q1_1", "the newest")])
    assert after.memory.facts[-1] == "A? – the newest" and len(after.memory.facts) == LINES_MOST


def test_a_list_that_says_nothing_skips_the_question() -> None:
    session = state.asked(BEGUN, {"questions": [{"text": "A?"}, {"text": "B?"}]})
    after, new = state.answer(session, [Given("q1_1", ["  "])])
    assert [(one.status, one.answer) for one in new] == [("skipped", None)] and after.memory.facts == ()


def test_what_was_answered_is_no_gap_any_more_also_after_the_last_round() -> None:
    """No model is asked after it: what it wrote down as open stood there for ever, beside its answer."""
    session = BEGUN
    for number in range(1, ROUNDS_MOST + 1):
        texts = [f"Who is it of {number}?", f"What of {number}?"]
        memory = {"facts": [], "gaps": [*texts, "Whose brand is it?"]}
        session = state.asked(session, {"questions": [{"text": text} for text in texts], "enough": False, "working_memory": memory})
        first, second = session.open_questions
        session, _ = state.answer(session, [Given(first.id, "Customers of ours"), Given(second.id, None)])
        assert session.memory.gaps == (second.text, "Whose brand is it?")
    assert session.status == "ready"
