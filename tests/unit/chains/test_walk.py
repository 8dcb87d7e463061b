"""What a run does next is a pure function of what has ended (PRODUCT P8)."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.chains.form import Call, all_steps
from burnish_shared.chains.walk import Finished, Result, Waiting, advance
from tests.unit.chains.test_read_form import call, read

pytestmark = pytest.mark.capability("P8")

FAILED = Result("error", error={"code": "provider_failed", "message": "It failed."})


def said(text: str, json: Any = None) -> Result:
    return Result("success", text, json, json is not None, "simulated/chat")


def waits_for(state: Waiting | Finished) -> dict[str, dict[str, Any]]:
    assert isinstance(state, Waiting), state
    return {one.id: one.variables for one in state.ready}


def test_outputs_become_variables_of_the_next_step() -> None:
    mapped = {"y": "steps.a.output", "z": "steps.a.json.team"}
    chain = read(call("a", variables={"x": "variables.ticket"}), call("b", variables=mapped, values={"w": 1}))
    assert waits_for(advance(chain, {"ticket": "t"}, {})) == {"a": {"x": "t"}}
    results = {"a": said('{"team": "billing"}', {"team": "billing"})}
    assert waits_for(advance(chain, {}, results)) == {"b": {"w": 1, "y": '{"team": "billing"}', "z": "billing"}}
    assert advance(chain, {}, results | {"b": said("done")}) == Finished("success", output="done")


def test_steps_that_run_no_prompt_say_how_they_ended() -> None:
    stop = {"id": "end", "if": "variables.x == 1", "stop": {"status": "error"}}
    inner = {"id": "p", "parallel": [[call("a"), stop], [{"id": "q", "parallel": [[call("b")], [call("c")]]}]]}
    chain = read(inner, {"id": "way", "choose": [{"steps": [call("d")]}]})
    assert advance(chain, {}, {}).others == {"p": "running", "q": "running"}
    done = {"a": said("a"), "b": said("b"), "c": said("c")}
    assert advance(chain, {"x": 0}, done).others == {"p": "success", "q": "success", "way": "running"}
    assert advance(chain, {"x": 1}, {"a": said("a")}).others == {"end": "error", "q": "running", "p": "error"}
    assert advance(chain, {"x": 0}, done | {"d": FAILED}).others["way"] == "error"
    stopped = advance(chain, {"x": 1}, {"a": said("a")})
    assert isinstance(stopped, Finished) and (stopped.step, stopped.status) == ("end", "error"), "it is named where it stops with an error"


def test_a_condition_skips_and_what_was_skipped_is_null() -> None:
    chain = read(call("a"), call("b", **{"if": "steps.a.output == 'yes'"}), output={"a": "steps.a.output", "b": "steps.b.status"})
    assert waits_for(advance(chain, {}, {"a": said("yes")})).keys() == {"b"}
    assert advance(chain, {}, {"a": said("no")}) == Finished("success", output={"a": "no", "b": "skipped"})


def test_a_fallback_that_was_not_needed_is_skipped() -> None:
    output = {"a": "steps.a.fell_back", "spare": "steps.spare.status"}
    chain = read(call("a", fallback=[call("spare")]), output=output)
    assert advance(chain, {}, {"a": said("fine")}) == Finished("success", output={"a": False, "spare": "skipped"})


def test_the_output_is_that_of_the_last_step_that_ran() -> None:
    chain = read(call("a"), call("b", **{"if": "variables.x == 1"}), call("c", on_error="continue"))
    assert advance(chain, {"x": 0}, {"a": said("of a"), "c": FAILED}) == Finished("success", output="of a")


def test_branches_that_go_on_without_a_failed_one_wait_for_nothing_of_it() -> None:
    chain = read({"id": "p", "parallel": [[call("a")], [call("b")]], "on_error": "continue"}, call("c"))
    assert waits_for(advance(chain, {}, {"b": FAILED})).keys() == {"c"}, "what ran beside it is not wanted any more"


def test_branches_run_at_once_and_the_first_failure_ends_the_others() -> None:
    chain = read({"id": "p", "parallel": [[call("a"), call("b")], [call("c")]]}, call("d", variables={"x": "steps.c.output"}))
    assert waits_for(advance(chain, {}, {})).keys() == {"a", "c"}
    assert waits_for(advance(chain, {}, {"c": said("c")})).keys() == {"a"}
    assert waits_for(advance(chain, {}, {"a": said("a"), "c": said("c")})).keys() == {"b"}
    failed = advance(chain, {}, {"c": FAILED})
    assert isinstance(failed, Finished) and failed.step == "c"
    again = advance(chain, {}, {"c": FAILED, "a": Result("cancelled", error={"code": "cancelled", "message": ""})})
    assert again == failed, "what was cancelled because of it is not what it ends by"


CANCELLED = Result("cancelled", error={"code": "cancelled", "message": "The step was cancelled."})


@pytest.mark.parametrize("late", [CANCELLED, said("just too late to be cancelled")])
def test_what_comes_in_of_a_branch_that_was_broken_off_changes_nothing_that_was_decided(late: Result) -> None:
    chain = read(
        {"id": "p", "parallel": [[call("a"), call("after")], [call("b")]], "on_error": "continue"},
        {"id": "way", "choose": [{"if": "steps.a.status == 'success'", "steps": [call("c")]}, {"steps": [call("d")]}]},
        output={
            "a": "steps.a.status",
            "why": "steps.a.error.code",
            "said": "steps.a.output",
            "after": "steps.after.status",
            "b": "steps.b.status",
        },
    )
    failed = {"b": FAILED}
    assert waits_for(advance(chain, {}, failed)).keys() == {"d"}
    assert waits_for(advance(chain, {}, failed | {"a": late})).keys() == {"d"}, "not two cases of one choice"
    output = {"a": "cancelled", "why": "cancelled", "said": None, "after": "skipped", "b": "error"}
    assert advance(chain, {}, failed | {"a": late, "d": said("d")}) == Finished("success", output=output)
    assert waits_for(advance(chain, {}, {"a": said("in time")} | failed)).keys() == {"c"}


def test_what_broke_off_inside_of_another_is_cancelled_too_and_what_was_not_come_to_is_skipped() -> None:
    inner = {"id": "q", "parallel": [[call("a"), call("after")], [{"id": "r", "choose": [{"steps": [call("b"), call("rest")]}]}]]}
    seen = {name: f"steps.{name}.status" for name in ("p", "q", "a", "after", "r", "b", "rest", "c", "never")}
    chain = read({"id": "p", "parallel": [[inner], [call("c"), call("never")]], "on_error": "continue"}, output=seen)
    stood = dict.fromkeys(("q", "r", "b"), "cancelled") | {
        "p": "error",
        "a": "success",
        "after": "cancelled",
        "rest": "skipped",
        "c": "error",
        "never": "skipped",
    }
    for late in ({}, {"b": CANCELLED, "after": CANCELLED}, {"b": said("late"), "after": FAILED}):
        assert advance(chain, {}, {"a": said("a"), "c": FAILED} | late) == Finished("success", output=stood)


def test_the_first_case_that_holds_runs_and_its_output_is_that_of_the_choice() -> None:
    chain = read(
        call("a"),
        {"id": "way", "choose": [{"if": "steps.a.output == 'x'", "steps": [call("b")]}, {"steps": [call("c")]}]},
        call("d", variables={"y": "steps.way.output"}),
    )
    assert waits_for(advance(chain, {}, {"a": said("x")})).keys() == {"b"}
    assert waits_for(advance(chain, {}, {"a": said("?")})).keys() == {"c"}
    assert waits_for(advance(chain, {}, {"a": said("?"), "c": said("out")})) == {"d": {"y": "out"}}


def test_a_fallback_stands_in_for_a_failed_step() -> None:
    chain = read(
        call("a", fallback=[call("b", variables={"why": "steps.a.error.code"})]), output={"o": "steps.a.output", "f": "steps.a.fell_back"}
    )  # fmt: skip
    assert waits_for(advance(chain, {}, {"a": FAILED})) == {"b": {"why": "provider_failed"}}
    assert advance(chain, {}, {"a": FAILED, "b": said("spare")}) == Finished("success", output={"o": "spare", "f": True})
    both = advance(chain, {}, {"a": FAILED, "b": FAILED})
    assert isinstance(both, Finished) and (both.status, both.step) == ("error", "b")


def test_a_run_goes_on_without_a_step_where_the_chain_says_so() -> None:
    chain = read(call("a", on_error="continue"), call("b", variables={"had": "exists(steps.a.output)"}))
    assert waits_for(advance(chain, {}, {"a": FAILED})) == {"b": {"had": False}}


def test_a_stop_ends_the_run_with_success_or_an_error() -> None:
    chain = read(
        call("a"),
        {"id": "good", "if": "steps.a.output == 'good'", "stop": {"output": {"text": "steps.a.output"}}},
        {"id": "bad", "stop": {"status": "error", "message": "Not this one."}},
    )
    assert advance(chain, {}, {"a": said("good")}) == Finished("success", output={"text": "good"})
    bad = advance(chain, {}, {"a": said("?")})
    assert isinstance(bad, Finished) and bad.error is not None and (bad.status, bad.error["message"]) == ("error", "Not this one.")


def test_an_expression_that_cannot_be_computed_fails_its_step() -> None:
    chain = read(call("a"), call("b", variables={"x": "steps.a.output - 1"}, fallback=[call("c")]))
    assert waits_for(advance(chain, {}, {"a": said("text")})).keys() == {"c"}
    plain = read(call("a"), output="steps.a.output - 1")
    failed = advance(plain, {}, {"a": said("text")})
    assert isinstance(failed, Finished) and failed.error is not None and failed.error["code"] == "expression_failed"


CHAIN = read(
    call("a"),
    {
        "id": "p",
        "parallel": [
            [call("b", retries=0), call("c", **{"if": "steps.b.output == 'x'"})],
            [call("d", on_error="continue", fallback=[call("e")]), {"id": "s", "if": "steps.d.fell_back", "stop": {"status": "error"}}],
        ],
        "on_error": "continue",
    },
    {"id": "way", "choose": [{"if": "steps.c.status == 'skipped'", "steps": [call("f")]}]},
    call("g", variables={"x": "steps.way.output"}),
)
CALLS = [one.id for one in all_steps(CHAIN.steps) if isinstance(one.does, Call)]


@given(st.data())
def test_whatever_happens_in_whatever_order_a_run_ends_once_and_asks_each_step_at_most_once(data: st.DataObject) -> None:
    results: dict[str, Result] = {}
    for _ in range(len(CALLS) + 1):
        state = advance(CHAIN, {}, results)
        assert state == advance(CHAIN, {}, dict(results)), "asked again it says the same"
        if isinstance(state, Finished):
            return
        ready = [one.id for one in state.ready]
        assert ready and len(ready) == len(set(ready)) and not results.keys() & set(ready)
        chosen = data.draw(st.sampled_from(ready))
        results[chosen] = data.draw(st.sampled_from([said("x"), said("y"), FAILED]))
        after = advance(CHAIN, {}, results)
        wanted = {one.id for one in after.ready} if isinstance(after, Waiting) else set()
        for late in [one for one in ready if one not in wanted | {chosen}]:
            results[late] = data.draw(st.sampled_from([said("x"), CANCELLED]))
            assert advance(CHAIN, {}, results) == after, "what is not wanted any more decides nothing"
    raise AssertionError("it did not end")


def test_what_a_step_compares_is_bounded_and_each_step_says_the_same_whatever_runs_beside_it() -> None:
    much = call("a", **{"if": "variables.d == variables.d"})
    error = advance(read(much), {"d": [1] * 500_000}, {}).error  # type: ignore[union-attr]
    assert error and error["code"] == "expression_failed" and "too much to compare" in error["message"]
    many, began = read(*(call(f"s{n}", **{"if": "variables.d == variables.d"}) for n in range(50))), time.process_time()
    assert len(waits_for(advance(many, {"d": [1] * 15_000}, {f"s{n}": said("x") for n in range(49)}))) == 1, "none pays for another"
    assert time.process_time() - began < 5
